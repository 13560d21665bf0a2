import pytest
import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d, interpolate, softplus

from batches import KnownBatch, losses_of
from condgan.conditions import MultiLabel
from condgan.networks.gan import DiscriminatorOutput
from condgan.objectives import Batch, Objective, label_r1_r2, real_likelihood, relativistic_labels, resolution_scaled

LABELS = MultiLabel("abc")
C = torch.tensor([[1, 0, 0], [1, 1, 0], [0, 0, 0]], dtype=torch.uint8)
REAL, FAKE = torch.tensor([[1.0, 2, 3], [0, -1, 5], [1, 1, 1]]), torch.tensor([[0.5, 9, 9], [2, 1, 9], [7, 7, 7]])


def batch(real: Tensor = REAL, fake: Tensor = FAKE) -> KnownBatch:
    score = torch.zeros(3)
    return KnownBatch(score, score, condition=LABELS, c=C, real_logits=real, fake_logits=fake)


def test_the_label_game_sums_over_the_wanted_labels_alone() -> None:
    generator, discriminator = losses_of(relativistic_labels, batch())
    differences = torch.tensor([[1 - 0.5, 0, 0], [0 - 2, -1 - 1, 0], [0, 0, 0]])  # real less fake, if wanted
    none_wanted = (3 - C.sum(1)) * softplus(torch.zeros(()))
    torch.testing.assert_close(generator, softplus(differences).sum(1) - none_wanted)
    torch.testing.assert_close(discriminator, softplus(-differences).sum(1) - none_wanted)


def test_the_label_game_swaps_its_losses_with_real_and_fake() -> None:
    torch.testing.assert_close(
        losses_of(relativistic_labels, batch()), losses_of(relativistic_labels, batch(FAKE, REAL))[::-1]
    )


def test_real_likelihood_trains_d_on_real_images_only() -> None:
    assert list(real_likelihood.generator) == []
    torch.testing.assert_close(real_likelihood.discriminator["classification_real"](batch()), LABELS.nll(REAL, C))


def test_a_scaled_penalty_is_the_same_above_64x64() -> None:
    """D sees images by their means over 8x8 squares, so that an enlarged image is the same image to it."""
    weights = torch.randn(4, 3, 8, 8)

    def discriminator(image: Tensor, c: Tensor) -> DiscriminatorOutput:
        output = torch.einsum("nchw, kchw -> nk", adaptive_avg_pool2d(image, 8), weights).square()
        return DiscriminatorOutput(output[:, 0], output[:, 1:])

    def penalty(objective: Objective, side: int) -> Tensor:
        enlarged = (interpolate(image, side).requires_grad_() for image in images)
        return objective.discriminator["r1_r2"](Batch(discriminator, LABELS, C, *enlarged))

    images, scaled = torch.randn(2, 3, 3, 8, 8), resolution_scaled(label_r1_r2)
    torch.testing.assert_close(penalty(scaled, 128), penalty(scaled, 64), rtol=1e-5, atol=0)
    for side in (16, 64):
        torch.testing.assert_close(penalty(scaled, side), penalty(label_r1_r2, side), rtol=0, atol=0)


@pytest.mark.parametrize("one_pass", [False, True])
def test_the_penalty_of_labels_has_its_closed_form(one_pass: bool) -> None:
    """D is linear: the gradient is the sum of the weights of the score and of the wanted logits, on all images."""
    weights = torch.randn(4, 12)  # of the score and of three logits

    def linear(image: Tensor, c: Tensor) -> DiscriminatorOutput:
        output = image.flatten(1) @ weights.T
        return DiscriminatorOutput(output[:, 0], output[:, 1:])

    images = [torch.randn(3, 3, 2, 2, requires_grad=True) for _ in range(2)]
    penalty = label_r1_r2.discriminator["r1_r2"](Batch(linear, LABELS, C, *images, one_pass=one_pass))
    gradients = weights[0] + C.float() @ weights[1:]
    torch.testing.assert_close(penalty, 2 * gradients.square().sum(1))
