from types import ModuleType
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from condgan.conditions import MultiLabel
from condgan.errors import InputError
from condgan.networks import acgan, acgan_attributes, cdcgan, dcgan, resnet
from condgan.networks.gan import Discriminator, DiscriminatorOutput, Generator, init_normal
from condgan.networks.heads import AuxiliaryHead, ProjectionHead, RecognitionHead, ScoreHead
from condgan.networks.normalization import mixes_samples
from condgan.recipes import RECIPES, build
from contracts import tiny_options

CONDITION = MultiLabel("abc")
recipes = pytest.mark.parametrize("recipe", RECIPES)


def networks(recipe: str, resolution: int, channels: int = 3, **options: Any) -> tuple[Generator, Discriminator]:
    built = build(recipe, tiny_options(recipe) | {"width": 2} | options)
    shape = CONDITION, resolution, channels
    return built.generator(*shape), built.discriminator(*shape)


@recipes
@pytest.mark.parametrize(("resolution", "channels"), [(16, 3), (32, 1), (64, 3), (128, 3)])
def test_networks_support_every_power_of_two(recipe: str, resolution: int, channels: int) -> None:
    generator, discriminator = networks(recipe, resolution, channels)
    c = torch.eye(3)[:2]
    image = generator(torch.randn(2, generator.latent_dim), c)
    assert image.shape == (2, channels, resolution, resolution)
    assert image.abs().max() <= 1
    output = discriminator(image, c)
    assert output.score.shape == (2,)
    assert output.logits.shape in [(2, 0), (2, 3)]


@pytest.mark.parametrize("recipe", ["dcgan", "sagan", "infogan", "wgan_gp"])
@pytest.mark.parametrize("resolution", [28, 50])
def test_networks_of_4x4_kernels_support_every_even_resolution(recipe: str, resolution: int) -> None:
    generator, discriminator = networks(recipe, resolution, 1)
    c = torch.eye(3)[:2]
    image = generator(torch.randn(2, generator.latent_dim), c)
    assert image.shape == (2, 1, resolution, resolution)
    assert discriminator(image, c).score.shape == (2,)


@recipes
@pytest.mark.parametrize("network", ["generator", "discriminator"])
@pytest.mark.parametrize("resolution", [17, 4, 0, -64])
def test_an_impossible_resolution_is_refused(recipe: str, network: str, resolution: int) -> None:
    build_network = getattr(build(recipe, tiny_options(recipe)), network)
    with pytest.raises(InputError, match=f"resolution {resolution}: expected a"):
        build_network(CONDITION, resolution, 3)


@pytest.mark.parametrize("recipe", ["cdcgan", "acgan", "acgan_attributes", "projection"])
@pytest.mark.parametrize(("resolution", "suggested"), [(60, 64), (100, 128)])
def test_networks_that_need_a_power_of_two_suggest_one(recipe: str, resolution: int, suggested: int) -> None:
    with pytest.raises(
        InputError, match=rf"resolution {resolution}: expected a power of two .*--resolution {suggested}$"
    ):
        networks(recipe, resolution)


@recipes
def test_images_depend_on_the_latent_and_on_the_condition(recipe: str) -> None:
    torch.manual_seed(0)
    generator = networks(recipe, 16)[0].eval()
    z, c = torch.randn(2, generator.latent_dim), torch.eye(3)
    assert not torch.allclose(generator(z[:1], c[:1]), generator(z[1:], c[:1]))
    assert not torch.allclose(generator(z[:1], c[:1]), generator(z[:1], c[1:2]))


@pytest.mark.parametrize("recipe", ["cdcgan", "dcgan", "sagan", "projection", "layout"])
def test_scores_of_discriminators_that_see_the_condition_depend_on_it(recipe: str) -> None:
    torch.manual_seed(0)
    discriminator = networks(recipe, 16)[1].eval()
    image, c = torch.randn(1, 3, 16, 16), torch.eye(3)
    assert not torch.equal(discriminator(image, c[:1]).score, discriminator(image, c[1:2]).score)


@pytest.mark.parametrize("recipe", ["acgan", "acgan_attributes", "infogan", "wgan_gp"])
def test_scores_of_other_discriminators_do_not_depend_on_the_condition(recipe: str) -> None:
    discriminator = networks(recipe, 16)[1].eval()
    image, c = torch.randn(1, 3, 16, 16), torch.eye(3)
    assert torch.equal(discriminator(image, c[:1]).score, discriminator(image, c[1:2]).score)


