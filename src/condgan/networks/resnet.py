"""Residual bodies of the projection discriminator's paper. Miyato and Koyama 2018, appendix F; Miyato et al. 2018, B.4.

`width` is that of the finest map; widths double as sides halve.
"""

from collections.abc import Callable
from functools import partial
from itertools import pairwise

from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate, relu

from condgan.conditions import Condition
from condgan.networks.entrances import Entrance, Hide
from condgan.networks.heads import Projection
from condgan.networks.normalization import ConditionalBatchNorm, spectrally_normed
from condgan.networks.parts import Discriminator, Generator, num_doublings

conv3 = partial(nn.Conv2d, kernel_size=3, padding=1)
double = partial(interpolate, scale_factor=2, mode="nearest")
halve = partial(avg_pool2d, kernel_size=2)


class UpBlock(nn.Module):
    """Norm, ReLU, doubling, 3x3, norm, ReLU, 3x3, beside a doubled 1x1."""

    def __init__(self, channels_in: int, channels: int, condition: Condition):
        super().__init__()
        self.norm1, self.conv1 = ConditionalBatchNorm(channels_in, condition), conv3(channels_in, channels)
        self.norm2, self.conv2 = ConditionalBatchNorm(channels, condition), conv3(channels, channels)
        self.skip = nn.Conv2d(channels_in, channels, 1)

    def forward(self, h: Tensor, c: Tensor) -> Tensor:
        residual = self.conv1(double(relu(self.norm1(h, c))))
        residual = self.conv2(relu(self.norm2(residual, c)))
        return double(self.skip(h)) + residual  # type: ignore[no-any-return]


class ResidualGenerator(nn.Module):
    """Latent (N, latent_dim) to 4x4 maps by a linear layer, blocks that double the side, and a 3x3 convolution."""

    def __init__(self, latent_dim: int, width: int, num_blocks: int, channels: int, condition: Condition):
        super().__init__()
        widths = [width * 2**i for i in reversed(range(num_blocks + 1))]
        self.linear = nn.Sequential(nn.Linear(latent_dim, widths[0] * 16), nn.Unflatten(1, (widths[0], 4, 4)))
        self.blocks = nn.ModuleList(UpBlock(wide, narrow, condition) for wide, narrow in pairwise(widths))
        self.last = nn.Sequential(nn.BatchNorm2d(width), nn.ReLU(), conv3(width, channels), nn.Tanh())

    def forward(self, z: Tensor, c: Tensor) -> Tensor:
        h = self.linear(z)
        for block in self.blocks:
            h = block(h, c)
        return self.last(h)  # type: ignore[no-any-return]


class FirstBlock(nn.Module):
    """3x3, ReLU, 3x3, halving, beside a halved 1x1: the image itself is not passed through a ReLU."""

    def __init__(self, channels_in: int, channels: int):
        super().__init__()
        self.conv1, self.conv2 = conv3(channels_in, channels), conv3(channels, channels)
        self.skip = nn.Conv2d(channels_in, channels, 1)

    def forward(self, h: Tensor) -> Tensor:
        return halve(self.conv2(relu(self.conv1(h)))) + self.skip(halve(h))  # type: ignore[no-any-return]


class DownBlock(nn.Module):
    """ReLU, 3x3, ReLU, 3x3, beside a 1x1; the sum halved by `pool`, or kept by the identity."""

    def __init__(self, channels_in: int, channels: int, pool: Callable[[Tensor], Tensor]):
        super().__init__()
        self.conv1, self.conv2 = conv3(channels_in, channels), conv3(channels, channels)
        self.skip, self.pool = nn.Conv2d(channels_in, channels, 1), pool

    def forward(self, h: Tensor) -> Tensor:
        return self.pool(self.conv2(relu(self.conv1(relu(h)))) + self.skip(h))


class ResidualDiscriminator(nn.Module):
    """Blocks that halve the side to 4x4, one that keeps it, and a ReLU."""

    def __init__(self, channels: int, width: int, num_blocks: int):
        super().__init__()
        layers: list[nn.Module] = [FirstBlock(channels, width)]
        for _ in range(num_blocks - 1):
            layers += [DownBlock(width, width * 2, halve)]
            width *= 2
        self.blocks = nn.Sequential(*layers, DownBlock(width, width * 2, nn.Identity()), nn.ReLU())

    def forward(self, h: Tensor, c: Tensor) -> Tensor:
        return self.blocks(h)  # type: ignore[no-any-return]


def generator(
    condition: Condition, resolution: int, channels: int = 3, *, width: int = 64, latent_dim: int = 128
) -> Generator:
    """Meets the condition in the batch norm of every block alone; 16 * width channels at 4x4 for 64x64."""
    front = Hide(latent_dim, condition)
    body = ResidualGenerator(latent_dim, width, num_doublings(resolution), channels, condition)
    return Generator(latent_dim, front, body)


def discriminator(
    condition: Condition,
    resolution: int,
    channels: int = 3,
    *,
    width: int = 64,
    entrance: Callable[..., Entrance] = Hide,
    head: Callable[..., nn.Module] = Projection,
) -> Discriminator:
    """Spectral norm on every layer; features are 4x4 with 16 * width channels for 64x64."""
    num_blocks = num_doublings(resolution)
    front = entrance(channels, condition)
    body = ResidualDiscriminator(front.channels, width, num_blocks)
    return spectrally_normed(Discriminator(front, body, head(width * 2**num_blocks, 4, condition)))
