"""DCGAN bodies with 4x4 kernels: every layer halves or doubles the side. Radford et al. 2016, section 3.

The generator is the one of reports 001, 003 and 004, the discriminator follows the rules that 004 lists: no pooling,
no fully connected layer, batch norm, LeakyReLU. `width` is that of the finest hidden map; widths double as sides halve.
"""

from collections.abc import Callable
from functools import partial
from math import ceil, log2

from torch import nn

from condgan.conditions import Condition
from condgan.errors import InputError
from condgan.networks.attention import SelfAttention
from condgan.networks.entrances import Entrance, LabelPlane
from condgan.networks.heads import Plain
from condgan.networks.parts import Blind, Discriminator, Generator


def generator(
    condition: Condition,
    resolution: int,
    channels: int = 3,
    *,
    width: int = 64,
    latent_dim: int = 100,
    entrance: Callable[..., Entrance],
    bias: bool = False,
    num_attention: int = 0,
) -> Generator:
    """Condition and latent as one 1x1 map, then transposed convolutions, doubling from 4x4.

    The last layer crops what exceeds the resolution, which is any even number >= 8. Self-attention follows the
    `num_attention` finest hidden maps.
    """
    check_even(resolution)
    num_layers = ceil(log2(resolution / 4))
    surplus = 4 * 2**num_layers - resolution
    front = entrance(latent_dim, condition)
    hidden = width * 2 ** (num_layers - 1)
    layers: list[nn.Module] = [
        nn.Unflatten(1, (front.channels, 1, 1)),
        nn.ConvTranspose2d(front.channels, hidden, 4, bias=bias),
    ]
    up = partial(nn.ConvTranspose2d, kernel_size=4, stride=2, bias=bias)
    for i in reversed(range(num_layers)):
        layers += [nn.BatchNorm2d(hidden), nn.ReLU()]
        if i < num_attention:
            layers += [SelfAttention(hidden)]
        if i:
            layers += [up(hidden, hidden // 2, padding=1)]
            hidden //= 2
    last = up(width, channels, padding=1 + surplus // 2)
    return Generator(latent_dim, front, Blind(*layers, last, nn.Tanh()))


def discriminator(
    condition: Condition,
    resolution: int,
    channels: int = 3,
    *,
    width: int = 64,
    entrance: Callable[..., Entrance] | None = None,
    norm: Callable[[int], nn.Module] | None = nn.BatchNorm2d,
    num_attention: int = 0,
    head: Callable[..., nn.Module] = Plain,
) -> Discriminator:
    """Convolutions that halve the side, rounding down, to 4 or less.

    No norm follows the first, and a layer has a bias where no norm follows. Without an entrance the condition is a
    plane beside the image. Self-attention follows the `num_attention` finest hidden maps.
    """
    check_even(resolution)
    front = (entrance or partial(LabelPlane, resolution=resolution))(channels, condition)
    down = partial(nn.Conv2d, kernel_size=4, stride=2, padding=1)
    layers: list[nn.Module] = [down(front.channels, width), nn.LeakyReLU(0.2)]
    hidden, side, num_maps = width, resolution // 2, 1
    if num_attention:
        layers += [SelfAttention(hidden)]
    while side > 4:
        layers += [down(hidden, hidden * 2, bias=norm is None)]
        layers += [nn.LeakyReLU(0.2)] if norm is None else [norm(hidden * 2), nn.LeakyReLU(0.2)]
        hidden, side, num_maps = hidden * 2, side // 2, num_maps + 1
        if num_maps <= num_attention:
            layers += [SelfAttention(hidden)]
    return Discriminator(front, Blind(*layers), head(hidden, side, condition))


def check_even(resolution: int) -> None:
    """Raises InputError unless the side can be halved and is at least 8."""
    if resolution < 8 or resolution % 2:
        raise InputError(f"resolution {resolution}: expected an even number of at least 8, e.g. 64")
