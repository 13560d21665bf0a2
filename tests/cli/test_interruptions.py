"""A full disk, an interrupt or a divergence gives one message and loses nothing that was saved."""

import os
import resource
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from commands import TINY, Command, assert_input_error, assert_no_partial_file, run_command
from conftest import Folder


def full_disk(num_bytes: int) -> Callable[[], None]:
    """Returns a function that limits the size of files that this process writes."""

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, num_bytes))

    return limit


@pytest.mark.slow
def test_a_full_disk_leaves_no_partial_checkpoint(condgan: Command, tmp_path: Path) -> None:
    words: list[str | Path] = ["train", "cdcgan", "--data", "shapes", *TINY, "--kimg", "0.016", "--runs", tmp_path]
    result = run_command(*words, before=full_disk(60_000))
    assert_input_error(result, "cannot write", "checkpoints", "File too large")
    assert not list((tmp_path / "cdcgan" / "checkpoints").glob("*"))
    assert not (tmp_path / "cdcgan" / "generator.safetensors").exists()
    assert_no_partial_file(tmp_path)
    again = condgan(*words, "--resume")
    assert again.code == 0, again.err
    assert (tmp_path / "cdcgan" / "generator.safetensors").is_file()


@pytest.mark.slow
def test_a_full_disk_leaves_no_partial_data_cache(iclevr_folder: Folder, tmp_path: Path) -> None:
    result = run_command("data", "inspect", iclevr_folder.path, "--resolution", "64", before=full_disk(60_000))
    assert_input_error(result, "cannot write", "File too large")
    assert_no_partial_file(Path(os.environ["CONDGAN_CACHE"]))


@pytest.mark.slow
def test_an_interrupted_run_is_saved_and_resumed(condgan: Command, tmp_path: Path) -> None:
    words = ["train", "faulty:interrupted", "--data", "shapes", "--resolution", "16", "--name", "run"]
    words += ["--set", "at_step=3", "--kimg", "0.032", "--runs", str(tmp_path)]
    result = run_command(*words)
    assert result.code == 130
    assert "Traceback" not in result.err
    assert result.err.strip().endswith("run is saved up to 000000004.pt; add --resume to continue")
    assert [file.stem for file in (tmp_path / "run" / "checkpoints").iterdir()] == ["000000004"]
    assert condgan(*words, "--resume").code == 0
    assert sorted(file.stem for file in (tmp_path / "run" / "checkpoints").iterdir()) == ["000000004", "000000008"]


def interrupt(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    "words", [["data", "inspect", "shapes"], ["judge", "train", "shapes"], ["train", "cdcgan", "--data", "shapes"]]
)
def test_an_interrupt_gives_one_message_and_exit_code_130(
    condgan: Command, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    monkeypatch.setattr("condgan.data.load_images", interrupt)
    result = condgan(*words)
    assert result.code == 130
    assert result.err == "condgan: interrupted; files that were written are whole; run the same command again\n"


def test_after_an_interrupt_before_the_first_step_the_same_command_starts_again(
    condgan: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["train", "cdcgan", "--data", "shapes", *TINY, "--kimg", "0.016", "--runs", str(tmp_path)]
    with monkeypatch.context() as patch:
        patch.setattr("condgan.machine.rehearse", interrupt)
        result = condgan(*words)
    assert result.code == 130
    assert result.err == "condgan: interrupted; files that were written are whole; run the same command again\n"
    assert condgan(*words).code == 0


def test_a_divergence_gives_one_message_and_exit_code_1(condgan: Command, tmp_path: Path) -> None:
    words = ["train", "faulty:diverging", "--data", "shapes", "--resolution", "16", "--set", "at_step=1"]
    result = condgan(*words, "--kimg", "1", "--runs", tmp_path, "--name", "run")
    assert result.code == 1
    assert [line for line in result.err.splitlines() if line][-1].startswith("condgan: D/hook is nan at step")
    assert "Traceback" not in result.err
    assert not (tmp_path / "run" / "generator.safetensors").exists()
