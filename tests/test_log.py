import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from condgan.errors import InputError
from condgan.log import RunLog, read_lines
from condgan.state import GAME
from condgan.train import Progress


def progress(step: int, loss: float, phase: str = GAME) -> Progress:
    """The progress of a step of four images."""
    losses, statistics = {"D/real": torch.tensor(loss)}, {"D(x)": torch.tensor(loss / 2)}
    return Progress(step, step * 0.004, losses, statistics, phase)


def write(log: RunLog, step: int, loss: float = 1.0, phase: str = GAME) -> dict[str, float]:
    log.add(progress(step, loss, phase))
    return dict(log.write(progress(step, loss, phase), seconds=1.0, share=0.5).losses)


def steps(file: Path) -> list[int]:
    return [line["step"] for line in read_lines(file)]


def test_a_line_holds_the_means_since_the_last_line(tmp_path: Path) -> None:
    log = RunLog(tmp_path, {}, True)
    log.add(progress(1, 1.0))
    assert write(log, 2, 2.0) == {"D/real": 1.5, "D(x)": 0.75}
    assert write(log, 3, 5.0) == {"D/real": 5.0, "D(x)": 2.5}
    lines = read_lines(tmp_path / "log.jsonl")
    assert [line["D/real"] for line in lines] == [1.5, 5.0]
    assert list(lines[0]) == ["step", "kimg", "seconds", "images_per_second", "D/real", "D(x)"]


def test_speed_counts_the_images_since_the_last_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [10.0]
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    log = RunLog(tmp_path, {GAME: 4}, True)
    clock[0] += 100  # before the training
    log.start()
    for step in (5, 6):
        clock[0] += 2
        log.add(progress(step, 1.0))
    log.write(progress(6, 1.0), seconds=1.0, share=0.5)
    assert log.images_per_second == pytest.approx(8 / 4)
    clock[0] += 1
    write(log, 7)
    assert log.images_per_second == pytest.approx(4 / 1)


def test_losses_that_are_not_finite_are_null_in_the_file(tmp_path: Path) -> None:
    means = write(RunLog(tmp_path, {}, True), 1, float("nan"))
    assert means["D/real"] != means["D/real"]
    assert json.loads((tmp_path / "log.jsonl").read_text())["D/real"] is None


def test_a_line_does_not_depend_on_where_a_run_was_saved_and_continued(tmp_path: Path) -> None:
    first, whole = RunLog(tmp_path / "first", {}, False), RunLog(tmp_path / "whole", {}, False)
    for log in (first, whole):
        log.add(progress(1, 1.0))
    second = RunLog(tmp_path / "second", {GAME: 1}, False)
    second.load_state_dict(first.state_dict())
    assert first.means() == second.means() == {"D/real": 1.0, "D(x)": 0.5}
    assert write(second, 2, 0.3) == write(whole, 2, 0.3)


def test_a_last_line_without_an_end_is_left_out(tmp_path: Path) -> None:
    file = tmp_path / "log.jsonl"
    file.write_text('{"step": 1, "kimg": 0.004}\n{"step": 2, "ki')
    assert steps(file) == [1]


def test_pretraining_has_its_own_file(tmp_path: Path) -> None:
    log = RunLog(tmp_path, {}, True)
    write(log, 1, phase="reader")
    write(log, 1)
    assert [line["phase"] for line in read_lines(tmp_path / "pretraining.jsonl")] == ["reader"]
    assert "phase" not in read_lines(tmp_path / "log.jsonl")[0]


def test_only_the_main_process_writes(tmp_path: Path) -> None:
    assert write(RunLog(tmp_path, {}, False), 1) == {"D/real": 1.0, "D(x)": 0.5}
    assert list(tmp_path.iterdir()) == []


def test_lines_after_the_steps_of_the_checkpoint_are_removed(tmp_path: Path) -> None:
    log = RunLog(tmp_path, {}, True)
    for step in (1, 2, 3):
        write(log, step, phase="reader")
        write(log, step)
    for step in (0, 1, 2, 3):
        log.score({"score": 1.0}, step, step * 0.004, 1.0)
    RunLog(tmp_path, {GAME: 1, "reader": 2}, True)
    assert steps(tmp_path / "log.jsonl") == [1]
    assert steps(tmp_path / "pretraining.jsonl") == [1, 2]
    assert steps(tmp_path / "scores.jsonl") == [0, 1]


def test_step_0_is_kept_by_a_run_that_continues_during_pretraining(tmp_path: Path) -> None:
    RunLog(tmp_path, {}, True).score({"score": 1.0}, 0, 0.0, 1.0)
    RunLog(tmp_path, {GAME: 0, "reader": 2}, True)
    assert steps(tmp_path / "scores.jsonl") == [0]


def test_a_run_without_a_checkpoint_starts_with_empty_logs(tmp_path: Path) -> None:
    log = RunLog(tmp_path, {}, True)
    log.score({"score": 1.0}, 0, 0.0, 1.0)
    write(log, 1)
    write(log, 1, phase="reader")
    RunLog(tmp_path, {}, True)
    assert [read_lines(tmp_path / f"{name}.jsonl") for name in ("log", "pretraining", "scores")] == [[], [], []]


def test_a_file_that_does_not_exist_has_no_lines(tmp_path: Path) -> None:
    assert read_lines(tmp_path / "log.jsonl") == []


@pytest.mark.parametrize("broken", ['{"step": 1, "kimg"', "[1, 2]", '{"step": 1}', "null"])
def test_a_broken_line_is_reported_with_its_number(tmp_path: Path, broken: str) -> None:
    file = tmp_path / "log.jsonl"
    file.write_text(json.dumps({"step": 1, "kimg": 0.004}) + "\n" + broken + "\n")
    with pytest.raises(InputError, match=r"log\.jsonl, line 2: .*expected an object with step, kimg and numbers"):
        read_lines(file)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full, a file on a full disk")
@pytest.mark.parametrize(
    ("name", "write_a_line"),
    [
        ("log.jsonl", lambda log: write(log, 2)),
        ("pretraining.jsonl", lambda log: write(log, 2, phase="reader")),
        ("scores.jsonl", lambda log: log.score({"accuracy": 0.5}, step=0, kimg=0.0, seconds=0.0)),
    ],
)
def test_a_line_that_does_not_fit_on_the_disk_is_reported_with_its_file(
    tmp_path: Path, name: str, write_a_line: Callable[[RunLog], object]
) -> None:
    log = RunLog(tmp_path, {}, True)
    (tmp_path / name).symlink_to("/dev/full")
    with pytest.raises(InputError, match=rf"cannot write .*{name}: No space left on device; free some space"):
        write_a_line(log)
