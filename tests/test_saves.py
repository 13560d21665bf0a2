"""The files of a run agree with each other, whatever was interrupted, deleted or changed."""

import hashlib
import json
import logging
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import trainings
from condgan import files
from condgan import run as run_module
from condgan.config import Config
from condgan.data import Images
from condgan.errors import InputError
from condgan.files import read_json
from condgan.generate import LoadedGenerator, load
from condgan.lock import locked
from condgan.log import RunLog
from condgan.run import Run
from contracts import leaves
from trainings import EVERY_STEP, after_step

pytestmark = pytest.mark.usefixtures("log_every_two_steps")


def train(folder: Path, images: Images, steps: int = 5, recipe: str = "faulty:steady", **options: Any) -> Run:
    """Trains a run up to a step and saves every step; continues it if it exists."""
    run = Run(folder, Config.of(recipe, options, "shapes", images, 0, "no"), data="shapes", resume=True)
    trainings.train(run, images, steps, EVERY_STEP, score)
    return run


def score(generator: LoadedGenerator) -> dict[str, float]:
    return {"weight": next(generator.parameters()).sum().item()}


def content_of(folder: Path) -> dict[str, Any]:
    """Returns the content of every file of a run, without times."""
    return {str(file.relative_to(folder)): parsed(file) for file in sorted(folder.rglob("*")) if is_compared(file)}


def is_compared(file: Path) -> bool:
    return file.is_file() and "tensorboard" not in file.parts


