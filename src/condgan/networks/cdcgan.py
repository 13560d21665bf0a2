"""Conditional DCGAN with 5x5 kernels, as printed in report 000; four upsamplings at 64x64. Radford et al. 2016.

`width` is the number of channels of the largest hidden map; channels double as the side halves.
"""

from collections.abc import Callable
from functools import partial

from torch import nn

from condgan.conditions import Condition
from condgan.networks.conditioning import AddEmbedding, Conditioning, LabelChannel
from condgan.networks.gan import Discriminator, Generator, init_normal
from condgan.networks.heads import ScoreHead
from condgan.networks.layers import IgnoreCondition, num_upsamplings


def generator(
    condition: Condition,
    resolution: int,
    channels: int = 3,
    *,
    width: int = 64,
    latent_dim: int = 128,
    conditioning: Callable[..., Conditioning] = AddEmbedding,
) -> Generator:
    """A linear layer to 4x4 maps, then 5x5 transposed convolutions that upsample by 2.

    `conditioning` must keep the number of channels. Raises InputError unless the resolution is a power of two >= 8.
    """
    hidden = width * 2 ** (num_upsamplings(resolution) - 1)
    conditioner = conditioning(latent_dim, condition)
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
    body = IgnoreCondition(*layers, up(width, channels), nn.Tanh())
    return init_normal(Generator(latent_dim, conditioner, body))


def discriminator(
    condition: Condition,
    resolution: int,
    channels: int = 3,
    *,
    width: int = 64,
    conditioning: Callable[..., Conditioning] | None = None,
    head: Callable[..., nn.Module] = ScoreHead,
) -> Discriminator:
    """5x5 convolutions of stride 2 down to 4x4 maps; batch norm on all but the first.

    `conditioning` defaults to LabelChannel. Raises InputError unless the resolution is a power of two >= 8.
    """
    num_hidden = num_upsamplings(resolution) - 1
    conditioner = (conditioning or partial(LabelChannel, resolution=resolution))(channels, condition)
    down = partial(nn.Conv2d, kernel_size=5, stride=2, padding=2)
    layers: list[nn.Module] = [down(conditioner.channels, width), nn.LeakyReLU(0.2)]
    hidden = width
    for _ in range(num_hidden):
        layers += [down(hidden, hidden * 2), nn.BatchNorm2d(hidden * 2), nn.LeakyReLU(0.2)]
        hidden *= 2
    return init_normal(Discriminator(conditioner, IgnoreCondition(*layers), head(hidden, 4, condition)))
