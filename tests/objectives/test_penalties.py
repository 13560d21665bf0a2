from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from condgan.conditions import Class
from condgan.networks.gan import DiscriminatorOutput
from condgan.objectives import Batch, Objective, gradient_penalty, r1, r2, squared_gradient_norm

C = torch.tensor([0, 1, 1])


class LinearCritic(nn.Module):
    """<w, image>, with w of the given norm."""

    def __init__(self, norm: float):
        super().__init__()
        w = torch.randn(3, 8, 8, generator=torch.Generator().manual_seed(0))
        self.w = nn.Parameter(norm * w / w.norm())

    def forward(self, image: Tensor, c: Tensor) -> DiscriminatorOutput:
        score = (image * self.w).sum((1, 2, 3))
        return DiscriminatorOutput(score, score[:, None][:, :0])


def round_of(critic: Callable[[Tensor, Tensor], DiscriminatorOutput]) -> Batch:
    real, fake = (torch.rand(3, 3, 8, 8).requires_grad_() for _ in range(2))
    return Batch(critic, Class("ab"), C, real, fake)


@pytest.mark.parametrize(("penalty", "name"), [(r1, "r1"), (r2, "r2")])
def test_the_penalty_of_a_linear_critic_is_its_squared_weight(penalty: Objective, name: str) -> None:
    critic = LinearCritic(norm=3)
    torch.testing.assert_close(penalty.discriminator[name](round_of(critic)), torch.full((3,), 9.0))


def test_r1_looks_at_real_images_and_r2_at_fakes() -> None:
    def critic(image: Tensor, c: Tensor) -> DiscriminatorOutput:
        score = image.square().sum((1, 2, 3)) / 2  # its slope is the image
        return DiscriminatorOutput(score, score[:, None][:, :0])

    r = round_of(critic)
    torch.testing.assert_close(r1.discriminator["r1"](r), r.real_image.square().sum((1, 2, 3)))
    torch.testing.assert_close(r2.discriminator["r2"](r), r.fake_image.square().sum((1, 2, 3)))


def test_r1_can_be_descended() -> None:
    critic = LinearCritic(norm=3)
    r1.discriminator["r1"](round_of(critic)).mean().backward()
    torch.testing.assert_close(critic.w.grad, 2 * critic.w.detach())


def test_penalties_add_up_under_their_names_and_leave_the_generator_alone() -> None:
    both = 0.5 * (r1 + r2)
    assert list(both.discriminator) == ["r1", "r2"]
    assert not both.generator
    torch.testing.assert_close(both.discriminator["r2"](round_of(LinearCritic(2))), torch.full((3,), 2.0))


@pytest.mark.parametrize(("norm", "expected"), [(1.0, 0.0), (3.0, 4.0), (0.5, 0.25)])
def test_gradient_penalty_is_the_squared_distance_from_unit_slope(norm: float, expected: float) -> None:
    penalty = gradient_penalty.discriminator["gradient_penalty"](round_of(LinearCritic(norm)))
    torch.testing.assert_close(penalty, torch.full((3,), expected), atol=1e-5, rtol=1e-5)


def test_gradient_penalty_of_a_flat_critic_has_a_finite_slope() -> None:
    critic = LinearCritic(norm=1)
    with torch.no_grad():
        critic.w.zero_()
    gradient_penalty.discriminator["gradient_penalty"](round_of(critic)).mean().backward()
    assert critic.w.grad is not None
    assert critic.w.grad.isfinite().all()


def test_gradient_penalty_looks_between_real_and_fake() -> None:
    seen: list[Tensor] = []

    def critic(image: Tensor, c: Tensor) -> DiscriminatorOutput:
        seen.append(image.detach())
        return DiscriminatorOutput(image.sum((1, 2, 3)), image.new_empty(len(image), 0))

    real, fake = torch.zeros(50, 3, 4, 4), torch.ones(50, 3, 4, 4)
    gradient_penalty.discriminator["gradient_penalty"](Batch(critic, Class("ab"), torch.zeros(50).long(), real, fake))
    (between,) = seen
    assert (between == between[:, :1, :1, :1]).all()  # one point on the line for each pair
    assert between.min() >= 0
    assert between.max() <= 1
    assert between[:, 0, 0, 0].std() > 0.2


def test_the_slope_is_summed_over_pixels_and_kept_for_each_sample() -> None:
    image = torch.randn(3, 3, 4, 4).requires_grad_()
    slope = squared_gradient_norm((image * torch.tensor([1.0, 2, 3])[:, None, None, None]).sum((1, 2, 3)), image)
    torch.testing.assert_close(slope, 48 * torch.tensor([1.0, 4, 9]))
