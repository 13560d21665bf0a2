"""The networks that no report prints, against plain PyTorch after the papers that their recipes cite.

Equal outputs pin what shapes do not: activations, their order, norms, strides, paddings and epsilons. Weights of each
network are registered in the order in which data flows through it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm

from condgan.conditions import Class
from condgan.networks.gan import Discriminator, Generator
from condgan.recipes import build
from printed import report_001
from same_weights import assert_close, copy_of, unsettle

CONDITION = Class("abcde")
WIDTH = 3


class DCGANDiscriminator(nn.Module):
    """Radford et al. 2016, section 3, for 64x64 images: strided convolutions, batch norm on all but the first."""

    def __init__(self) -> None:
        super().__init__()
        w = WIDTH
        self.label = nn.Linear(5, 64 * 64)
        self.layers = nn.Sequential(
            nn.Conv2d(4, w, 4, 2, 1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(w, 2 * w, 4, 2, 1, bias=False),
            nn.BatchNorm2d(2 * w),
            nn.LeakyReLU(0.2),
            nn.Conv2d(2 * w, 4 * w, 4, 2, 1, bias=False),
            nn.BatchNorm2d(4 * w),
            nn.LeakyReLU(0.2),
            nn.Conv2d(4 * w, 8 * w, 4, 2, 1, bias=False),
            nn.BatchNorm2d(8 * w),
            nn.LeakyReLU(0.2),
            nn.Conv2d(8 * w, 1, 4),
        )

    def forward(self, image: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        h = torch.cat([image, self.label(c).view(-1, 1, 64, 64)], 1)
        return self.layers(h).view(-1), image.new_empty(len(image), 0)


class LayerNorm(nn.Module):
    """Normalises each image over all its values. Scale and shift belong to channels. Ba et al. 2016, eq. 3."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.scale, self.shift = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))

    def forward(self, h: Tensor) -> Tensor:
        mean, variance = h.mean((1, 2, 3), keepdim=True), h.var((1, 2, 3), correction=0, keepdim=True)
        return (h - mean) / (variance + 1e-5).sqrt() * self.scale.view(-1, 1, 1) + self.shift.view(-1, 1, 1)


