"""Residual networks of the projection discriminator. Miyato and Koyama 2018, appendix F; Miyato et al. 2018, B.4.

`width` is the number of channels of the largest map; channels double as the side halves.
"""

from collections.abc import Callable
from itertools import pairwise

from torch import Tensor, nn
from torch.nn.functional import relu

from condgan.conditions import Condition
from condgan.networks.conditioning import Conditioning, Unconditional
from condgan.networks.gan import Discriminator, Generator
from condgan.networks.heads import ProjectionHead
from condgan.networks.layers import conv3, downsample, num_upsamplings, upsample
from condgan.networks.normalization import ConditionalBatchNorm, with_spectral_norm


class UpBlock(nn.Module):
    """Residual block: norm, ReLU, upsampling, 3x3, norm, ReLU, 3x3; the shortcut is an upsampled 1x1."""

    def __init__(self, channels_in: int, channels: int, condition: Condition):
        super().__init__()
        self.norm1, self.conv1 = ConditionalBatchNorm(channels_in, condition), conv3(channels_in, channels)
        self.norm2, self.conv2 = ConditionalBatchNorm(channels, condition), conv3(channels, channels)
        self.skip = nn.Conv2d(channels_in, channels, 1)

    def forward(self, h: Tensor, c: Tensor) -> Tensor:
        residual = self.conv1(upsample(relu(self.norm1(h, c))))
        residual = self.conv2(relu(self.norm2(residual, c)))
        return upsample(self.skip(h)) + residual  # type: ignore[no-any-return]


class ResidualGenerator(nn.Module):
    """A linear layer from the latent to 4x4 maps, upsampling blocks, and a 3x3 convolution to the image."""

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
    """Residual block on images, which no ReLU precedes: 3x3, ReLU, 3x3, downsampling."""

    def __init__(self, channels_in: int, channels: int):
        super().__init__()
        self.conv1, self.conv2 = conv3(channels_in, channels), conv3(channels, channels)
        self.skip = nn.Conv2d(channels_in, channels, 1)

    def forward(self, h: Tensor) -> Tensor:
        return downsample(self.conv2(relu(self.conv1(h)))) + self.skip(downsample(h))  # type: ignore[no-any-return]


class DownBlock(nn.Module):
    """Residual block: ReLU, 3x3, ReLU, 3x3, with a 1x1 as shortcut; `pool` downsamples the sum or is the identity."""

    def __init__(self, channels_in: int, channels: int, pool: Callable[[Tensor], Tensor]):
        super().__init__()
        self.conv1, self.conv2 = conv3(channels_in, channels), conv3(channels, channels)
        self.skip, self.pool = nn.Conv2d(channels_in, channels, 1), pool

    def forward(self, h: Tensor) -> Tensor:
        return self.pool(self.conv2(relu(self.conv1(relu(h)))) + self.skip(h))


class ResidualDiscriminator(nn.Module):
    """Blocks that downsample to 4x4 maps, one that keeps their side, and a ReLU."""

    def __init__(self, channels: int, width: int, num_blocks: int):
        super().__init__()
        layers: list[nn.Module] = [FirstBlock(channels, width)]
        for _ in range(num_blocks - 1):
            layers += [DownBlock(width, width * 2, downsample)]
            width *= 2
        self.blocks = nn.Sequential(*layers, DownBlock(width, width * 2, nn.Identity()), nn.ReLU())

    def forward(self, h: Tensor, c: Tensor) -> Tensor:
        return self.blocks(h)  # type: ignore[no-any-return]


def generator(
    condition: Condition, resolution: int, channels: int = 3, *, width: int = 64, latent_dim: int = 128
) -> Generator:
    """Conditional batch norm in every block; 16 * width channels at 4x4 for 64x64 images.

    Raises InputError unless the resolution is a power of two >= 8.
    """
    body = ResidualGenerator(latent_dim, width, num_upsamplings(resolution), channels, condition)
    return Generator(latent_dim, Unconditional(latent_dim, condition), body)


def discriminator(
    condition: Condition,
    resolution: int,
    channels: int = 3,
    *,
    width: int = 64,
    conditioning: Callable[..., Conditioning] = Unconditional,
    head: Callable[..., nn.Module] = ProjectionHead,
) -> Discriminator:
    """Spectral norm on every layer; 16 * width channels at 4x4 for 64x64 images.

    Raises InputError unless the resolution is a power of two >= 8.
    """
    num_blocks = num_upsamplings(resolution)
    conditioner = conditioning(channels, condition)
    body = ResidualDiscriminator(conditioner.channels, width, num_blocks)
    return with_spectral_norm(Discriminator(conditioner, body, head(width * 2**num_blocks, 4, condition)))
