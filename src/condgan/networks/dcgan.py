"""DCGAN with 4x4 kernels: every layer upsamples or downsamples by 2. Radford et al. 2016, section 3.

The generator is that of reports 001, 003 and 004. The discriminator follows the rules listed in report 004: no pooling,
no fully connected layers, batch norm, LeakyReLU. `width` is the number of channels of the largest hidden map; channels
double as the side halves.
"""

from collections.abc import Callable
from functools import partial
from math import ceil, log2

from torch import nn

from condgan.conditions import Condition
from condgan.networks.attention import SelfAttention
from condgan.networks.conditioning import Conditioning, LabelChannel
from condgan.networks.gan import Discriminator, Generator
from condgan.networks.heads import ScoreHead
from condgan.networks.layers import IgnoreCondition, check_even


def generator(
    condition: Condition,
    resolution: int,
    channels: int = 3,
    *,
    width: int = 64,
    latent_dim: int = 100,
    conditioning: Callable[..., Conditioning],
    bias: bool = False,
    num_attention: int = 0,
) -> Generator:
    """Projects latent and condition to 4x4 maps, then upsamples by transposed convolutions.

    The resolution is an even number of at least 8; the last layer crops to it. Self-attention follows the
    `num_attention` largest hidden maps. Raises InputError on any other resolution.
    """
    check_even(resolution)
    num_layers = ceil(log2(resolution / 4))
    surplus = 4 * 2**num_layers - resolution
    conditioner = conditioning(latent_dim, condition)
    hidden = width * 2 ** (num_layers - 1)
    layers: list[nn.Module] = [
        nn.Unflatten(1, (conditioner.channels, 1, 1)),
        nn.ConvTranspose2d(conditioner.channels, hidden, 4, bias=bias),
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
    return Generator(latent_dim, conditioner, IgnoreCondition(*layers, last, nn.Tanh()))


def discriminator(
    condition: Condition,
    resolution: int,
    channels: int = 3,
    *,
    width: int = 64,
    conditioning: Callable[..., Conditioning] | None = None,
    norm: Callable[[int], nn.Module] | None = nn.BatchNorm2d,
    num_attention: int = 0,
    head: Callable[..., nn.Module] = ScoreHead,
) -> Discriminator:
    """Strided convolutions down to maps of side 4 or less; odd sides are rounded down.

    `conditioning` defaults to LabelChannel. The first layer has no norm, and a layer has a bias where no norm follows
    it. Self-attention follows the `num_attention` largest hidden maps. Raises InputError unless the resolution is even
    and at least 8.
    """
    check_even(resolution)
    conditioner = (conditioning or partial(LabelChannel, resolution=resolution))(channels, condition)
    down = partial(nn.Conv2d, kernel_size=4, stride=2, padding=1)
    layers: list[nn.Module] = [down(conditioner.channels, width), nn.LeakyReLU(0.2)]
    hidden, side, num_maps = width, resolution // 2, 1
    if num_attention:
        layers += [SelfAttention(hidden)]
    while side > 4:
        layers += [down(hidden, hidden * 2, bias=norm is None)]
        layers += [nn.LeakyReLU(0.2)] if norm is None else [norm(hidden * 2), nn.LeakyReLU(0.2)]
        hidden, side, num_maps = hidden * 2, side // 2, num_maps + 1
        if num_maps <= num_attention:
            layers += [SelfAttention(hidden)]
    return Discriminator(conditioner, IgnoreCondition(*layers), head(hidden, side, condition))
