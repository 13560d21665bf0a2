"""Trains presets on coloured shapes, some with a planted fault, and prints what they learned and were warned of.

    python benchmarks/presets.py [RECIPE ...] [--seeds 1 2] [--faults none ...] [--set NAME=VALUE ...] [--share 1]

A training is as long as that of tests/recipes/test_presets.py times `--share`, and is measured at ten saves. `ratio` is
what that test compares with 1.5: the lower end of the accuracy's interval over the upper end of chance's. Prints one
line for each training, with the time of one core.
"""

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from condgan.data import shapes
from condgan.diagnostics import findings, measure
from condgan.networks.gan import Generator
from condgan.recipes import Recipe, build
from condgan.train import pretrain, train
from contracts import state_of
from learning import TASKS, learned

LOG_STEPS, NUM_SAVES = 50, 10
Make = Callable[..., Any]


def rates(factor: float, make: Make) -> Make:
    """Multiplies the learning rates of an optimizer."""

    def made(network: nn.Module) -> Optimizer:
        optimizer: Optimizer = make(network)
        for group in optimizer.param_groups:
            group["lr"] = group["schedule"] = factor * group["lr"]
        return optimizer

    return made


def without(position: int, make: Make) -> Make:
    """Replaces the latent (0) or the condition (1) by zeros before they enter the generator."""

    def zeros(module: nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(0 * value if i == position else value for i, value in enumerate(inputs))

    def made(*shape: Any) -> Generator:
        generator: Generator = make(*shape)
        generator.conditioning.register_forward_pre_hook(zeros)
        if position == 1:  # also where the body takes the condition
            generator.body.register_forward_pre_hook(zeros)
        return generator

    return made


def scaled(recipe: Recipe, generator: float, discriminator: float) -> Recipe:
    """Multiplies the learning rates of G and of D."""
    return replace(
        recipe,
        generator_optimizer=rates(generator, recipe.generator_optimizer),
        discriminator_optimizer=rates(discriminator, recipe.discriminator_optimizer),
    )


FAULTS: dict[str, Callable[[Recipe], Recipe]] = {
    "none": lambda recipe: recipe,
    "rates x 100": lambda recipe: scaled(recipe, 100, 100),
    "rate of D 0": lambda recipe: scaled(recipe, 1, 0),
    "rate of G 0": lambda recipe: scaled(recipe, 0, 1),
    "no latent": lambda recipe: replace(recipe, generator=without(0, recipe.generator)),
    "no condition": lambda recipe: replace(recipe, generator=without(1, recipe.generator)),
}


def main() -> None:
    """Prints a line for each training."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipes", nargs="*", metavar="RECIPE")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--faults", nargs="+", choices=FAULTS, default=["none"])
    parser.add_argument("--set", nargs="+", default=[], metavar="NAME=VALUE", dest="options")
    parser.add_argument("--share", type=float, default=1.0)
    parsed = parser.parse_args()
    torch.set_num_threads(1)
    for name in parsed.recipes or TASKS:
        options = {**TASKS[name].options(name), **dict(option.split("=") for option in parsed.options)}
        for fault in parsed.faults:
            for seed in parsed.seeds:
                result = trained(name, FAULTS[fault](build(name, options)), seed, parsed.share)
                print(f"{name}, fault {fault}, seed {seed}: {result}", flush=True)


def trained(name: str, recipe: Recipe, seed: int, share: float) -> str:
    """Trains a recipe and returns its accuracy, its warnings and the time it took."""
    task, started = TASKS[name], time.process_time()
    kimg, images = share * task.kimg, shapes(task.kind, task.resolution)
    training = images.part(held_out=False)
    state = state_of(recipe, images, seed, planned_kimg=kimg)
    log: list[dict[str, float]] = []
    saves: list[dict[str, float]] = []
    sums: dict[str, Any] = {}
    for _ in pretrain(state, training):
        pass
    for progress in train(state, training):
        for term, loss in progress.losses.items():
            sums[term] = sums.get(term, 0.0) + loss / LOG_STEPS
        if progress.step % LOG_STEPS == 0:
            log.append({"step": progress.step, "kimg": progress.kimg, **{term: float(s) for term, s in sums.items()}})
            if not all(abs(value) < float("inf") for value in log[-1].values()):
                return f"not finite at step {progress.step}"
            sums = {}
        if progress.kimg >= kimg * (len(saves) + 1) / NUM_SAVES:
            saves.append({"step": progress.step, "kimg": progress.kimg, **measure(state, training)})
            if len(saves) == NUM_SAVES:
                break
    found = [finding.kind for finding in findings(log, saves)]
    accuracy, chance = learned(state, task)
    last = ", ".join(f"{key} {value:.2f}" for key, value in saves[-1].items() if key not in ("step", "kimg"))
    text = f"accuracy {accuracy}, chance {chance}, ratio {accuracy.low / chance.high:.2f}"
    return f"{text}; warnings {found or 'none'}; {last}; {time.process_time() - started:.0f} s"


if __name__ == "__main__":
    main()
