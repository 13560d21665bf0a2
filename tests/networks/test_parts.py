from types import ModuleType

import pytest
import torch
from torch import nn

from condgan.conditions import MultiLabel
from condgan.errors import InputError
from condgan.networks import acgan, dcgan
from condgan.networks.parts import Dropout, mixes_samples, num_doublings

CONDITION = MultiLabel("abc")
families = pytest.mark.parametrize("family", [dcgan, acgan], ids=["dcgan", "acgan"])


@families
@pytest.mark.parametrize("resolution", [16, 32, 64, 128])
def test_players_work_at_every_power_of_two(family: ModuleType, resolution: int) -> None:
    generator = family.generator(CONDITION, resolution, width=2, latent_dim=4)
    discriminator = family.discriminator(CONDITION, resolution, width=2)
    c = torch.eye(3)[:2]
    image = generator(torch.randn(2, 4), c)
    assert image.shape == (2, 3, resolution, resolution)
    verdict = discriminator(image, c)
    assert verdict.score.shape == (2,)
    assert verdict.logits.shape in [(2, 0), (2, 3)]


@families
@pytest.mark.parametrize(("resolution", "near"), [(60, 64), (100, 128), (17, 16), (4, "")])
def test_another_resolution_is_refused(family: ModuleType, resolution: int, near: int | str) -> None:
    for build in (family.generator, family.discriminator):
        with pytest.raises(InputError, match=f"resolution {resolution}: expected a power of two .*{near}"):
            build(CONDITION, resolution, width=2)


@pytest.mark.parametrize("resolution", [0, -4, -64])
def test_a_resolution_that_is_no_length_is_refused(resolution: int) -> None:
    with pytest.raises(InputError, match=f"resolution {resolution}: expected a power of two"):
        num_doublings(resolution)


def test_num_doublings_counts_from_four() -> None:
    assert [num_doublings(side) for side in (8, 16, 32, 64, 128)] == [1, 2, 3, 4, 5]


def test_a_resolution_below_the_smallest_is_refused_naming_it() -> None:
    with pytest.raises(InputError, match=r"resolution 8: expected a power of two of at least 16, e\.g\. 16"):
        num_doublings(8, smallest=16)


@families
def test_the_latent_and_the_condition_both_matter_to_the_image(family: ModuleType) -> None:
    torch.manual_seed(0)
    generator = family.generator(CONDITION, 16, width=4, latent_dim=4).eval()
    z, c = torch.randn(2, 4), torch.eye(3)
    assert not torch.allclose(generator(z[:1], c[:1]), generator(z[1:], c[:1]))
    assert not torch.allclose(generator(z[:1], c[:1]), generator(z[:1], c[1:2]))


def test_mixing_samples_is_told_from_the_layers() -> None:
    assert mixes_samples(nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)))
    assert not mixes_samples(nn.Sequential(nn.Conv2d(3, 3, 1), nn.LayerNorm(3), nn.GroupNorm(1, 3)))


@families
def test_a_discriminator_that_is_said_not_to_mix_samples_does_not(family: ModuleType) -> None:
    discriminator = family.discriminator(CONDITION, 16, width=2)
    image, c = torch.randn(4, 3, 16, 16), torch.eye(3)[[0, 1, 2, 0]]
    assert mixes_samples(discriminator)
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
