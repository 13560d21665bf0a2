"""The files of a run agree with each other, whatever was interrupted, deleted or changed."""

import hashlib
import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from condgan import files
from condgan.data import Images
from condgan.errors import InputError
from condgan.files import read_json
from condgan.generate import load
from condgan.lock import locked
from condgan.log import RunLog
from saved_runs import content_of, parsed, train
from trainings import after_step

pytestmark = pytest.mark.usefixtures("log_every_two_steps")


def test_a_save_lists_the_hashes_of_its_files(uninterrupted: Path) -> None:
    older, newer = read_json(uninterrupted / "saves.json")["saves"]
    assert [older["checkpoint"], newer["checkpoint"]] == ["checkpoints/000000004.pt", "checkpoints/000000005.pt"]
    assert newer["files"].keys() == {newer["checkpoint"], "generator.safetensors", "samples/000000005.png"}
    for name, found in newer["files"].items():
        assert hashlib.sha256((uninterrupted / name).read_bytes()).hexdigest() == found
    assert newer["processes"] == 1


class Killed(BaseException):
    """Ends a training like a kill: nothing is written after it."""


def kill_at(number: int, patch: pytest.MonkeyPatch) -> None:
    """Ends the process before or after a file operation, counted from 1."""
    counted, open_file = {"operations": 0}, Path.open

    def counting(operation: Callable[..., Any]) -> Callable[..., Any]:
        def replaced(*args: Any, **options: Any) -> Any:
            counted["operations"] += 1
            if counted["operations"] == number:
                raise Killed
            done = operation(*args, **options)
            if operation is open_file:
                return done  # a file that nobody closes is a warning of Python
            counted["operations"] += 1
            if counted["operations"] == number:
                raise Killed
            return done

        return replaced

    for owner, name in ((Path, "replace"), (Path, "unlink"), (Path, "open"), (os, "fsync")):
        patch.setattr(owner, name, counting(getattr(owner, name)))


@pytest.mark.parametrize("number", range(3, 120, 13))
def test_a_run_killed_at_a_file_operation_and_resumed_has_the_same_files(
    uninterrupted: Path, tmp_path: Path, images: Images, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    with monkeypatch.context() as patch:
        kill_at(number, patch)
        with pytest.raises(Killed):
            train(tmp_path / "run", images)
    train(tmp_path / "run", images)
    assert content_of(tmp_path / "run") == content_of(uninterrupted)


LEFT = ".0123456789abcdef.tmp"  # the end of the name of a temporary file


def test_a_run_killed_while_it_was_created_is_created_again(tmp_path: Path, images: Images) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / f".run.json{LEFT}").write_text('{"format"')
    (tmp_path / "run" / ".lock").write_text("process 123 on elsewhere")
    run = train(tmp_path / "run", images, steps=1)
    assert [file.name for file in run.folder.iterdir() if file.name.startswith(".")] == []


def test_temporary_files_of_killed_processes_are_removed_and_those_of_others_are_not(
    tmp_path: Path, images: Images
) -> None:
    run = train(tmp_path / "run", images, steps=1)
    left = [run.folder / f".generator.safetensors{LEFT}", run.folder / "checkpoints" / f".000000002.pt{LEFT}"]
    mine = run.folder / ".mine.tmp"
    for file in (*left, mine):
        file.write_text("half")
    with files.atomic_file(run.folder / "metrics.json") as written:  # as by another command
        train(run.folder, images, steps=2)
        assert [file for file in (*left, mine, Path(written.name)) if file.exists()] == [mine, Path(written.name)]


def test_a_torn_last_line_of_a_log_is_dropped(uninterrupted: Path, tmp_path: Path, images: Images) -> None:
    run = train(tmp_path / "run", images, steps=4)
    with (run.folder / "log.jsonl").open("a") as log:
        log.write('{"step": 6, "ki')
    train(run.folder, images)
    assert parsed(run.folder / "log.jsonl")[:2] == parsed(uninterrupted / "log.jsonl")[:2]


