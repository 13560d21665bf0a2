"""Trackers of experiments, `--log-with`: what they get, and what is said about those that are not there."""

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import torch
from accelerate import Accelerator
from accelerate.tracking import GeneralTracker
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from commands import TINY, Command, assert_input_error
from condgan import trackers
from condgan.budget import Budget
from condgan.data import Images
from condgan.generate import LoadedGenerator
from condgan.log import RunLog, read_lines
from condgan.run import Diverged
from condgan.train import Progress
from trainings import make_run


class Recorder(GeneralTracker):  # type: ignore[misc]
    """Keeps what it gets."""

    name = "recorder"
    requires_logging_directory = False

    def __init__(self, folder: Path, config: Mapping[str, Any]):
        super().__init__()
        self.config, self.logged, self.state = config, list[tuple[int | None, dict[str, float]]](), "made"

    @property
    def tracker(self) -> object:
        return self

    def start(self) -> None:
        self.state = "started"

    def log(self, values: dict[str, float], step: int | None = None, **more: Any) -> None:
        assert self.state == "started"
        self.logged.append((step, values))

    def finish(self) -> None:
        self.state = "finished"


@pytest.fixture
def recorders(monkeypatch: pytest.MonkeyPatch) -> list[Recorder]:
    """The recorders that trainings start with `--log-with json`, which is the name of a package that is installed."""
    made: list[Recorder] = []

    def make(folder: Path, config: Mapping[str, Any]) -> Recorder:
        made.append(Recorder(folder, config))
        return made[-1]

    monkeypatch.setitem(trackers.TRACKERS, "json", make)
    return made


def test_a_tracker_gets_what_the_logs_get(condgan: Command, tmp_path: Path, recorders: list[Recorder]) -> None:
    words = ["train", "cdcgan", "--data", "shapes", *TINY, "--steps", "3", "--runs", tmp_path, "--log-with", "json"]
    result = condgan(*words)
    assert result.code == 0, result.err
    (recorder,) = recorders
    assert recorder.state == "finished"
    assert json.loads(json.dumps(recorder.config)) == json.loads((tmp_path / "cdcgan" / "run.json").read_text())
    (line,) = read_lines(tmp_path / "cdcgan" / "log.jsonl")
    logged = {name: value for step, values in recorder.logged if step == 3 for name, value in values.items()}
    assert {name: logged[name] for name in ("D/real", "G/fake")} == {name: line[name] for name in ("D/real", "G/fake")}
    assert not (tmp_path / "cdcgan" / "tensorboard").exists()


def test_tensorboard_gets_the_losses_of_the_log_by_default(condgan: Command, tmp_path: Path) -> None:
    result = condgan("train", "cdcgan", "--data", "shapes", *TINY, "--steps", "3", "--runs", tmp_path)
    assert result.code == 0, result.err
    run = tmp_path / "cdcgan"
    (line,) = read_lines(run / "log.jsonl")
    (file,) = (run / "tensorboard").rglob("events.out.*")
    found = EventAccumulator(str(file.parent)).Reload()
    for name in ("D/real", "G/fake"):
        (event,) = found.Scalars(name)
        assert (event.step, event.value) == (3, pytest.approx(line[name]))


@pytest.mark.usefixtures("log_every_two_steps")
@pytest.mark.parametrize("recipe", ["faulty:steady", "faulty:diverging"])
def test_trackers_end_with_a_training_that_diverges_or_is_left(
    tmp_path: Path, images: Images, recorders: list[Recorder], recipe: str
) -> None:
    run = make_run(tmp_path / "run", images, recipe)
    statuses = run.train(images, Budget(kimg=0.1), accelerator=Accelerator(cpu=True), log_with=["json"])
    with suppress(Diverged):
        for _ in statuses:
            if recipe == "faulty:steady":
                break
    del statuses
    (recorder,) = recorders
    assert recorder.logged
    assert recorder.state == "finished"


def test_trackers_end_if_the_first_save_fails(tmp_path: Path, images: Images, recorders: list[Recorder]) -> None:
    def callback(generator: LoadedGenerator) -> dict[str, float]:
        raise RuntimeError

    run, options = make_run(tmp_path / "run", images), {"accelerator": Accelerator(cpu=True), "callback": callback}
    with pytest.raises(RuntimeError):
        list(run.train(images, Budget(kimg=0.1), log_with=["json"], **options))
    assert [recorder.state for recorder in recorders] == ["finished"]


def test_a_tracker_ends_if_another_one_cannot_start(
    tmp_path: Path, images: Images, recorders: list[Recorder], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken(Recorder):
        def start(self) -> None:
            raise RuntimeError

    monkeypatch.setitem(trackers.TRACKERS, "csv", Broken)
    statuses = make_run(tmp_path / "run", images).train(
        images, Budget(kimg=0.1), accelerator=Accelerator(cpu=True), log_with=["json", "csv"]
    )
    with pytest.raises(RuntimeError):
        next(statuses)
    assert [recorder.state for recorder in recorders] == ["finished"]


def test_steps_count_those_of_all_phases(tmp_path: Path) -> None:
    def write(log: RunLog, step: int, phase: str) -> None:
        progress = Progress(step, step * 0.004, {"loss": torch.tensor(1.0)}, {}, phase)
        log.add(progress)
        log.write(progress, seconds=1.0, share=0.5)

    first, second = Recorder(tmp_path, {}), Recorder(tmp_path, {})
    for recorder, resumed_from in ((first, {}), (second, {"reader": 50, "game": 20})):
        recorder.start()
        log = RunLog(tmp_path / str(len(resumed_from)), resumed_from, False)
        log.trackers = [recorder]
        log.is_main_process = True
        log.folder.mkdir()
        if not resumed_from:
            for step in (25, 50):
                write(log, step, "reader")
        for step in (30, 40):
            write(log, step, "game")
            log.score({"score": 1.0}, step, step * 0.004, 1.0)
    assert [step for step, _ in first.logged] == [25, 50, 80, 80, 90, 90]
    assert [step for step, _ in second.logged] == [80, 80, 90, 90]


def test_unknown_trackers_and_missing_packages_are_reported(
    condgan: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["train", "cdcgan", "--data", "shapes", *TINY, "--runs", tmp_path / "runs", "--log-with"]
    assert_input_error(condgan(*words, "wandbb"), "--log-with: found 'wandbb'", "did you mean 'wandb'")
    monkeypatch.setattr(trackers, "find_spec", lambda name: None)
    assert_input_error(condgan(*words, "trackio"), "--log-with trackio", "pip install trackio")
    assert not (tmp_path / "runs").exists()
