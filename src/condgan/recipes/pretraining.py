"""Pretraining on the labels of real images: of a reader, which any recipe can have, or of D."""

from dataclasses import replace
from functools import partial

from torch import nn
from torch.optim import AdamW, Optimizer

from condgan.networks.augment import RandomShift, with_noise
from condgan.networks.reader import Classifier
from condgan.objectives import reader_classification
from condgan.recipes.recipe import Pretraining, Reader, Recipe
from condgan.schedules import Schedule, triangle


def with_reader(recipe: Recipe, *, weight: float | Schedule = 0.5, kimg: float = 90) -> Recipe:
    """Adds a reader to a recipe: a classifier that learns the labels of real images before the game.

    G also minimises `weight` times the reader's negative log-likelihood of the condition. The reader is trained on
    `kimg` thousand images, shifted and slightly noisy.

    >>> from condgan.recipes import acgan, with_reader
    >>> list(with_reader(acgan(), weight=1).objective.generator)
    ['fake', 'classification_fake', 'reader']
    """
    shift = RandomShift(4)
    pretraining = Pretraining(
        kimg=kimg,
        batch_size=32,
        optimizer=partial(_adamw, peak=4e-3, weight_decay=0.05),
        augment=lambda image: with_noise(shift(image), 0.08),
    )
    return replace(
        recipe,
        objective=recipe.objective + weight * reader_classification,
        reader=Reader(network=Classifier, pretraining=pretraining),
    )


def discriminator_pretraining(kimg: float) -> Pretraining | None:
    """Pretraining of D's label head on `kimg` thousand slightly noisy images; none for 0.

    Gradients are clipped, because one large step at the highest learning rate can spoil a network without
    normalisation for good.
    """
    if not kimg:
        return None
    return Pretraining(
        kimg=kimg,
        batch_size=32,
        optimizer=partial(_adamw, peak=2e-3, weight_decay=0.01),
        max_gradient_norm=1,
        augment=partial(with_noise, scale=0.04),
    )


def _adamw(network: nn.Module, peak: float, weight_decay: float) -> Optimizer:
    groups = [{"params": network.parameters(), "lr": peak, "schedule": triangle(peak)}]
    return AdamW(groups, weight_decay=weight_decay, fused=True)
