"""Recipes that get a reader with `with_reader`."""

from dataclasses import fields

import pytest
import torch
from torch import Tensor

from batches import FakeOnlyBatch
from condgan.conditions import MultiLabel
from condgan.errors import InputError
from condgan.objectives import Batch
from condgan.recipes import RECIPES, Recipe, acgan, build, layout, with_reader
from condgan.schedules import Schedule, linear
from condgan.state import TrainState, check_trainable
from condgan.train import pretrain, train
from contracts import leaves, state_of, tiny_images, tiny_options

READERLESS = [recipe for recipe in RECIPES if recipe != "layout"]
recipes = pytest.mark.parametrize("recipe", READERLESS)
LABELS = MultiLabel("abc")
C = torch.tensor([[1, 0, 0], [1, 1, 0]], dtype=torch.uint8)
LOGITS = torch.tensor([[-1.0, 2.0, 0.5], [1.0, 0.75, -2.0]])


def reader_loss(recipe: Recipe, progress: float = 0.0) -> Tensor:
    """The reader's term of G for given logits of the reader, (2,)."""
    batch = FakeOnlyBatch(torch.zeros(2))
    batch.condition, batch.c, batch.reader, batch.progress = LABELS, C, lambda image: LOGITS, progress
    return recipe.objective.generator["reader"](batch)


@pytest.mark.parametrize(
    ("weight", "at_a_quarter"), [(1, 1.0), (0.25, 0.25), (linear(4, 8), 5.0)], ids=["one", "quarter", "schedule"]
)
def test_the_readers_loss_is_multiplied_by_the_weight(weight: float | Schedule, at_a_quarter: float) -> None:
    found = reader_loss(with_reader(acgan(), weight=weight), progress=0.25)
    torch.testing.assert_close(found, at_a_quarter * LABELS.nll(LOGITS, C))


def test_the_defaults_are_those_of_layout() -> None:
    found, expected = with_reader(acgan()), layout()
    torch.testing.assert_close(reader_loss(found), reader_loss(expected))
    assert found.reader
    assert expected.reader
    assert found.reader.pretraining.kimg == expected.reader.pretraining.kimg == 90


@recipes
def test_a_reader_adds_one_term_of_the_generator_and_keeps_everything_else(recipe: str) -> None:
    plain = build(recipe, tiny_options(recipe))
    found = with_reader(plain)
    for field in fields(Recipe):
        if field.name not in ("objective", "reader"):
            assert getattr(found, field.name) is getattr(plain, field.name)
    assert list(found.objective.generator) == [*plain.objective.generator, "reader"]
    assert found.objective.generator.items() >= plain.objective.generator.items()
    assert found.objective.discriminator == plain.objective.discriminator
    assert found.objective.statistics == plain.objective.statistics
    assert plain.reader is None


def test_a_recipe_has_at_most_one_reader() -> None:
    with pytest.raises(ValueError, match="two terms are named 'reader'"):
        with_reader(layout())


@pytest.mark.parametrize(("kimg", "num_steps"), [(0.032, 1), (0.16, 5)])
def test_the_reader_learns_for_as_long_as_asked_before_the_game(kimg: float, num_steps: int) -> None:
    images = tiny_images("class")
    recipe = with_reader(build("dcgan", tiny_options("dcgan")), kimg=kimg)
    progress = [(p.phase, p.step, round(p.kimg, 6)) for p in pretrain(state_of(recipe, images), images)]
    assert progress == [("reader", step, round(0.032 * step, 6)) for step in range(1, num_steps + 1)]


def test_a_condition_without_labels_is_refused_with_a_reader() -> None:
    images = tiny_images("codes")
    recipe = build("acgan", tiny_options("acgan"))
    check_trainable(recipe, images)
    with pytest.raises(InputError, match="pretraining needs labels"):
        check_trainable(with_reader(recipe), images)


def first_step(recipe: Recipe) -> tuple[TrainState, dict[str, float]]:
    """The state after the first step of the game, and the losses of the step."""
    images = tiny_images("multi_label")
    state = state_of(recipe, images)
    list(pretrain(state, images))
    return state, {name: loss.item() for name, loss in next(train(state, images)).losses.items()}


@recipes
def test_a_reader_changes_what_the_generator_minimises_and_not_the_first_step_of_the_discriminator(recipe: str) -> None:
    """Training is random: weights, images, latents and dropout must be the same with and without a reader."""
    plain = build(recipe, tiny_options(recipe))
    without, losses = first_step(plain)
    state, found = first_step(with_reader(plain, kimg=0.064))
    assert found.keys() - losses.keys() == {"G/reader"}
    assert {name: loss for name, loss in found.items() if name[0] == "D"} == {
        name: loss for name, loss in losses.items() if name[0] == "D"
    }
    for a, b in zip(state.discriminator.parameters(), without.discriminator.parameters(), strict=True):
        assert torch.equal(a, b)
    generators = (leaves(each.generator.state_dict()) for each in (state, without))
    assert any(not torch.equal(a, b) for a, b in zip(*(weights.values() for weights in generators), strict=True))


@recipes
def test_the_reader_of_any_recipe_has_finite_gradients_for_the_generator(recipe: str) -> None:
    images = tiny_images("multi_label")
    state = state_of(with_reader(build(recipe, tiny_options(recipe)), kimg=0.064), images)
    list(pretrain(state, images))
    c = images.labels[:4]
    fake_image = state.generator(state.latents(4), state.condition.encode(c))
    batch = Batch(state.discriminator, state.condition, c, fake_image, fake_image, reader=state.reader)
    (gradient,) = torch.autograd.grad(state.recipe.objective.generator["reader"](batch).mean(), [fake_image])
    assert gradient.isfinite().all()
    assert all(gradient.flatten(1).abs().sum(1) > 0)