@recipes
def test_logits_are_predicted_from_the_image_alone(recipe: str) -> None:
    discriminator = networks(recipe, 16)[1].eval()
    image, c = torch.randn(2, 3, 16, 16), torch.eye(3)
    output, other = discriminator(image, c[:2]), discriminator(image, c[1:])
    assert output.logits.shape == (2, 0 if recipe in ("cdcgan", "dcgan", "sagan", "projection") else 3)
    assert torch.equal(output.logits, other.logits)
    if output.logits.numel():
        assert not torch.equal(output.logits[0], output.logits[1])


@recipes
def test_discriminators_that_do_not_mix_samples_score_images_one_by_one(recipe: str) -> None:
    torch.manual_seed(0)
    discriminator = networks(recipe, 16)[1]
    image, c = torch.randn(4, 3, 16, 16), torch.eye(3)[[0, 1, 2, 0]]
    assert mixes_samples(discriminator) == (recipe not in ("sagan", "wgan_gp", "projection", "layout"))
    discriminator.train(not mixes_samples(discriminator))
    with torch.no_grad():
        discriminator(image, c)  # the first pass with spectral norm changes its vectors most
        for module in discriminator.modules():
            if type(module).__name__ == "_SpectralNorm":
                module.eval()
        outputs = []
        for num in (4, 1):
            torch.manual_seed(0)  # of the shift, which all images of a batch share
            outputs.append(discriminator(image[:num], c[:num]))
        torch.testing.assert_close(outputs[0].score[:1], outputs[1].score)


@recipes
def test_the_conditioning_of_each_network_knows_its_number_of_channels(recipe: str) -> None:
    generator, discriminator = networks(recipe, 16)
    c = torch.eye(3)[:2]
    for network, h in ((generator, torch.randn(2, generator.latent_dim)), (discriminator, torch.randn(2, 3, 16, 16))):
        assert network.conditioning.channels == network.conditioning(h, c).shape[1]


@pytest.mark.parametrize("family", [acgan, acgan_attributes, cdcgan, dcgan, resnet])
@pytest.mark.parametrize("head", [ScoreHead, AuxiliaryHead, RecognitionHead, ProjectionHead])
def test_discriminators_may_have_any_head(family: ModuleType, head: type[nn.Module]) -> None:
    discriminator = family.discriminator(CONDITION, 16, width=2, head=head)
    output = discriminator(torch.randn(2, 3, 16, 16), torch.eye(3)[:2])
    assert output.score.shape == (2,)
    assert output.logits.shape == (2, 3 if head in (AuxiliaryHead, RecognitionHead) else 0)


def test_networks_apply_conditioning_body_and_head_in_this_order() -> None:
    class Conditioned(nn.Module):
        def forward(self, h: Tensor, c: Tensor) -> Tensor:
            return h + c

    class Body(nn.Module):
        def forward(self, h: Tensor, c: Tensor) -> Tensor:
            return 10 * h + c

    class Head(nn.Module):
        def forward(self, h: Tensor, c: Tensor) -> DiscriminatorOutput:
            return DiscriminatorOutput(10 * h, c)

    h, c = torch.tensor([1.0]), torch.tensor([2.0])
    generator = Generator(7, Conditioned(), Body())
    assert generator.latent_dim == 7
    assert generator(h, c) == 32
    assert Discriminator(Conditioned(), Body(), Head())(h, c) == (320, 2)


def test_init_normal_draws_convolutions_and_scales_only() -> None:
    torch.manual_seed(0)
    conv, linear, up = nn.Conv2d(50, 60, 3), nn.Linear(9, 9), nn.ConvTranspose2d(50, 60, 3)
    norms = nn.BatchNorm2d(3000), nn.BatchNorm1d(3000)
    for norm in norms:
        nn.init.ones_(norm.bias)
    kept = [parameter.clone() for parameter in (linear.weight, linear.bias, *conv.parameters(), *up.parameters())]
    network = Generator(1, nn.Identity(), nn.Sequential(conv, linear, up, *norms))
    assert init_normal(network, std=0.1) is network
    for layer, mean in ((conv, 0), (up, 0), (norms[0], 1), (norms[1], 1)):
        assert layer.weight.mean().item() == pytest.approx(mean, abs=0.01)
        assert layer.weight.std().item() == pytest.approx(0.1, rel=0.05)
    assert not any(norm.bias.any() for norm in norms)
    after = [linear.weight, linear.bias, *conv.parameters(), *up.parameters()]
    assert list(map(torch.equal, kept, after)) == [True, True, False, True, False, True]