def signals(*numbers: int) -> Callable[[], None]:
    """Returns a function that sends this process these signals."""

    def send() -> None:
        for number in numbers:
            os.kill(os.getpid(), number)

    return send


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_saves_the_step_and_says_so(
    uninterrupted: Path, tmp_path: Path, images: Images, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(RunLog, "add", after_step(3, signals(number)))
        with pytest.raises(KeyboardInterrupt, match=r"is saved up to 000000003\.pt; add --resume"):
            train(tmp_path / "run", images)
    train(tmp_path / "run", images)
    assert content_of(tmp_path / "run") == content_of(uninterrupted)


@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_says_what_is_saved_without_the_current_step(
    uninterrupted: Path, tmp_path: Path, images: Images, monkeypatch: pytest.MonkeyPatch, second: signal.Signals
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(RunLog, "add", after_step(3, signals(signal.SIGINT, second)))
        with pytest.raises(KeyboardInterrupt, match=r"is saved up to 000000002\.pt; add --resume"):
            train(tmp_path / "run", images)
    train(tmp_path / "run", images)
    assert content_of(tmp_path / "run") == content_of(uninterrupted)


def test_a_second_signal_during_the_save_says_what_is_saved_without_it(
    uninterrupted: Path, tmp_path: Path, images: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace, third = Path.replace, tmp_path / "run" / "samples" / "000000003.png"

    def replace_and_signal(path: Path, target: Path) -> Path:
        if target == third:  # the checkpoint is written, and not yet listed
            os.kill(os.getpid(), signal.SIGTERM)
        return replace(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(RunLog, "add", after_step(3, signals(signal.SIGINT)))
        patch.setattr(Path, "replace", replace_and_signal)
        with pytest.raises(KeyboardInterrupt, match=r"is saved up to 000000002\.pt; add --resume"):
            train(tmp_path / "run", images)
    train(tmp_path / "run", images)
    assert content_of(tmp_path / "run") == content_of(uninterrupted)


HOLD = "import sys; from pathlib import Path; from condgan.lock import locked\n"
HOLD += "with locked(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"


def test_a_run_is_trained_by_one_process_at_a_time_and_a_killed_one_holds_nothing(
    tmp_path: Path, images: Images
) -> None:
    run = train(tmp_path / "run", images, steps=1)
    before = content_of(run.folder)
    words = [sys.executable, "-c", HOLD, str(run.folder)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(InputError, match=rf"is being trained by process {other.pid} on .*; wait"):
            train(run.folder, images, steps=2)
        (run.folder / ".lock").rename(tmp_path / "lock")
        assert content_of(run.folder) == before
        (tmp_path / "lock").rename(run.folder / ".lock")
        other.kill()
    train(run.folder, images, steps=2)
    assert not (run.folder / ".lock").exists()


def test_a_lock_is_free_after_an_error(tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(RuntimeError), locked(tmp_path):
            raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_the_number_of_processes_is_recorded_and_another_one_is_said(
    tmp_path: Path, images: Images, caplog: pytest.LogCaptureFixture
) -> None:
    run = train(tmp_path / "run", images, steps=1)
    content = read_json(run.folder / "saves.json")
    content["saves"][-1]["processes"] = 2
    (run.folder / "saves.json").write_text(json.dumps(content))
    with caplog.at_level(logging.WARNING):
        train(run.folder, images, steps=2)
    assert "was trained by 2 processes so far and continues with 1" in caplog.text
    assert read_json(run.folder / "saves.json")["saves"][-1]["processes"] == 1


def test_a_run_of_an_earlier_version_continues_from_its_newest_checkpoint(
    uninterrupted: Path, tmp_path: Path, images: Images
) -> None:
    run = train(tmp_path / "run", images, steps=4)
    (run.folder / "saves.json").unlink()
    for checkpoint in run.checkpoints:
        saved = torch.load(checkpoint, weights_only=True)
        torch.save({name: saved[name] for name in ("state", "seconds")}, checkpoint)
    train(run.folder, images)
    found, expected = content_of(run.folder), content_of(uninterrupted)
    assert found | {"saves.json": 0} == expected | {"saves.json": 0}  # which does not know the files of the older one


def test_a_saved_model_loads_and_is_the_same_bytes_every_time(
    uninterrupted: Path, tmp_path: Path, images: Images
) -> None:
    again = train(tmp_path / "run", images).folder
    assert (again / "generator.safetensors").read_bytes() == (uninterrupted / "generator.safetensors").read_bytes()
    assert load(again).config == load(uninterrupted).config