class CriticWithClassifier(nn.Module):
    """DCGAN's layers with layer norm, a score without bias, and logits. Gulrajani et al. 2017, algorithm 1."""

    def __init__(self) -> None:
        super().__init__()
        w = WIDTH
        self.layers = nn.Sequential(
            nn.Conv2d(3, w, 4, 2, 1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(w, 2 * w, 4, 2, 1, bias=False),
            LayerNorm(2 * w),
            nn.LeakyReLU(0.2),
            nn.Conv2d(2 * w, 4 * w, 4, 2, 1, bias=False),
            LayerNorm(4 * w),
            nn.LeakyReLU(0.2),
            nn.Conv2d(4 * w, 8 * w, 4, 2, 1, bias=False),
            LayerNorm(8 * w),
            nn.LeakyReLU(0.2),
            nn.Flatten(),
        )
        self.score = nn.Linear(8 * w * 4 * 4, 1, bias=False)
        self.classes = nn.Linear(8 * w * 4 * 4, 5)

    def forward(self, image: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        h = self.layers(image)
        return self.score(h)[:, 0], self.classes(h)


class ConditionalNorm(nn.Module):
    """Batch norm whose scale and shift are 1 and 0 plus linear functions of the condition."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.statistics = nn.BatchNorm2d(channels, affine=False)
        self.scale = nn.Linear(5, channels, bias=False)
        self.shift = nn.Linear(5, channels)

    def forward(self, h: Tensor, c: Tensor) -> Tensor:
        h = self.statistics(h)
        scaled: Tensor = h + torch.einsum("nchw,nc->nchw", h, self.scale(c))
        shift: Tensor = self.shift(c)
        return scaled + shift[:, :, None, None]


class UpsamplingBlock(nn.Module):
    """Miyato and Koyama 2018, appendix F, blocks of G."""

    def __init__(self, channels_in: int, channels: int) -> None:
        super().__init__()
        self.first_norm = ConditionalNorm(channels_in)
        self.first = nn.Conv2d(channels_in, channels, 3, 1, 1)
        self.second_norm = ConditionalNorm(channels)
        self.second = nn.Conv2d(channels, channels, 3, 1, 1)
        self.shortcut = nn.Conv2d(channels_in, channels, 1)

    def forward(self, h: Tensor, c: Tensor) -> Tensor:
        up = nn.UpsamplingNearest2d(scale_factor=2)
        residual = self.first(up(F.relu(self.first_norm(h, c))))
        residual = self.second(F.relu(self.second_norm(residual, c)))
        sum_: Tensor = self.shortcut(up(h)) + residual
        return sum_


class ResNetGenerator(nn.Module):
    """Miyato and Koyama 2018, appendix F, at 32x32."""

    def __init__(self) -> None:
        super().__init__()
        w = WIDTH
        self.dense = nn.Linear(7, 8 * w * 4 * 4)
        self.block1 = UpsamplingBlock(8 * w, 4 * w)
        self.block2 = UpsamplingBlock(4 * w, 2 * w)
        self.block3 = UpsamplingBlock(2 * w, w)
        self.norm = nn.BatchNorm2d(w)
        self.image = nn.Conv2d(w, 3, 3, 1, 1)

    def forward(self, z: Tensor, c: Tensor) -> Tensor:
        h = self.dense(z).view(len(z), -1, 4, 4)
        for block in (self.block1, self.block2, self.block3):
            h = block(h, c)
        return torch.tanh(self.image(F.relu(self.norm(h))))


class DownsamplingBlock(nn.Module):
    """Miyato and Koyama 2018, appendix F, blocks of D."""

    def __init__(self, channels_in: int, channels: int) -> None:
        super().__init__()
        self.first = spectral_norm(nn.Conv2d(channels_in, channels, 3, 1, 1))
        self.second = spectral_norm(nn.Conv2d(channels, channels, 3, 1, 1))
        self.shortcut = spectral_norm(nn.Conv2d(channels_in, channels, 1))

    def forward(self, h: Tensor, is_image: bool = False, downsampled: bool = True) -> Tensor:
        residual = self.second(F.relu(self.first(h if is_image else F.relu(h))))
        h = residual + self.shortcut(h)
        return nn.AvgPool2d(2)(h) if downsampled else h


class ResNetDiscriminator(nn.Module):
    """Miyato and Koyama 2018, appendix F, at 32x32, and the score of their eq. 4."""

    def __init__(self) -> None:
        super().__init__()
        w = WIDTH
        self.block1 = DownsamplingBlock(3, w)
        self.block2 = DownsamplingBlock(w, 2 * w)
        self.block3 = DownsamplingBlock(2 * w, 4 * w)
        self.block4 = DownsamplingBlock(4 * w, 8 * w)
        self.psi = spectral_norm(nn.Linear(8 * w, 1))
        self.embedding = spectral_norm(nn.Linear(5, 8 * w, bias=False))

    def forward(self, image: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        h = self.block3(self.block2(self.block1(image, is_image=True)))
        h = F.relu(self.block4(h, downsampled=False)).sum((2, 3))
        return self.psi(h)[:, 0] + torch.einsum("nk,nk->n", self.embedding(c), h), image.new_empty(len(image), 0)


@dataclass(frozen=True)
class Cited:
    """What a recipe with a latent of 7 and embeddings of 6 should build."""

    resolution: int
    generator: Callable[[], nn.Module]
    discriminator: Callable[[], nn.Module]
    options: dict[str, int]


dcgan_generator = partial(report_001.Generator, ngf=WIDTH, nc=6, nz=7, n_classes=5)
CITED = {
    "dcgan": Cited(64, dcgan_generator, DCGANDiscriminator, {"embedding_dim": 6}),
    "wgan_gp": Cited(64, dcgan_generator, CriticWithClassifier, {"embedding_dim": 6}),
    "projection": Cited(32, ResNetGenerator, ResNetDiscriminator, {}),
}


def state(network: nn.Module) -> Sequence[Tensor]:
    return list(network.state_dict().values())


@pytest.fixture(params=CITED)
def networks(request: pytest.FixtureRequest) -> tuple[Generator, nn.Module, Discriminator, nn.Module]:
    """The recipe's generator and a plain copy of it, and the same of the discriminator."""
    torch.manual_seed(0)
    cited = CITED[request.param]
    recipe = build(request.param, {"width": WIDTH, "latent_dim": 7, **cited.options})
    generator = recipe.generator(CONDITION, cited.resolution, 3)
    discriminator = recipe.discriminator(CONDITION, cited.resolution, 3)
    for network in (generator, discriminator):
        unsettle(network.double())
    return (
        generator,
        copy_of(cited.generator, state(generator)),
        discriminator,
        copy_of(cited.discriminator, state(discriminator)),
    )


@torch.no_grad()
def test_networks_equal_plain_ones(networks: tuple[Generator, nn.Module, Discriminator, nn.Module]) -> None:
    """In evaluation and in training, and in the statistics that training leaves behind, which show the momentum."""
    generator, plain_generator, discriminator, plain_discriminator = networks
    z, c = torch.randn(4, 7).double(), torch.eye(5).double()[[0, 3, 3, 4]]
    for training in (False, True):
        for network in networks:
            network.train(training)
        image = generator(z, c)
        assert image.std() > 0.01
        assert_close(image, plain_generator(z, c))
        noise = torch.rand_like(image) * 2 - 1
        output = discriminator(noise, c)
        assert output.score.unique().shape == (4,)
        assert_close(tuple(output), plain_discriminator(noise, c))
    assert_close(state(generator), state(plain_generator))
    assert_close(state(discriminator), state(plain_discriminator))