def parsed(file: Path) -> Any:
    if file.suffix == ".pt":
        saved = torch.load(file, weights_only=True)
        return {name: tensor.tolist() for name, tensor in leaves(saved).items()}, saved["state"]["step"]
    if file.name == "saves.json":
        entries = read_json(file)["saves"]  # the hash of a checkpoint, which holds times, differs
        return [(e["checkpoint"], {n: h for n, h in e["files"].items() if n != e["checkpoint"]}) for e in entries]
    if file.suffix == ".jsonl":
        return [
            {name: value for name, value in json.loads(line).items() if name not in ("seconds", "images_per_second")}
            for line in file.read_text().splitlines()
        ]
    return file.read_bytes()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, images: Images) -> Path:
    """A run of five steps that was never interrupted."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_module, "LOG_STEPS", 2)
        train(folder, images)
    return folder


def test_a_save_lists_the_hashes_of_its_files(whole: Path) -> None:
    older, newer = read_json(whole / "saves.json")["saves"]
    assert [older["checkpoint"], newer["checkpoint"]] == ["checkpoints/000000004.pt", "checkpoints/000000005.pt"]
    assert newer["files"].keys() == {newer["checkpoint"], "generator.safetensors", "samples/000000005.png"}
    for name, found in newer["files"].items():
        assert hashlib.sha256((whole / name).read_bytes()).hexdigest() == found
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
    whole: Path, tmp_path: Path, images: Images, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    with monkeypatch.context() as patch:
        kill_at(number, patch)
        with pytest.raises(Killed):
            train(tmp_path / "run", images)
    train(tmp_path / "run", images)
    assert content_of(tmp_path / "run") == content_of(whole)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda folder: (folder / "generator.safetensors").unlink(),
        lambda folder: (folder / "generator.safetensors").write_bytes(b"another model"),
        lambda folder: (folder / "samples" / "000000005.png").unlink(),
    ],
    ids=["deleted", "replaced", "sample"],
)
def test_a_finished_run_gets_back_what_follows_from_its_checkpoint(
    whole: Path, tmp_path: Path, images: Images, caplog: pytest.LogCaptureFixture, spoil: Callable[[Path], object]
) -> None:
    run = train(tmp_path / "run", images)
    spoil(run.folder)
    with caplog.at_level(logging.WARNING):
        train(run.folder, images)
    assert content_of(run.folder) == content_of(whole)
    assert "missing or of another step; written again" in caplog.text


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1  # a bit within a tensor
    file.write_bytes(content)


@pytest.mark.parametrize(
    "spoil", [flip, Path.unlink, lambda file: file.write_bytes(b""), lambda file: os.truncate(file, 5000)]
)
def test_a_broken_checkpoint_is_named_and_the_one_before_is_used(
    whole: Path, tmp_path: Path, images: Images, caplog: pytest.LogCaptureFixture, spoil: Callable[[Path], object]
) -> None:
    run = train(tmp_path / "run", images)
    spoil(run.checkpoints[-1])
    with caplog.at_level(logging.WARNING):
        train(run.folder, images)
    assert re.search(r"000000005\.pt: broken checkpoint .*; continuing from checkpoints/000000004\.pt", caplog.text)
    assert content_of(run.folder) == content_of(whole)


def test_a_checkpoint_of_another_training_is_named(tmp_path: Path, images: Images) -> None:
    run = train(tmp_path / "run", images)
    for checkpoint in run.checkpoints:
        flip(checkpoint)
    with pytest.raises(
        InputError, match=r"000000005\.pt: broken .*000000004\.pt: broken .*no other checkpoint is left"
    ):
        train(run.folder, images)


def without_checkpoints(folder: Path) -> None:
    for checkpoint in (folder / "checkpoints").iterdir():
        checkpoint.unlink()


def without_saves(folder: Path) -> None:
    without_checkpoints(folder)
    (folder / "saves.json").unlink()


def only_a_log(folder: Path) -> None:
    without_saves(folder)
    (folder / "generator.safetensors").unlink()


@pytest.mark.parametrize("lose", [without_checkpoints, without_saves, only_a_log])
def test_a_run_without_checkpoints_is_refused_and_nothing_is_changed(
    tmp_path: Path, images: Images, lose: Callable[[Path], None]
) -> None:
    run = train(tmp_path / "run", images)
    lose(run.folder)
    before = content_of(run.folder)
    with pytest.raises(InputError, match=r"checkpoint.* another --name"):
        train(run.folder, images, steps=2)
    assert content_of(run.folder) == before


@pytest.mark.parametrize("shape", [(), (1,), (3, 2), (10_000,)])
def test_a_moment_of_another_shape_is_refused_before_it_is_used(
    tmp_path: Path, images: Images, shape: tuple[int, ...]
) -> None:
    run = train(tmp_path / "run", images, steps=1)
    (checkpoint,) = run.checkpoints
    saved = torch.load(checkpoint, weights_only=True)
    moments = saved["state"]["generator_optimizer"]["state"][0]
    moments["exp_avg"] = torch.zeros(shape)
    torch.save(saved, checkpoint)
    (run.folder / "saves.json").unlink()  # so that the hash does not tell
    with pytest.raises(InputError, match=r"000000001\.pt: broken checkpoint \(optimizer: exp_avg of weight 0: found"):
        train(run.folder, images)


@pytest.mark.parametrize("content", [{}, [], None, {"state": {"step": 1}, "seconds": 1.0}, {"state": 3}])
def test_a_file_of_other_content_is_a_broken_checkpoint(tmp_path: Path, images: Images, content: Any) -> None:
    run = train(tmp_path / "run", images, steps=1)
    (checkpoint,) = run.checkpoints
    torch.save(content, checkpoint)
    (run.folder / "saves.json").unlink()
    with pytest.raises(InputError, match=r"000000001\.pt: broken checkpoint"):
        train(run.folder, images)


@pytest.mark.parametrize(
    "text",
    [
        '{"saves": [{"checkpoint": null, "processes": 1e999, "files": {}}]}',
        "{}",
        "[]",
        '{"saves": [1]}',
        '{"saves": [{"checkpoint": "../x.pt"}]}',
        "{",
    ],
)
def test_a_broken_list_of_saves_is_named(tmp_path: Path, images: Images, text: str) -> None:
    run = train(tmp_path / "run", images, steps=1)
    (run.folder / "saves.json").write_text(text)
    with pytest.raises(InputError, match=r"saves\.json"):
        train(run.folder, images)


@pytest.mark.parametrize(
    "rest",
    [
        {"log": "text"},
        {"log": {"sums": [1]}},
        {"log": {"sums": {"D/real": "x"}}},
        {"log": {"num_steps": -1}},
        {"seconds": "x"},
        {"seconds": float("nan")},
    ],
    ids=str,
)
def test_other_values_in_a_checkpoint_are_checked_too(tmp_path: Path, images: Images, rest: dict[str, Any]) -> None:
    run = train(tmp_path / "run", images, steps=1)
    (checkpoint,) = run.checkpoints
    torch.save(torch.load(checkpoint, weights_only=True) | rest, checkpoint)
    (run.folder / "saves.json").unlink()
    with pytest.raises(InputError, match=r"000000001\.pt: broken checkpoint"):
        train(run.folder, images)


def test_a_checkpoint_outside_of_the_folder_is_not_read(tmp_path: Path, images: Images) -> None:
    run = train(tmp_path / "run", images, steps=1)
    outside = {"checkpoint": "../other.pt", "processes": 1, "files": {}}
    (run.folder / "saves.json").write_text(json.dumps({"saves": [outside]}))
    with pytest.raises(InputError, match=r"saves\.json: not the list"):
        train(run.folder, images)


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


def test_a_torn_last_line_of_a_log_is_dropped(whole: Path, tmp_path: Path, images: Images) -> None:
    run = train(tmp_path / "run", images, steps=4)
    with (run.folder / "log.jsonl").open("a") as log:
        log.write('{"step": 6, "ki')
    train(run.folder, images)
    assert parsed(run.folder / "log.jsonl")[:2] == parsed(whole / "log.jsonl")[:2]


def signals(*numbers: int) -> Callable[[], None]:
    """Returns a function that sends this process these signals."""

    def send() -> None:
        for number in numbers:
            os.kill(os.getpid(), number)

    return send


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_saves_the_step_and_says_so(
    whole: Path, tmp_path: Path, images: Images, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(RunLog, "add", after_step(3, signals(number)))
        with pytest.raises(KeyboardInterrupt, match=r"is saved up to 000000003\.pt; add --resume"):
            train(tmp_path / "run", images)
    train(tmp_path / "run", images)
    assert content_of(tmp_path / "run") == content_of(whole)


@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_says_what_is_saved_without_the_current_step(
    whole: Path, tmp_path: Path, images: Images, monkeypatch: pytest.MonkeyPatch, second: signal.Signals
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(RunLog, "add", after_step(3, signals(signal.SIGINT, second)))
        with pytest.raises(KeyboardInterrupt, match=r"is saved up to 000000002\.pt; add --resume"):
            train(tmp_path / "run", images)
    train(tmp_path / "run", images)
    assert content_of(tmp_path / "run") == content_of(whole)


def test_a_second_signal_during_the_save_says_what_is_saved_without_it(
    whole: Path, tmp_path: Path, images: Images, monkeypatch: pytest.MonkeyPatch
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
    assert content_of(tmp_path / "run") == content_of(whole)


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
    whole: Path, tmp_path: Path, images: Images
) -> None:
    run = train(tmp_path / "run", images, steps=4)
    (run.folder / "saves.json").unlink()
    for checkpoint in run.checkpoints:
        saved = torch.load(checkpoint, weights_only=True)
        torch.save({name: saved[name] for name in ("state", "seconds")}, checkpoint)
    train(run.folder, images)
    found, expected = content_of(run.folder), content_of(whole)
    assert found | {"saves.json": 0} == expected | {"saves.json": 0}  # which does not know the files of the older one


def test_a_saved_model_loads_and_is_the_same_bytes_every_time(whole: Path, tmp_path: Path, images: Images) -> None:
    again = train(tmp_path / "run", images).folder
    assert (again / "generator.safetensors").read_bytes() == (whole / "generator.safetensors").read_bytes()
    assert load(again).config == load(whole).config
