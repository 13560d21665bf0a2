"""ACGAN's discriminator: paired 3x3 convolutions with dropout. Its generator is DCGAN's, of `dcgan.py`.

Layers as printed in report 001, section 2.3, after Odena et al. 2017, appendix A.
"""

from collections.abc import Callable

from torch import nn

from condgan.conditions import Condition
from condgan.networks.entrances import Entrance, Hide
from condgan.networks.heads import Auxiliary
from condgan.networks.parts import Blind, Discriminator, Dropout, num_doublings


def discriminator(
    condition: Condition,
    resolution: int,
    channels: int = 3,
    *,
    width: int = 16,
    dropout: float = 0.5,
    entrance: Callable[..., Entrance] = Hide,
    head: Callable[..., nn.Module] = Auxiliary,
) -> Discriminator:
    """Pairs of 3x3 convolutions, the first of each halving the side, the second without padding; features end at 5x5.

    Each doubles the channels: 3 pairs at 64x64, from `width` to 32 * width. Batch norm on all but the first.
    """
    front = entrance(channels, condition)
    layers: list[nn.Module] = [nn.Conv2d(front.channels, width, 3, stride=2, padding=1, bias=False)]
    hidden, side = width, resolution // 2
    for i in range(1, 2 * (num_doublings(resolution, smallest=16) - 1)):
        stride, padding = (1, 0) if i % 2 else (2, 1)
        layers += [
            nn.LeakyReLU(0.2),
            Dropout(dropout),
            nn.Conv2d(hidden, hidden * 2, 3, stride, padding, bias=False),
            nn.BatchNorm2d(hidden * 2),
        ]
        hidden, side = hidden * 2, (side + 2 * padding - 3) // stride + 1
    layers += [nn.LeakyReLU(0.2), Dropout(dropout)]
    return Discriminator(front, Blind(*layers), head(hidden, side, condition))
