"""InfoGAN's discriminator: a front end that the score and the reading of the codes share. Its generator is DCGAN's.

Layers as printed in report 003, section 2.A, after Chen et al. 2016, appendix C.1.
"""

from torch import nn

from condgan.conditions import Condition
from condgan.networks.dcgan import check_even
from condgan.networks.entrances import Hide
from condgan.networks.heads import Recognition
from condgan.networks.parts import Blind, Discriminator, RandomAffine


def discriminator(
    condition: Condition, resolution: int, channels: int = 3, *, width: int = 64, augment: float = 0
) -> Discriminator:
    """4x4 convolutions that halve the side while it is 8 or more, then one over the whole map to 16 * width features.

    Two of them at 28x28, from `width` channels. Batch norm on all but the first. What it sees is disturbed by a
    RandomAffine of strength `augment`, if that is not 0.
    """
    check_even(resolution)
    front = Hide(channels, condition)
    layers: list[nn.Module] = [RandomAffine(augment)] if augment else []
    layers += [nn.Conv2d(channels, width, 4, 2, 1), nn.LeakyReLU(0.1)]
    hidden, side = width, resolution // 2
    while side >= 8:
        layers += [nn.Conv2d(hidden, hidden * 2, 4, 2, 1, bias=False), nn.BatchNorm2d(hidden * 2), nn.LeakyReLU(0.1)]
        hidden, side = hidden * 2, side // 2
    features = 16 * width
    layers += [nn.Conv2d(hidden, features, side, bias=False), nn.BatchNorm2d(features), nn.LeakyReLU(0.1)]
    return Discriminator(front, Blind(*layers), Recognition(features, 1, condition, hidden=2 * width))
