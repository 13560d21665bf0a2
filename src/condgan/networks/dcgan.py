"""DCGAN bodies with 5x5 kernels, four doublings at 64x64. Radford et al. 2016; layers as printed in report 000.

Channels halve as the side doubles, so that the widest maps are 4x4: `width` is that of the finest hidden map.
"""

from collections.abc import Callable
from functools import partial

from torch import nn

from condgan.conditions import Condition
from condgan.networks.heads import Plain
from condgan.networks.parts import (
    AddEmbedding,
    Blind,
    Discriminator,
    Entrance,
    Generator,
    LabelPlane,
    init_normal,
    num_doublings,
)


def generator(
    condition: Condition,
    resolution: int,
    *,
    width: int = 64,
    latent_dim: int = 128,
    entrance: Callable[..., Entrance] = AddEmbedding,
) -> Generator:
    """A linear layer from latent (N, latent_dim) to 4x4 maps, then 5x5 transposed convolutions that double the side."""
    channels = width * 2 ** (num_doublings(resolution) - 1)
    front = entrance(latent_dim, condition)
    layers: list[nn.Module] = [
        nn.Linear(latent_dim, channels * 16, bias=False),
        nn.BatchNorm1d(channels * 16),
        nn.ReLU(),
        nn.Unflatten(1, (channels, 4, 4)),
    ]
    up = partial(nn.ConvTranspose2d, kernel_size=5, stride=2, padding=2, output_padding=1)
    while channels > width:
        layers += [up(channels, channels // 2, bias=False), nn.BatchNorm2d(channels // 2), nn.ReLU()]
        channels //= 2
    return init_normal(Generator(latent_dim, front, Blind(*layers, up(width, 3), nn.Tanh())))


def discriminator(
    condition: Condition,
    resolution: int,
    *,
    width: int = 64,
    entrance: Callable[..., Entrance] | None = None,
    head: Callable[..., nn.Module] = Plain,
) -> Discriminator:
    """5x5 convolutions, each halving the side down to 4x4; no batch norm on the first."""
    num_hidden = num_doublings(resolution) - 1
    front = (entrance or partial(LabelPlane, resolution=resolution))(3, condition)
    down = partial(nn.Conv2d, kernel_size=5, stride=2, padding=2)
    layers: list[nn.Module] = [down(front.channels, width), nn.LeakyReLU(0.2)]
    channels = width
    for _ in range(num_hidden):
        layers += [down(channels, channels * 2), nn.BatchNorm2d(channels * 2), nn.LeakyReLU(0.2)]
        channels *= 2
    return init_normal(Discriminator(front, Blind(*layers), head(channels, 4, condition)))
