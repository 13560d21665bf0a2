"""Penalties on the slope of the discriminator's score with respect to the image."""

import torch
from torch import Tensor

from condgan.objectives.objective import Objective, Round


def squared_slope(score: Tensor, image: Tensor) -> Tensor:
    """Squared norm of d score / d image, summed over pixels, (N,). Mescheder et al. 2018, eq. 9."""
    (gradient,) = torch.autograd.grad(score.sum(), image, create_graph=True)
    return gradient.square().sum((1, 2, 3))


# Mescheder et al. 2018, eqs. 9 and 10; the papers weigh them with gamma / 2.
r1 = Objective(discriminator={"r1": lambda r: squared_slope(r.real.score, r.real_image)})
r2 = Objective(discriminator={"r2": lambda r: squared_slope(r.fake.score, r.fake_image)})


def _distance_from_unit_slope(r: Round) -> Tensor:
    t = torch.rand(len(r.c), 1, 1, 1, device=r.real_image.device)
    between = torch.lerp(r.real_image.detach(), r.fake_image.detach(), t).requires_grad_()
    slope = (squared_slope(r.discriminator(between, r.vector).score, between) + 1e-12).sqrt()  # sqrt'(0) is infinite
    return (slope - 1).square()


# Gulrajani et al. 2017, eq. 3; the paper's weight is 10.
gradient_penalty = Objective(discriminator={"gradient_penalty": _distance_from_unit_slope})
