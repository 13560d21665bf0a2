"""Conditional DCGAN bodies with 5x5 kernels, four doublings at 64x64. Radford et al. 2016; as printed in report 000.

Channels halve as the side doubles, so that the widest maps are 4x4: `width` is that of the finest hidden map.
"""

from collections.abc import Callable
from functools import partial

from torch import nn

from condgan.conditions import Condition
from condgan.networks.entrances import AddEmbedding, Entrance, LabelPlane
from condgan.networks.heads import Plain
from condgan.networks.parts import Blind, Discriminator, Generator, init_normal, num_doublings


def generator(
    condition: Condition,
    resolution: int,
    channels: int = 3,
    *,
    width: int = 64,
    latent_dim: int = 128,
    entrance: Callable[..., Entrance] = AddEmbedding,
) -> Generator:
    """A linear layer from latent (N, latent_dim) to 4x4 maps, then 5x5 transposed convolutions that double the side."""
    hidden = width * 2 ** (num_doublings(resolution) - 1)
    front = entrance(latent_dim, condition)
    layers: list[nn.Module] = [
        nn.Linear(latent_dim, hidden * 16, bias=False),
        nn.BatchNorm1d(hidden * 16),
        nn.ReLU(),
        nn.Unflatten(1, (hidden, 4, 4)),
    ]
    up = partial(nn.ConvTranspose2d, kernel_size=5, stride=2, padding=2, output_padding=1)
    while hidden > width:
        layers += [up(hidden, hidden // 2, bias=False), nn.BatchNorm2d(hidden // 2), nn.ReLU()]
        hidden //= 2
    return init_normal(Generator(latent_dim, front, Blind(*layers, up(width, channels), nn.Tanh())))


def discriminator(
    condition: Condition,
    resolution: int,
    channels: int = 3,
    *,
    width: int = 64,
    entrance: Callable[..., Entrance] | None = None,
    head: Callable[..., nn.Module] = Plain,
) -> Discriminator:
    """5x5 convolutions, each halving the side down to 4x4; no batch norm on the first."""
    num_hidden = num_doublings(resolution) - 1
    front = (entrance or partial(LabelPlane, resolution=resolution))(channels, condition)
    down = partial(nn.Conv2d, kernel_size=5, stride=2, padding=2)
    layers: list[nn.Module] = [down(front.channels, width), nn.LeakyReLU(0.2)]
    hidden = width
    for _ in range(num_hidden):
        layers += [down(hidden, hidden * 2), nn.BatchNorm2d(hidden * 2), nn.LeakyReLU(0.2)]
        hidden *= 2
    return init_normal(Discriminator(front, Blind(*layers), head(hidden, 4, condition)))
