import pytest
import torch
from torch import nn

from condgan.conditions import MultiLabel
from condgan.errors import InputError
from condgan.networks.augment import RandomAffine
from condgan.networks.gan import Discriminator, Generator
from condgan.networks.layers import Dropout, num_upsamplings
from condgan.networks.normalization import mixes_samples
from condgan.recipes import RECIPES, build
from contracts import tiny_options

CONDITION = MultiLabel("abc")
recipes = pytest.mark.parametrize("recipe", RECIPES)


def state(recipe: str, resolution: int, channels: int = 3) -> tuple[Generator, Discriminator]:
    built = build(recipe, tiny_options(recipe) | {"width": 2})
    shape = CONDITION, resolution, channels
    return built.generator(*shape), built.discriminator(*shape)


@recipes
@pytest.mark.parametrize(("resolution", "channels"), [(16, 3), (32, 1), (64, 3), (128, 3)])
def test_players_work_at_every_power_of_two(recipe: str, resolution: int, channels: int) -> None:
    generator, discriminator = state(recipe, resolution, channels)
    c = torch.eye(3)[:2]
    image = generator(torch.randn(2, generator.latent_dim), c)
    assert image.shape == (2, channels, resolution, resolution)
    verdict = discriminator(image, c)
    assert verdict.score.shape == (2,)
    assert verdict.logits.shape in [(2, 0), (2, 3)]


@pytest.mark.parametrize("recipe", ["dcgan", "sagan", "infogan", "wgan_gp"])
def test_four_by_four_kernels_work_at_28_too(recipe: str) -> None:
    generator, discriminator = state(recipe, 28, 1)
    c = torch.eye(3)[:2]
    image = generator(torch.randn(2, generator.latent_dim), c)
    assert image.shape == (2, 1, 28, 28)
    assert discriminator(image, c).score.shape == (2,)


@recipes
@pytest.mark.parametrize("resolution", [17, 4, 0, -64])
def test_a_resolution_that_no_body_can_have_is_refused(recipe: str, resolution: int) -> None:
    with pytest.raises(InputError, match=f"resolution {resolution}: expected a"):
        state(recipe, resolution)


@pytest.mark.parametrize("recipe", ["cdcgan", "acgan", "acgan_attributes", "projection"])
@pytest.mark.parametrize(("resolution", "near"), [(60, 64), (100, 128)])
def test_bodies_that_double_from_four_refuse_another_resolution(recipe: str, resolution: int, near: int) -> None:
    with pytest.raises(InputError, match=f"resolution {resolution}: expected a power of two .*{near}"):
        state(recipe, resolution)


@pytest.mark.parametrize("resolution", [0, -4, -64])
def test_a_resolution_that_is_no_length_is_refused(resolution: int) -> None:
    with pytest.raises(InputError, match=f"resolution {resolution}: expected a power of two"):
        num_upsamplings(resolution)


def test_num_doublings_counts_from_four() -> None:
    assert [num_upsamplings(side) for side in (8, 16, 32, 64, 128)] == [1, 2, 3, 4, 5]


def test_a_resolution_below_the_smallest_is_refused_naming_it() -> None:
    with pytest.raises(InputError, match=r"resolution 8: expected a power of two of at least 16, e\.g\. 16"):
        num_upsamplings(8, smallest=16)


@recipes
def test_the_latent_and_the_condition_both_matter_to_the_image(recipe: str) -> None:
    torch.manual_seed(0)
    generator = state(recipe, 16)[0].eval()
    z, c = torch.randn(2, generator.latent_dim), torch.eye(3)
    assert not torch.allclose(generator(z[:1], c[:1]), generator(z[1:], c[:1]))
    assert not torch.allclose(generator(z[:1], c[:1]), generator(z[:1], c[1:2]))


def test_mixing_samples_is_told_from_the_layers() -> None:
    assert mixes_samples(nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)))
    assert not mixes_samples(nn.Sequential(nn.Conv2d(3, 3, 1), nn.LayerNorm(3), nn.GroupNorm(1, 3)))


