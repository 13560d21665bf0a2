"""The length of a run in minutes, which becomes a number of images."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from safetensors import safe_open

from condgan import run as run_module
from condgan import train as train_module
from condgan.budget import Budget
from condgan.data import Images
from condgan.files import read_json
from condgan.log import RunLog, Status
from condgan.run import Run
from condgan.train import Progress
from trainings import after_step, make_run

pytestmark = pytest.mark.usefixtures("log_every_two_steps")


def timed(
    monkeypatch: pytest.MonkeyPatch, run: Run, images: Images, minutes: float, *, max_kimg: float | None = None
) -> list[Status]:
    """Trains with a budget in minutes on a clock on which every step takes a second, and nothing else takes time."""
    AcceleratorState._reset_state(reset_partial_state=True)
    clock = {"seconds": 0.0}

    def slow_train(*args: Any) -> Iterator[Progress]:
        for progress in train_module.train(*args):
            clock["seconds"] += 1
            yield progress

    with monkeypatch.context() as patch:
        patch.setattr(run_module, "train", slow_train)
        patch.setattr("time.monotonic", lambda: clock["seconds"])
        patch.setattr(run_module, "LOG_STEPS", 1)
        return list(run.train(images, Budget(max_kimg, minutes), accelerator=Accelerator(cpu=True)))


def test_minutes_are_turned_into_planned_images(
    tmp_path: Path, images: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run(tmp_path / "run", images, minutes=1)
    statuses = timed(monkeypatch, run, images, 1)
    assert [status.step for status in statuses] == list(range(1, 61))
    config = read_json(run.folder / "run.json")
    assert (config["minutes"], config["planned_kimg"]) == (1, pytest.approx(60 * 0.004))
    assert statuses[-1].progress == 1
    assert statuses[29].progress == pytest.approx(0.5)  # schedules reach their end with the training
    assert [file.stem for file in run.checkpoints] == ["000000060"]


def test_the_header_of_the_model_holds_the_plan(
    tmp_path: Path, images: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run(tmp_path / "run", images, minutes=1)
    timed(monkeypatch, run, images, 1)
    with safe_open(str(run.folder / "generator.safetensors"), "pt") as file:
        assert json.loads(file.metadata()["run"])["planned_kimg"] == pytest.approx(60 * 0.004)


def test_a_plan_never_exceeds_the_budget_in_images(
    tmp_path: Path, images: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run(tmp_path / "run", images, minutes=1)
    assert timed(monkeypatch, run, images, 1, max_kimg=0.1)[-1].kimg == pytest.approx(0.1)
    assert read_json(run.folder / "run.json")["planned_kimg"] == 0.1


def test_minutes_may_be_more_than_the_epochs_of_the_recipe(
    tmp_path: Path, images: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run(tmp_path / "run", images, minutes=1, num_epochs=1)
    assert 2 * images.num_training / 1000 < 60 * 0.004
    assert [status.step for status in timed(monkeypatch, run, images, 1)] == list(range(1, 61))


def test_the_plan_is_estimated_before_it_is_made(
    tmp_path: Path, images: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    statuses = timed(monkeypatch, make_run(tmp_path / "run", images, minutes=10), images, 10)
    assert [status.progress for status in statuses[:30]] == pytest.approx([0, *(k / 600 for k in range(2, 31))])


def test_the_same_minutes_keep_the_plan_on_resume(
    tmp_path: Path, images: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run(tmp_path / "run", images, minutes=1)
    timed(monkeypatch, run, images, 1)
    before = read_json(run.folder / "run.json")
    resumed = make_run(tmp_path / "run", images, resume=True, minutes=1)
    assert timed(monkeypatch, resumed, images, 1) == []
    assert read_json(run.folder / "run.json") == before


def test_more_minutes_make_a_new_plan_on_resume(
    tmp_path: Path, images: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    timed(monkeypatch, make_run(tmp_path / "run", images, minutes=1), images, 1)
    resumed = make_run(tmp_path / "run", images, resume=True, minutes=2)
    steps = [status.step for status in timed(monkeypatch, resumed, images, 2)]
    assert steps == list(range(61, 121))
    config = read_json(tmp_path / "run" / "run.json")
    assert (config["minutes"], config["planned_kimg"]) == (2, pytest.approx(120 * 0.004))


def test_a_plan_survives_an_interrupt(tmp_path: Path, images: Images, monkeypatch: pytest.MonkeyPatch) -> None:
    run = make_run(tmp_path / "run", images, minutes=1)
    with monkeypatch.context() as patch:
        patch.setattr(RunLog, "add", after_step(40, lambda: os.kill(os.getpid(), signal.SIGINT)))
        with pytest.raises(KeyboardInterrupt):
            timed(monkeypatch, run, images, 1)
    assert [file.stem for file in run.checkpoints] == ["000000040"]
    planned = read_json(run.folder / "run.json")["planned_kimg"]
    resumed = make_run(tmp_path / "run", images, resume=True, minutes=1)
    assert [status.step for status in timed(monkeypatch, resumed, images, 1)] == list(range(41, 61))
    assert read_json(run.folder / "run.json")["planned_kimg"] == planned


def test_a_run_of_almost_no_minutes_stops_after_a_few_steps(tmp_path: Path, images: Images) -> None:
    run = make_run(tmp_path / "run", images, minutes=1e-9)
    assert len(list(run.train(images, Budget(kimg=1e9, minutes=1e-9), accelerator=Accelerator(cpu=True)))) == 1
    assert [file.stem for file in run.checkpoints] == ["000000002"]  # the first step is not timed
