"""Presets: that they are valid, and that each of them learns coloured shapes within a minute of one core."""

import inspect

import pytest

from condgan.data import shapes
from condgan.errors import InputError
from condgan.recipes import RECIPES, build, resolve
from condgan.recipes.presets import DEFAULT_RECIPE, PRESETS, preset_options
from condgan.train import pretrain, train
from contracts import state_of
from learning import TASKS, learned

CHECKS = 8  # of a training, evenly spaced; it ends with the first that shows what has been learned
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
        ("layout", "laptop", "recipe layout has no such preset .known: classes"),
        ("mine:recipe", "laptop", "recipe mine:recipe has no presets; use its defaults, or --set NAME=VALUE"),
    ],
)
def test_unknown_presets_are_refused(recipe: str, name: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        preset_options(recipe, name)


def test_every_preset_is_trained_by_a_test() -> None:
    assert {(recipe, task.preset) for recipe, task in TASKS.items()} == set(NAMED)


@pytest.mark.slow
@pytest.mark.parametrize("recipe", TASKS)
def test_the_preset_learns_shapes(recipe: str) -> None:
    task = TASKS[recipe]
    images = shapes(task.kind, task.resolution)
    state = state_of(build(recipe, task.options(recipe)), images, planned_kimg=task.kimg)
    training, num_checks = images.part(held_out=False), 0
    for _ in pretrain(state, training):
        pass
    for progress in train(state, training):
        if progress.kimg >= task.kimg * (num_checks + 1) / CHECKS:
            num_checks += 1
            accuracy, chance = learned(state, task)
            if accuracy.low > 1.5 * chance.high:
                return
            assert num_checks < CHECKS, (accuracy, chance)
