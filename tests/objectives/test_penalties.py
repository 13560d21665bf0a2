from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from condgan.conditions import Class
from condgan.networks.gan import DiscriminatorOutput
from condgan.objectives import Batch, Objective, gradient_penalty, r1, r2, squared_gradient_norm

C = torch.tensor([0, 1, 1])


class LinearDiscriminator(nn.Module):
    """<w, image>, with w of the given norm."""

    def __init__(self, norm: float):
        super().__init__()
        w = torch.randn(3, 8, 8, generator=torch.Generator().manual_seed(0))
        self.w = nn.Parameter(norm * w / w.norm())

    def forward(self, image: Tensor, c: Tensor) -> DiscriminatorOutput:
        score = (image * self.w).sum((1, 2, 3))
        return DiscriminatorOutput(score, score[:, None][:, :0])


def batch_of(discriminator: Callable[[Tensor, Tensor], DiscriminatorOutput]) -> Batch:
    real, fake = (torch.rand(3, 3, 8, 8).requires_grad_() for _ in range(2))
    return Batch(discriminator, Class("ab"), C, real, fake)


@pytest.mark.parametrize(("penalty", "name"), [(r1, "r1"), (r2, "r2")])
def test_penalty_of_a_linear_discriminator_is_its_squared_weight(penalty: Objective, name: str) -> None:
    discriminator = LinearDiscriminator(norm=3)
    torch.testing.assert_close(penalty.discriminator[name](batch_of(discriminator)), torch.full((3,), 9.0))


def test_r1_uses_real_images_and_r2_fake_ones() -> None:
    def discriminator(image: Tensor, c: Tensor) -> DiscriminatorOutput:
        score = image.square().sum((1, 2, 3)) / 2  # its gradient is the image
        return DiscriminatorOutput(score, score[:, None][:, :0])

    batch = batch_of(discriminator)
    torch.testing.assert_close(r1.discriminator["r1"](batch), batch.real_image.square().sum((1, 2, 3)))
    torch.testing.assert_close(r2.discriminator["r2"](batch), batch.fake_image.square().sum((1, 2, 3)))


def test_r1_has_the_gradient_of_its_formula() -> None:
    discriminator = LinearDiscriminator(norm=3)
    r1.discriminator["r1"](batch_of(discriminator)).mean().backward()
    torch.testing.assert_close(discriminator.w.grad, 2 * discriminator.w.detach())


def test_penalties_are_separate_terms_of_the_discriminator() -> None:
    both = 0.5 * (r1 + r2)
    assert list(both.discriminator) == ["r1", "r2"]
    assert not both.generator
    torch.testing.assert_close(both.discriminator["r2"](batch_of(LinearDiscriminator(2))), torch.full((3,), 2.0))


@pytest.mark.parametrize(("norm", "expected"), [(1.0, 0.0), (3.0, 4.0), (0.5, 0.25)])
def test_gradient_penalty_is_the_squared_distance_from_unit_norm(norm: float, expected: float) -> None:
    penalty = gradient_penalty.discriminator["gradient_penalty"](batch_of(LinearDiscriminator(norm)))
    torch.testing.assert_close(penalty, torch.full((3,), expected), atol=1e-5, rtol=1e-5)


def test_gradient_penalty_has_no_gradient_with_respect_to_the_images() -> None:
    """The points between them are constants: the penalty trains the weights alone."""

    def discriminator(image: Tensor, c: Tensor) -> DiscriminatorOutput:
        score = image.square().sum((1, 2, 3))
        return DiscriminatorOutput(score, score[:, None][:, :0])

    batch = batch_of(discriminator)
    gradient_penalty.discriminator["gradient_penalty"](batch).sum().backward()
    assert batch.real_image.grad is None
    assert batch.fake_image.grad is None


def test_gradient_penalty_of_a_constant_discriminator_has_a_finite_gradient() -> None:
    discriminator = LinearDiscriminator(norm=1)
    with torch.no_grad():
        discriminator.w.zero_()
    gradient_penalty.discriminator["gradient_penalty"](batch_of(discriminator)).mean().backward()
    assert discriminator.w.grad is not None
    assert discriminator.w.grad.isfinite().all()


def test_gradient_penalty_uses_random_points_between_real_and_fake_images() -> None:
    seen: list[Tensor] = []

    def discriminator(image: Tensor, c: Tensor) -> DiscriminatorOutput:
        seen.append(image.detach())
        return DiscriminatorOutput(image.sum((1, 2, 3)), image.new_empty(len(image), 0))

    real, fake = torch.zeros(50, 3, 4, 4), torch.ones(50, 3, 4, 4)
    gradient_penalty.discriminator["gradient_penalty"](
        Batch(discriminator, Class("ab"), torch.zeros(50).long(), real, fake)
    )
    (between,) = seen
    assert (between == between[:, :1, :1, :1]).all()  # one point on the line between each pair
    assert between.min() >= 0
    assert between.max() <= 1
    assert between[:, 0, 0, 0].std() > 0.2


def test_squared_gradient_norm_is_summed_over_pixels_of_each_sample() -> None:
    image = torch.randn(3, 3, 4, 4).requires_grad_()
    norm = squared_gradient_norm((image * torch.tensor([1.0, 2, 3])[:, None, None, None]).sum((1, 2, 3)), image)
    torch.testing.assert_close(norm, 48 * torch.tensor([1.0, 4, 9]))
