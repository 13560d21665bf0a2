"""The tables whose every entry must keep the contract, at a size that a test can afford."""

import inspect
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from torch import Tensor

from condgan.data import Images, shapes
from condgan.data.shapes import KINDS
from condgan.recipes import RECIPES, build
from condgan.state import TrainState
from condgan.train import train

TINY: dict[str, Any] = {
    "width": 4,
    "discriminator_width": 4,
    "latent_dim": 8,
    "embedding_dim": 8,
    "batch_size": 4,
    "discriminator_steps": 2,
    "categorical": (),  # InfoGAN obeys the kind at hand, and codes where that is codes
    "continuous": 0,
}
GAMES = [(recipe, kind) for recipe in RECIPES for kind in KINDS]


def tiny_options(recipe: str) -> dict[str, Any]:
    """Those of the tiny set-up that are options of the recipe."""
    return {name: size for name, size in TINY.items() if name in inspect.signature(RECIPES[recipe]).parameters}


def tiny_images(kind: str, resolution: int = 16, num_images: int = 40) -> Images:
    return shapes(kind, resolution, num_images=num_images)


def tiny_state(recipe: str, kind: str, seed: int = 0, **options: Any) -> tuple[TrainState, Images]:
    """TrainState before their first step, and the images they play on."""
    AcceleratorState._reset_state(reset_partial_state=True)
    images = tiny_images(kind)
    return TrainState(build(recipe, tiny_options(recipe) | options), images, seed, Accelerator(cpu=True)), images


def run_steps(state: TrainState, images: Images, num_steps: int) -> list[dict[str, float]]:
    """Losses of so many steps."""
    game = train(state, images)
    return [{name: loss.item() for name, loss in next(game).losses.items()} for _ in range(num_steps)]


def leaves(tree: Any, path: str = "") -> dict[str, Tensor]:
    """Every tensor in a nested state, by its path."""
    if isinstance(tree, Tensor):
        return {path: tree}
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list | tuple) else ()
    return {name: leaf for key, value in items for name, leaf in leaves(value, f"{path}/{key}").items()}


def assert_same_state(a: TrainState, b: TrainState) -> None:
    left, right = leaves(a.state_dict()), leaves(b.state_dict())
    assert left.keys() == right.keys()
    assert a.step == b.step
    for path, leaf in left.items():
        assert torch.equal(leaf, right[path]), path
