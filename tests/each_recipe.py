"""Trains each recipe and a judge for a few steps, small, but with all that a game can have: pretraining, penalties that
are computed in some steps only, averages, batches that two processes cannot share evenly.

python -m each_recipe FILE     saves the networks; also with torchrun
python -m each_recipe A B      prints the largest difference between two such files
"""

import sys
from collections.abc import Mapping
from dataclasses import replace
from itertools import islice
from typing import Any

import torch

from condgan.data import Images
from condgan.judge import small_judge, train_judge
from condgan.processes import accelerator, joined
from condgan.recipes import RECIPES, Recipe, build, with_reader
from condgan.state import TrainState
from contracts import leaves, tiny_images, tiny_options, whole_training

JUDGE = "judge"
NUM_STEPS = 5  # of the game; penalties of every fourth step are computed in two of them
OPTIONS: Mapping[str, dict[str, Any]] = {
    "infogan": {"categorical": (3,), "continuous": 2, "augment": 0.2, "batch_size": 6},
    "sagan": {"batch_size": 5},
    "cdcgan": {"batch_size": 7},
}


def game(name: str) -> tuple[Recipe, Images]:
    """Returns a recipe of the table at a small size, and images for it."""
    images = tiny_images("attributes" if name == "acgan_attributes" else "multi_label")
    # Without held-out images: with these batches, steps do not enlarge rounding errors. With others, `projection` may
    # differ by 1e-3 in float32 after the second step, and by 1e-15 in float64.
    images = replace(images, held_out=torch.zeros_like(images.held_out))
    options = tiny_options(name) | {"ema_half_life_kimg": 0.01} | OPTIONS.get(name, {})
    recipe = build(name, options)
    return with_reader(recipe, kimg=0.192) if name == "dcgan" else recipe, images


def trained(name: str) -> dict[str, Any]:
    """Returns networks and averages after training, and the losses and statistics of the last step."""
    if name == JUDGE:
        return trained_judge()
    recipe, images = game(name)
    state = TrainState(recipe, images, 0, accelerator())
    phases = [phase.optimizer for phase in state.phases]
    for optimizer in (state.generator_optimizer, state.discriminator_optimizer, *phases):
        for group in optimizer.param_groups:
            # Adam divides by the size of a gradient. By default it makes a whole step of a rounding error, which is all
            # that is left of a gradient of zero, e.g. of a bias in front of batch norm.
            group["eps"] = 1e-3
    steps = sum(phase.num_steps for phase in state.phases) + NUM_STEPS
    *_, last = islice(whole_training(state, images), steps)
    networks = {name: part for name, part in state.state_dict().items() if "optimizer" not in name and name != "phases"}
    return {"state": networks, "losses": {**last.losses, **last.statistics}}


def trained_judge() -> dict[str, Any]:
    """Returns the statistics of batch norm of a small judge, and the losses of its steps.

    They follow from its weights, which are left out as its Adam makes steps of rounding errors, see `trained`.
    """
    images = tiny_images("multi_label")
    torch.manual_seed(0)
    judge = small_judge(images.condition, images.resolution)
    steps = list(train_judge(judge, images, num_epochs=2, seed=0, batch_size=15))
    return {"state": dict(judge.named_buffers()), "losses": torch.tensor([step.loss for step in steps])}


def differences(one: Any, other: Any) -> dict[str, float]:
    """Returns the largest difference of each tensor, relative to its largest value, but at least to 0.01."""
    left, right = leaves(one), leaves(other)
    assert left.keys() == right.keys()
    pairs = {path: (left[path], right[path]) for path in left}
    return {path: float((a - b).abs().max() / a.abs().max().clamp(min=0.01)) for path, (a, b) in pairs.items()}


if __name__ == "__main__":
    file, *others = sys.argv[1:]
    if others:
        one, other = (torch.load(each, weights_only=True) for each in (file, others[0]))
        for name in one:
            print(f"{name:17} {max(differences(one[name], other[name]).values()):.0e}")
    else:
        with joined() as process:
            found = {name: trained(name) for name in (*RECIPES, JUDGE)}
            if process.is_main_process:
                torch.save(found, file)
