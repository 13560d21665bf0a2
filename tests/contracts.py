"""Every recipe and data set at a size that tests can afford, and comparisons of training states."""

import inspect
import io
from collections.abc import Iterator
from itertools import chain, islice
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from torch import Tensor

from condgan.data import Images, shapes
from condgan.data.shapes import KINDS
from condgan.recipes import RECIPES, Recipe, build
from condgan.state import TrainState
from condgan.train import Progress, pretrain, train

TINY: dict[str, Any] = {
    "width": 4,
    "discriminator_width": 4,
    "latent_dim": 8,
    "embedding_dim": 8,
    "batch_size": 4,
    "discriminator_steps": 2,
    "categorical": (),  # so that InfoGAN has the condition of the data set, like all others
    "continuous": 0,
    "num_free": 1,
    "reader_kimg": 0.192,
    "discriminator_kimg": 0.064,
}
REFUSED = [("layout", "codes")]  # pretraining needs labels
GAMES = [(recipe, kind) for recipe in RECIPES for kind in KINDS if (recipe, kind) not in REFUSED]


def tiny_options(recipe: str) -> dict[str, Any]:
    """Returns the options of a recipe that make it tiny."""
    return {name: size for name, size in TINY.items() if name in inspect.signature(RECIPES[recipe]).parameters}


def tiny_images(kind: str, resolution: int = 16, num_images: int = 40) -> Images:
    """Returns a few images of shapes with a kind of condition."""
    return shapes(kind, resolution, num_images=num_images)


def tiny_state(recipe: str, kind: str, seed: int = 0, **options: Any) -> tuple[TrainState, Images]:
    """Returns the state of a training before its first step, and its images."""
    images = tiny_images(kind)
    return state_of(build(recipe, tiny_options(recipe) | options), images, seed), images


def state_of(recipe: Recipe, images: Images, seed: int = 0, planned_kimg: float | None = None) -> TrainState:
    """Returns the state of a training of any recipe before its first step."""
    AcceleratorState._reset_state(reset_partial_state=True)
    return TrainState(recipe, images, seed, Accelerator(cpu=True), planned_kimg)


def run_steps(state: TrainState, images: Images, num_steps: int) -> list[dict[str, float]]:
    """Runs so many steps of the game, after pretraining, and returns their losses."""
    list(pretrain(state, images))
    return losses_at(train(state, images), num_steps)


def whole_training(state: TrainState, images: Images) -> Iterator[Progress]:
    """All phases of pretraining, then the game without end."""
    return chain(pretrain(state, images), train(state, images))


def losses_at(training: Iterator[Progress], num_steps: int) -> list[dict[str, float]]:
    """Returns the losses of the next steps of a training."""
    return [{name: loss.item() for name, loss in p.losses.items()} for p in islice(training, num_steps)]


def saved_and_loaded(state: TrainState) -> dict[str, Any]:
    """Returns the state as a checkpoint's file gives it back."""
    file = io.BytesIO()
    torch.save(state.state_dict(), file)
    file.seek(0)
    return torch.load(file, weights_only=True)  # type: ignore[no-any-return]


def leaves(tree: Any, path: str = "") -> dict[str, Tensor]:
    """Returns every tensor in a nested state, by its path."""
    if isinstance(tree, Tensor):
        return {path: tree}
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list | tuple) else ()
    return {name: leaf for key, value in items for name, leaf in leaves(value, f"{path}/{key}").items()}


def assert_same_state(a: TrainState, b: TrainState) -> None:
    """Asserts that two trainings are equal, bit for bit."""
    left, right = leaves(a.state_dict()), leaves(b.state_dict())
    assert left.keys() == right.keys()
    assert a.step == b.step
    for path, leaf in left.items():
        assert torch.equal(leaf, right[path]), path
