"""Presets: that they are valid, and that each of them learns coloured shapes within a minute of one core."""

import inspect
from functools import cache

import pytest
import torch
from torch import Tensor

from condgan.conditions import Condition
from condgan.data import shapes
from condgan.data.dataset import to_uint8
from condgan.errors import InputError
from condgan.judge import Judge, small_judge, train_judge
from condgan.metrics import Estimate, code_accuracy, condition_accuracy
from condgan.recipes import RECIPES, build, resolve
from condgan.recipes.presets import DEFAULT_RECIPE, PRESETS, preset_options
from condgan.train import train
from contracts import state_of

NAMED = [(recipe, name) for recipe, presets in PRESETS.items() for name in presets]


def test_every_recipe_but_layout_has_a_preset_for_laptops() -> None:
    assert {recipe for recipe, name in NAMED if name == "laptop"} == set(RECIPES) - {"layout"}


def test_the_default_recipe_is_in_the_table() -> None:
    assert DEFAULT_RECIPE in RECIPES


@pytest.mark.parametrize(("recipe", "name"), NAMED)
def test_a_preset_changes_each_of_its_options(recipe: str, name: str) -> None:
    options = resolve(recipe, preset_options(recipe, name))
    assert preset_options(recipe, name)
    for option, value in preset_options(recipe, name).items():
        assert options[option] == value != inspect.signature(RECIPES[recipe]).parameters[option].default


def test_without_a_name_there_are_no_options() -> None:
    assert preset_options("acgan", None) == {}


@pytest.mark.parametrize(
    ("recipe", "name", "message"),
    [
        ("acgan", "labtop", "no such preset; did you mean 'laptop'. .known: laptop"),
        ("layout", "laptop", "recipe layout has no presets; use its defaults, or --set NAME=VALUE"),
        ("mine:recipe", "laptop", "recipe mine:recipe has no presets"),
    ],
)
def test_unknown_presets_are_refused(recipe: str, name: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        preset_options(recipe, name)


LEARNING = [  # kind and resolution of shapes, and thousands of images: at most a minute of one core
    ("cdcgan", "attributes", 8, 190),
    ("acgan", "class", 16, 70),
    ("acgan_attributes", "attributes", 8, 120),
    ("infogan", "codes", 16, 30),
    ("sagan", "attributes", 8, 140),
    ("dcgan", "class", 16, 80),
    ("wgan_gp", "class", 16, 60),
    ("projection", "attributes", 16, 35),
]


def test_every_preset_is_trained_by_a_test() -> None:
    assert {recipe for recipe, *_ in LEARNING} == {recipe for recipe, _ in NAMED}


@pytest.mark.slow
@pytest.mark.parametrize(("recipe", "kind", "resolution", "kimg"), LEARNING)
def test_the_preset_for_laptops_learns_shapes(recipe: str, kind: str, resolution: int, kimg: float) -> None:
    images = shapes(kind, resolution)
    state = state_of(build(recipe, preset_options(recipe, "laptop")), images, planned_kimg=kimg)
    for progress in train(state, images.part(held_out=False)):
        if progress.kimg >= kimg:
            break
    torch.manual_seed(1)
    c = state.condition.sample(images.labels[:960])
    with torch.no_grad():
        pictures = to_uint8(state.generator_ema.eval()(state.latents(len(c)), state.condition.encode(c)))
    judge = judge_of_shapes("class" if kind == "codes" else kind, resolution)
    chance = accuracy(judge, pictures, c.roll(1, dims=0), state.condition)  # the conditions of other images
    assert accuracy(judge, pictures, c, state.condition).low > 1.25 * chance.high


@cache
def judge_of_shapes(kind: str, resolution: int) -> Judge:
    """A classifier of shapes that was trained on other images than the generators."""
    images = shapes(kind, resolution, seed=1)
    torch.manual_seed(0)
    judge = small_judge(images.condition, resolution)
    for _ in train_judge(judge, images, num_epochs=3, seed=0):
        pass
    return judge


def accuracy(judge: Judge, pictures: Tensor, c: Tensor, condition: Condition) -> Estimate:
    """Share of the wanted values that the judge recognises; for codes, of images that show the label of their code."""
    samples = judge.classify(pictures, c)
    if condition.is_labelled:
        return condition_accuracy(samples, samples, condition)
    labels = judge.condition.describe_all(judge.condition.predict(samples.logits))
    return code_accuracy(condition.categories(c), labels).accuracy
