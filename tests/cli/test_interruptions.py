"""A full disk, an interruption, a divergence: told in one message, and nothing lost."""

import os
import resource
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from commands import TINY, Command, assert_nothing_half_written, assert_refused, typed
from conftest import Folder


def full_disk(num_bytes: int) -> Callable[[], None]:
    """No file of this process can grow beyond so many bytes."""

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, num_bytes))

    return limit


def test_a_full_disk_is_told_and_leaves_no_half_of_a_checkpoint(tmp_path: Path) -> None:
    words: list[str | Path] = ["train", "cdcgan", "--data", "shapes", *TINY, "--kimg", "0.016", "--runs", tmp_path]
    done = typed(*words, before=full_disk(60_000))
    assert_refused(done, "cannot write", "checkpoints", "File too large")
    assert not list((tmp_path / "cdcgan" / "checkpoints").glob("*"))
    assert not (tmp_path / "cdcgan" / "generator.safetensors").exists()
    assert_nothing_half_written(tmp_path)
    again = typed(*words, "--resume")
    assert again.code == 0, again.err
    assert (tmp_path / "cdcgan" / "generator.safetensors").is_file()


def test_a_full_disk_leaves_no_half_of_a_data_cache(iclevr_folder: Folder, tmp_path: Path) -> None:
    done = typed("data", "inspect", iclevr_folder.path, "--resolution", "64", before=full_disk(60_000))
    assert_refused(done, "cannot write", "File too large")
    assert_nothing_half_written(Path(os.environ["CONDGAN_CACHE"]))


def test_an_interrupted_run_says_so_and_goes_on(tmp_path: Path) -> None:
    words = ["train", "faulty:interrupted", "--data", "shapes", "--resolution", "16", "--name", "run"]
    words += ["--set", "at_step=3", "--kimg", "0.032", "--runs", str(tmp_path)]
    done = typed(*words)
    assert done.code == 130
    assert "Traceback" not in done.err
    assert [file.stem for file in (tmp_path / "run" / "checkpoints").iterdir()] == ["000000004"]
    assert typed(*words, "--resume").code == 0
    assert sorted(file.stem for file in (tmp_path / "run" / "checkpoints").iterdir()) == ["000000004", "000000008"]


def test_an_interruption_is_told_in_one_message(condgan: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def press(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("condgan.data.load", press)
    done = condgan("data", "inspect", "shapes")
    assert done.code == 130
    assert done.err.strip().startswith("condgan: interrupted")


def test_a_divergence_exits_with_one_and_one_message(condgan: Command, tmp_path: Path) -> None:
    words = ["train", "faulty:diverging", "--data", "shapes", "--resolution", "16", "--set", "at_step=1"]
    done = condgan(*words, "--kimg", "1", "--runs", tmp_path, "--name", "run")
    assert done.code == 1
    assert [line for line in done.err.splitlines() if line][-1].startswith("condgan: D/adversarial is nan")
    assert "Traceback" not in done.err
    assert not (tmp_path / "run" / "generator.safetensors").exists()