@recipes
def test_a_discriminator_that_is_said_not_to_mix_samples_does_not(recipe: str) -> None:
    _, discriminator = state(recipe, 16)
    image, c = torch.randn(4, 3, 16, 16), torch.eye(3)[[0, 1, 2, 0]]
    assert mixes_samples(discriminator) == (recipe not in ("sagan", "wgan_gp", "projection"))
    discriminator.eval()
    torch.testing.assert_close(discriminator(image, c).score[:1], discriminator(image[:1], c[:1]).score)


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("p", [0.3, 0.5])
def test_dropout_zeroes_a_share_of_p_and_keeps_the_mean(memory_format: torch.memory_format, p: float) -> None:
    torch.manual_seed(0)
    dropped = Dropout(p)(torch.ones(64, 16, 15, 15).contiguous(memory_format=memory_format))
    assert (dropped == 0).float().mean().item() == pytest.approx(p, abs=0.005)
    assert dropped[dropped > 0].unique().tolist() == [pytest.approx(1 / (1 - p))]


def test_dropout_sends_back_a_gradient_for_what_it_kept() -> None:
    h = torch.rand(4, 3, 5, 5).add(1).requires_grad_()
    dropped = Dropout(0.5)(h)
    dropped.sum().backward()
    assert h.grad is not None
    torch.testing.assert_close(h.grad, (dropped != 0).float() * 2)


def test_dropout_is_idle_when_not_training_or_not_asked_for() -> None:
    h = torch.rand(4, 3, 5, 5)
    assert Dropout(0.5).eval()(h) is h
    assert Dropout(0.0)(h) is h


def test_affine_disturbance_leaves_generated_images_alone_outside_training() -> None:
    image = torch.rand(2, 1, 28, 28)
    assert RandomAffine(0.2).eval()(image) is image


def test_each_image_is_disturbed_its_own_way_and_keeps_its_background() -> None:
    image = torch.full((1, 1, 28, 28), -1.0)
    image[:, :, 8:20, 13:15] = 1
    disturbed = RandomAffine(0.2)(image.expand(8, -1, -1, -1))
    assert disturbed.flatten(1).unique(dim=0).shape == (8, 28 * 28)
    torch.testing.assert_close(disturbed[:, :, 0], torch.full((8, 1, 28), -1.0))


def test_the_affine_disturbance_is_as_large_as_it_says() -> None:
    centers, breadths = [], []
    column = torch.arange(64.0)
    for _ in range(50):
        image = torch.zeros(32, 1, 64, 64)
        image[:, :, 24:40, 24:40] = 1
        mass = RandomAffine(0.4)(image).sum((1, 2))
        center = (mass * column).sum(1) / mass.sum(1)
        centers.append(center)
        breadths.append(mass.sum(1))
    offset = (torch.cat(centers) - 31.5).abs().max()
    assert 0.08 * 64 < offset < 0.1 * 64 * 2**0.5 / 0.8  # a quarter of 0.4 of the side, along each axis, stretched
    assert torch.cat(breadths).max() / torch.cat(breadths).min() > 1.8  # of (1.2 / 0.8)^2


def test_the_generator_is_taught_through_the_affine_disturbance() -> None:
    image = torch.rand(2, 3, 16, 16, requires_grad=True)
    RandomAffine(0.2)(image).square().sum().backward()
    assert image.grad is not None
    assert image.grad.abs().sum() > 0


def test_infogan_disturbs_what_its_discriminator_sees_when_asked() -> None:
    c = torch.eye(3)[:2]
    for augment, differ in (("0", False), ("0.2", True)):
        recipe = build("infogan", tiny_options("infogan") | {"width": "2", "augment": augment})
        discriminator = recipe.discriminator(CONDITION, 28, 1)
        image = torch.rand(2, 1, 28, 28)
        first, second = (discriminator(image, c).score for _ in range(2))
        assert (not torch.equal(first, second)) is differ
