"""Penalties on the gradient of the discriminator's score with respect to the image."""

import torch
from torch import Tensor

from condgan.draws import per_sample
from condgan.networks.gan import DiscriminatorOutput
from condgan.objectives.objective import Batch, Objective


def squared_gradient_norm(score: Tensor, image: Tensor) -> Tensor:
    """Squared norm of d score / d image summed over pixels, (N,). Mescheder et al. 2018, eq. 9.

    `image` must require gradients, and `score` (N,) must depend on it sample by sample.
    """
    (gradient,) = torch.autograd.grad(score.sum(), image, create_graph=True)
    return gradient.square().sum((1, 2, 3))


# Mescheder et al. 2018, eqs. 9 and 10, where the weight is gamma / 2.
r1 = Objective(discriminator={"r1": lambda b: squared_gradient_norm(b.real.score, b.real_image)})
r2 = Objective(discriminator={"r2": lambda b: squared_gradient_norm(b.fake.score, b.fake_image)})


def _with_labels(output: DiscriminatorOutput, b: Batch) -> Tensor:
    """The score plus the logits of all wanted values, (N,)."""
    return output.score + (b.condition.wanted(b.c) * b.condition.value_logits(output.logits)).sum(1)


def _label_r1_r2(b: Batch) -> Tensor:
    total = (_with_labels(b.real, b) + _with_labels(b.fake, b)).sum()
    gradients = torch.autograd.grad(total, (b.real_image, b.fake_image), create_graph=True)  # one pass for both
    real, fake = (gradient.square().sum((1, 2, 3)) for gradient in gradients)
    return real + fake


# R1 + R2 of the sum of realness and wanted logits, for games in which D's logits are adversarial too.
label_r1_r2 = Objective(discriminator={"r1_r2": _label_r1_r2})


def _distance_from_unit_norm(b: Batch) -> Tensor:
    t = per_sample(lambda n: torch.rand(n, 1, 1, 1, device=b.real_image.device), len(b.c))
    between = torch.lerp(b.real_image.detach(), b.fake_image.detach(), t).requires_grad_()
    squared_norm = squared_gradient_norm(b.discriminator(between, b.vector).score, between)
    return ((squared_norm + 1e-12).sqrt() - 1).square()  # the derivative of sqrt at 0 is infinite


# Gulrajani et al. 2017, eq. 3, where the weight is 10.
gradient_penalty = Objective(discriminator={"gradient_penalty": _distance_from_unit_norm})
