import math
import runpy
from pathlib import Path

import pytest
import torch
from PIL import Image

from condgan.ablate import read
from condgan.conditions import Class
from condgan.errors import InputError
from condgan.recipes import Recipe, build, resolve
from condgan.recipes.presets import preset_options
from contracts import run_steps, state_of, tiny_images

EXAMPLES = Path(__file__).parents[1] / "examples"


def test_follow_shapes_writes_eight_images_of_each_condition(tmp_path: Path) -> None:
    out = tmp_path / "shapes.png"
    runpy.run_path(str(EXAMPLES / "follow_shapes.py"))["main"](0.128, out)
    with Image.open(out) as picture:
        assert picture.width > 8 * 128
        assert picture.height > 3 * 128


READ = ("acgan", "dcgan", "projection")
read_recipes = pytest.mark.parametrize("recipe", READ)


@pytest.fixture
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Recipes of examples/ can be imported, as where commands are started in the folder above."""
    monkeypatch.syspath_prepend(EXAMPLES.parent)


def described(recipe: Recipe) -> list[str]:
    """Layers, sizes of weights, optimizers and numbers of a recipe."""
    with torch.device("meta"):
        networks = recipe.generator(Class("ab"), 16, 3), recipe.discriminator(Class("ab"), 16, 3)
    optimizers = recipe.generator_optimizer(networks[0]), recipe.discriminator_optimizer(networks[1])
    shapes = [tuple(parameter.shape) for network in networks for parameter in network.parameters()]
    groups = [{**group, "params": None} for optimizer in optimizers for group in optimizer.param_groups]
    numbers = {name: value for name, value in vars(recipe).items() if isinstance(value, int | float)}
    return [str(part) for part in (*networks, shapes, groups, numbers)]


@read_recipes
@pytest.mark.usefixtures("importable")
def test_recipes_with_a_reader_are_the_laptop_presets_and_a_reader(recipe: str) -> None:
    plain, found = build(recipe, preset_options(recipe, "laptop")), build(f"examples.readers:{recipe}", {})
    assert described(found) == described(plain)
    assert list(found.objective.generator) == [*plain.objective.generator, "reader"]
    assert list(found.objective.discriminator) == list(plain.objective.discriminator)


@read_recipes
@pytest.mark.usefixtures("importable")
def test_recipes_with_a_reader_are_trained_with_their_options(recipe: str) -> None:
    losses = []
    for weight in ("0.5", "2"):
        options = {"reader_weight": weight, "reader_kimg": "0.128"}
        state = state_of(build(f"examples.readers:{recipe}", options), images := tiny_images("multi_label"))
        (step,) = run_steps(state, images, num_steps=1)
        assert all(map(math.isfinite, step.values()))
        assert [(phase.name, phase.step) for phase in state.phases] == [("reader", 2)]
        losses.append(step["G/reader"])
    assert losses[1] == pytest.approx(4 * losses[0])


@pytest.mark.parametrize("option", ["reader_weight", "reader_kimg"])
@pytest.mark.usefixtures("importable")
def test_a_reader_that_would_not_count_is_refused(option: str) -> None:
    with pytest.raises(InputError, match=f"option {option}: found '0'"):
        build("examples.readers:acgan", {option: "0"})


@pytest.mark.usefixtures("importable")
def test_the_ablation_of_layout_compares_laptop_presets_with_and_without_a_reader() -> None:
    variants = read(EXAMPLES / "layout.yaml").variants
    for recipe in READ:
        plain, with_reader = variants[recipe], variants[f"{recipe}_with_reader"]
        assert resolve(plain.recipe, plain.options) == resolve(recipe, preset_options(recipe, "laptop"))
        assert with_reader.recipe == f"examples.readers:{recipe}"
