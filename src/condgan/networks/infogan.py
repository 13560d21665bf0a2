"""InfoGAN's discriminator, whose convolutions D and Q share. Its generator is that of `dcgan.py`.

Layers as printed in report 003, section 2.A, after Chen et al. 2016, appendix C.1.
"""

from torch import nn

from condgan.conditions import Condition
from condgan.networks.augment import RandomAffine
from condgan.networks.conditioning import Unconditional
from condgan.networks.gan import Discriminator
from condgan.networks.heads import RecognitionHead
from condgan.networks.layers import IgnoreCondition, check_even


def discriminator(
    condition: Condition, resolution: int, channels: int = 3, *, width: int = 64, augment: float = 0
) -> Discriminator:
    """4x4 convolutions of stride 2 while the side is 8 or more, then one over the whole map to 16 * width features.

    Two of them at 28x28, from `width` channels. Batch norm on all but the first. With `augment` > 0 a RandomAffine of
    that strength comes first. Raises InputError unless the resolution is even and at least 8.
    """
    check_even(resolution)
    layers: list[nn.Module] = [RandomAffine(augment)] if augment else []
    layers += [nn.Conv2d(channels, width, 4, 2, 1), nn.LeakyReLU(0.1)]
    hidden, side = width, resolution // 2
    while side >= 8:
        layers += [nn.Conv2d(hidden, hidden * 2, 4, 2, 1, bias=False), nn.BatchNorm2d(hidden * 2), nn.LeakyReLU(0.1)]
        hidden, side = hidden * 2, side // 2
    features = 16 * width
    layers += [nn.Conv2d(hidden, features, side, bias=False), nn.BatchNorm2d(features), nn.LeakyReLU(0.1)]
    head = RecognitionHead(features, 1, condition, hidden=2 * width)
    return Discriminator(Unconditional(channels, condition), IgnoreCondition(*layers), head)
