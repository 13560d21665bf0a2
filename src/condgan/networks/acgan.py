"""ACGAN bodies: DCGAN's generator with 4x4 kernels, and a discriminator of paired 3x3 convolutions with dropout.

Layers as printed in report 001, sections 2.2 and 2.3, after Odena et al. 2017, appendix A.
"""

from collections.abc import Callable
from functools import partial

from torch import nn

from condgan.conditions import Condition
from condgan.networks.heads import Auxiliary
from condgan.networks.parts import (
    Blind,
    Discriminator,
    Dropout,
    Entrance,
    Generator,
    Hide,
    JoinEmbedding,
    num_doublings,
)


def generator(
    condition: Condition,
    resolution: int,
    *,
    width: int = 128,
    latent_dim: int = 100,
    embedding_dim: int = 100,
    entrance: Callable[..., Entrance] | None = None,
) -> Generator:
    """The condition's embedding and the latent as one 1x1 map, then 4x4 transposed convolutions, doubling from 4x4."""
    front = (entrance or partial(JoinEmbedding, embedding_dim=embedding_dim))(latent_dim, condition)
    channels = width * 2 ** (num_doublings(resolution) - 1)
    layers: list[nn.Module] = [
        nn.Unflatten(1, (front.channels, 1, 1)),
        nn.ConvTranspose2d(front.channels, channels, 4, bias=False),
        nn.BatchNorm2d(channels),
        nn.ReLU(),
    ]
    up = partial(nn.ConvTranspose2d, kernel_size=4, stride=2, padding=1, bias=False)
    while channels > width:
        layers += [up(channels, channels // 2), nn.BatchNorm2d(channels // 2), nn.ReLU()]
        channels //= 2
    return Generator(latent_dim, front, Blind(*layers, up(width, 3), nn.Tanh()))


def discriminator(
    condition: Condition,
    resolution: int,
    *,
    width: int = 16,
    dropout: float = 0.5,
    entrance: Callable[..., Entrance] = Hide,
    head: Callable[..., nn.Module] = Auxiliary,
) -> Discriminator:
    """Pairs of 3x3 convolutions, the first of each halving the side, the second without padding; features end at 5x5.

    Each doubles the channels: 3 pairs at 64x64, from `width` to 32 * width. Batch norm on all but the first.
    """
    front = entrance(3, condition)
    layers: list[nn.Module] = [nn.Conv2d(front.channels, width, 3, stride=2, padding=1, bias=False)]
    channels, side = width, resolution // 2
    for i in range(1, 2 * (num_doublings(resolution, smallest=16) - 1)):
        stride, padding = (1, 0) if i % 2 else (2, 1)
        layers += [
            nn.LeakyReLU(0.2),
            Dropout(dropout),
            nn.Conv2d(channels, channels * 2, 3, stride, padding, bias=False),
            nn.BatchNorm2d(channels * 2),
        ]
        channels, side = channels * 2, (side + 2 * padding - 3) // stride + 1
    layers += [nn.LeakyReLU(0.2), Dropout(dropout)]
    return Discriminator(front, Blind(*layers), head(channels, side, condition))
