"""ACGAN's discriminator: pairs of 3x3 convolutions with dropout. Its generator is that of `dcgan.py`.

Layers as printed in report 001, section 2.3, after Odena et al. 2017, appendix A.
"""

from collections.abc import Callable

from torch import nn

from condgan.conditions import Condition
from condgan.networks.conditioning import Conditioning, Unconditional
from condgan.networks.gan import Discriminator
from condgan.networks.heads import AuxiliaryHead
from condgan.networks.layers import Dropout, IgnoreCondition, num_upsamplings


def discriminator(
    condition: Condition,
    resolution: int,
    channels: int = 3,
    *,
    width: int = 16,
    dropout: float = 0.5,
    conditioning: Callable[..., Conditioning] = Unconditional,
    head: Callable[..., nn.Module] = AuxiliaryHead,
) -> Discriminator:
    """Pairs of a 3x3 convolution of stride 2 and one of stride 1 without padding, down to 5x5 maps at 64x64.

    Every convolution doubles the channels: three pairs at 64x64, from `width` to 32 * width. Batch norm on all but the
    first. Raises InputError unless the resolution is a power of two >= 16.
    """
    conditioner = conditioning(channels, condition)
    layers: list[nn.Module] = [nn.Conv2d(conditioner.channels, width, 3, stride=2, padding=1, bias=False)]
    hidden, side = width, resolution // 2
    for i in range(1, 2 * (num_upsamplings(resolution, smallest=16) - 1)):
        stride, padding = (1, 0) if i % 2 else (2, 1)
        layers += [
            nn.LeakyReLU(0.2),
            Dropout(dropout),
            nn.Conv2d(hidden, hidden * 2, 3, stride, padding, bias=False),
            nn.BatchNorm2d(hidden * 2),
        ]
        hidden, side = hidden * 2, (side + 2 * padding - 3) // stride + 1
    layers += [nn.LeakyReLU(0.2), Dropout(dropout)]
    return Discriminator(conditioner, IgnoreCondition(*layers), head(hidden, side, condition))
