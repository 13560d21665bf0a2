"""Runs that a test trains within its own process, a few steps of four images long."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from torch import Tensor

from condgan import run as run_module
from condgan.budget import Budget
from condgan.callbacks import Callback
from condgan.config import Config
from condgan.data import Images
from condgan.log import RunLog, Status
from condgan.outputs import Previews
from condgan.run import Run
from condgan.saves import Keep
from condgan.train import Progress
from contracts import leaves, tiny_images

EVERY_STEP = 1e-9  # minutes


@pytest.fixture
def log_every_two_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Instead of every fifty, which a test would have to wait for."""
    monkeypatch.setattr(run_module, "LOG_STEPS", 2)


@pytest.fixture(scope="module")
def images() -> Images:
    """Forty images of shapes, each with a set of labels."""
    return tiny_images("multi_label")


def train(
    run: Run,
    images: Images,
    steps: int,
    save_minutes: float = 5,
    callback: Callback | None = None,
    keep: Keep | None = None,
    previews: Previews | None = None,
) -> list[Status]:
    """Trains up to a step, of four images each."""
    AcceleratorState._reset_state(reset_partial_state=True)
    options: dict[str, Any] = {"save_minutes": save_minutes, "callback": callback, "keep": keep, "previews": previews}
    return list(run.train(images, Budget(kimg=steps * 0.004), accelerator=Accelerator(cpu=True), **options))


def after_step(step: int, do: Callable[[], object], phase: str = "game") -> Callable[[RunLog, Progress], None]:
    """Returns `RunLog.add`, which is called after every step, that also does something after a step of a phase."""
    add = RunLog.add

    def add_and_do(log: RunLog, progress: Progress) -> None:
        add(log, progress)
        if (progress.phase, progress.step) == (phase, step):
            do()

    return add_and_do


def make_run(
    folder: Path,
    images: Images,
    recipe: str = "faulty:steady",
    *,
    resume: bool = False,
    seed: int = 0,
    minutes: float | None = None,
    **options: Any,
) -> Run:
    """Creates or resumes a run with these options of the recipe."""
    return Run(folder, Config.of(recipe, options, "shapes", images, seed, "no", minutes=minutes), resume=resume)


def log_lines(run: Run) -> list[dict[str, float]]:
    """Returns the lines of the log of a run."""
    return [json.loads(line) for line in (run.folder / "log.jsonl").read_text().splitlines()]


def final_state(run: Run) -> dict[str, Tensor]:
    """Returns every tensor of the newest checkpoint, by its path."""
    return leaves(torch.load(run.checkpoints[-1], weights_only=True)["state"])


def assert_same_final_state(a: Run, b: Run) -> None:
    """Asserts that the newest checkpoints of two runs are equal, bit for bit."""
    left, right = final_state(a), final_state(b)
    assert left.keys() == right.keys()
    assert [name for name in left if not torch.equal(left[name], right[name])] == []
