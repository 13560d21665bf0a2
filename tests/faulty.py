"""Recipes that fail in various ways, used as `faulty:diverging`."""

import os
import signal
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import count
from typing import Any

import torch
from pydantic import validate_call
from torch import Tensor

from condgan.networks.gan import Generator
from condgan.objectives import Batch, Objective, non_saturating
from condgan.recipes import Pretraining, Recipe, acgan, cdcgan
from condgan.recipes.recipe import adam


def _tiny(**options: Any) -> Recipe:
    return cdcgan(width=4, latent_dim=8, batch_size=4, **options)


def _with_hook(hook: Callable[[Batch], float]) -> Recipe:
    """A recipe that adds `hook(batch)` to every loss of D."""

    def term(b: Batch) -> Tensor:
        return torch.full_like(b.real.score, hook(b))

    return replace(_tiny(), objective=non_saturating + Objective(discriminator={"hook": term}))


@validate_call
def steady(*, num_epochs: int = 1000) -> Recipe:
    """Does not fail."""
    return _tiny(num_epochs=num_epochs)


@validate_call
def diverging(*, at_step: int = 6) -> Recipe:
    """A loss becomes NaN."""
    return _with_hook(lambda b: float("nan") if b.step >= at_step else 0.0)


@validate_call
def overflowing() -> Recipe:
    """The weights of G become infinite, in steps whose losses are finite."""
    return replace(_tiny(), generator_optimizer=partial(adam, lr=float("inf"), betas=(0.5, 0.999)))


@validate_call
def without_latent() -> Recipe:
    """G ignores its latent."""
    recipe = _tiny()

    def generator(*shape: Any) -> Generator:
        built = recipe.generator(*shape)
        built.conditioning.register_forward_pre_hook(lambda module, inputs: (0 * inputs[0], inputs[1]))
        return built

    return replace(recipe, generator=generator)


@validate_call
def interrupted(*, at_step: int = 6) -> Recipe:
    """The process receives SIGINT, as from Ctrl-C."""

    def interrupt(b: Batch) -> float:
        if b.step == at_step:
            os.kill(os.getpid(), signal.SIGINT)
        return 0.0

    return _with_hook(interrupt)


@validate_call
def pretrained(*, interrupt_at: int = 0) -> Recipe:
    """D is pretrained for four steps. The process receives SIGINT in one of them, counted from 1."""
    steps = count(1)

    def interrupt(image: Tensor) -> Tensor:
        if next(steps) == interrupt_at:
            os.kill(os.getpid(), signal.SIGINT)
        return image

    recipe = acgan(width=4, discriminator_width=4, latent_dim=8, embedding_dim=8, batch_size=4)
    pretraining = Pretraining(
        kimg=0.016, batch_size=4, optimizer=partial(adam, lr=1e-3, betas=(0.5, 0.999)), augment=interrupt
    )
    return replace(recipe, discriminator_pretraining=pretraining)
