"""Penalties on the gradient of the discriminator's score with respect to the image."""

import torch
from torch import Tensor

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


def _distance_from_unit_norm(b: Batch) -> Tensor:
    t = torch.rand(len(b.c), 1, 1, 1, device=b.real_image.device)
    between = torch.lerp(b.real_image.detach(), b.fake_image.detach(), t).requires_grad_()
    squared_norm = squared_gradient_norm(b.discriminator(between, b.vector).score, between)
    return ((squared_norm + 1e-12).sqrt() - 1).square()  # the derivative of sqrt at 0 is infinite


# Gulrajani et al. 2017, eq. 3, where the weight is 10.
gradient_penalty = Objective(discriminator={"gradient_penalty": _distance_from_unit_norm})
