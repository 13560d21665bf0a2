"""The reader: a classifier that is trained before the game, and what G learns from it."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import parameters_to_vector

from condgan.conditions import MultiLabel
from condgan.data import Images
from condgan.objectives import Objective, hinge, reader_classification, real_classification
from condgan.recipes import Reader, Recipe
from condgan.train import pretrain, train
from contracts import state_of, tiny_images, whole_training
from small_networks import (
    READER_STEPS,
    LinearReader,
    class_images,
    equal,
    pretraining,
    tiny_recipe,
    weights,
    with_both_phases,
)

images = class_images


def with_reader(**options: Any) -> Recipe:
    """ACGAN whose G also learns from a reader."""
    reader = Reader(network=LinearReader, pretraining=pretraining(READER_STEPS, **options))
    return tiny_recipe("acgan", objective=hinge + real_classification + reader_classification, reader=reader)


class FixedReader(nn.Module):
    """Gives every image the same logits."""

    def __init__(self, logits: Sequence[float], *shape: object):
        super().__init__()
        self.logits = nn.Parameter(torch.tensor(logits))

    def forward(self, image: Tensor) -> Tensor:
        return self.logits.expand(len(image), -1)


@pytest.mark.parametrize(
    ("label", "batch_size", "accuracy"),
    [((1, 0, 0), 1, 1.0), ((1, 1, 0), 1, 0.5), ((0, 1, 0), 4, 0.0), ((1, 1, 1), 4, 1.0), ((0, 0, 0), 4, 0.0)],
)
def test_the_accuracy_is_the_share_of_wanted_values_that_are_predicted(
    label: tuple[int, ...], batch_size: int, accuracy: float
) -> None:
    """All images have the same label, and the logits are largest for the first value and then the last."""
    images = tiny_images("multi_label", num_images=8)
    labels = torch.tensor(label, dtype=torch.uint8).expand(len(images), 3)
    images = replace(images, condition=MultiLabel("abc"), labels=labels, condition_lists={})
    reader = Reader(network=partial(FixedReader, (3.0, 0.0, 1.0)), pretraining=pretraining(1, batch_size))
    state = state_of(tiny_recipe("acgan", reader=reader), images)
    (progress,) = pretrain(state, images)
    assert progress.statistics["accuracy_real"] == accuracy
    assert not any(value.requires_grad for value in (*progress.losses.values(), *progress.statistics.values()))


def test_the_reader_is_frozen_after_pretraining(images: Images) -> None:
    state = state_of(with_both_phases(), images)
    list(pretrain(state, images))
    assert state.reader is not None
    assert not state.reader.training
    assert not any(parameter.requires_grad for parameter in state.reader.parameters())
    before = weights(state.reader)
    for progress in islice(train(state, images), 3):
        assert progress.losses["G/reader"].isfinite()
    assert equal(before, weights(state.reader))
    assert not any(parameter.grad is not None for parameter in state.reader.parameters())


def test_the_reader_trains_the_generator_and_not_the_discriminator(images: Images) -> None:
    recipe = with_reader()
    without = tiny_recipe("acgan", objective=hinge + real_classification, reader=recipe.reader)
    a, b = state_of(recipe, images), state_of(without, images)
    for state in (a, b):
        list(islice(whole_training(state, images), READER_STEPS + 1))
    # D's step comes first. Only the statistics of its batch norm also depend on the images in G's step.
    assert equal(list(a.discriminator.parameters()), list(b.discriminator.parameters()))
    assert not equal(list(a.generator.parameters()), list(b.generator.parameters()))


def test_the_reader_lowers_its_loss_of_the_generator(images: Images) -> None:
    """Without an adversarial loss of G, only the reader's remains."""
    discriminator_only = Objective(discriminator=hinge.discriminator)
    recipe = tiny_recipe("acgan", objective=discriminator_only + reader_classification, reader=with_reader().reader)
    state = state_of(recipe, images)
    list(pretrain(state, images))
    losses = [float(p.losses["G/reader"]) for p in islice(train(state, images), 60)]
    assert sum(losses[-10:]) < sum(losses[:10])


@pytest.mark.parametrize("max_norm", [0.01, 1e6])
def test_gradients_longer_than_the_limit_are_scaled_down_to_it(images: Images, max_norm: float) -> None:
    plain, limited = (
        state_of(with_reader(lr=1.0, **options), images) for options in ({}, {"max_gradient_norm": max_norm})
    )
    steps = []
    for state in (plain, limited):
        assert state.reader is not None
        before = parameters_to_vector(state.reader.parameters()).detach()
        next(pretrain(state, images))
        steps.append(parameters_to_vector(state.reader.parameters()).detach() - before)
    expected = steps[0] * min(1, max_norm / steps[0].norm())
    assert steps[0].norm() > 0.01
    torch.testing.assert_close(steps[1], expected)


def test_images_are_augmented_before_they_are_classified(images: Images) -> None:
    """Of black images nothing is learned: all have the same logits up to dropout."""
    shown: list[Tensor] = []

    def black(image: Tensor) -> Tensor:
        shown.append(image)
        return torch.full_like(image, -1)

    state = state_of(with_reader(augment=black), images)
    list(pretrain(state, images))
    assert [image.shape for image in shown] == [(8, 3, 16, 16)] * READER_STEPS
    assert all(-1 <= image.min() < image.max() <= 1 for image in shown)
    assert state.reader is not None
    torch.testing.assert_close(state.reader.state_dict()["norm.running_var"], torch.full((3,), 0.9**READER_STEPS))
