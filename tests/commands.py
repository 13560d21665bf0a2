"""Commands, as a user types them, and a run that some made."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from condgan import cli

TINY = ["--set", "width=4", "--set", "latent_dim=8", "--set", "batch_size=8", "--resolution", "16"]


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str


def typed(*words: str | Path, before: Callable[[], None] | None = None) -> Done:
    """A real command line."""
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "condgan.cli", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, preexec_fn=before, check=False)
    return Done(done.returncode, done.stdout, done.stderr)


Command = Callable[..., Done]


@pytest.fixture
def condgan(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """The same within this process, which saves the imports."""

    def run(*words: str | Path) -> Done:
        monkeypatch.setattr(sys, "argv", ["condgan", *map(str, words)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            cli.main()
        captured = capsys.readouterr()
        return Done(int(end.value.code or 0), captured.out, captured.err)

    return run


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a judge, and a run of twenty-five steps, both by command. Tests leave it as it is."""
    folder = tmp_path_factory.mktemp("finished")
    trained = typed("train", "cdcgan", "--data", "shapes", *TINY, "--kimg", "0.2", "--runs", folder / "runs")
    assert trained.code == 0, trained.err
    judge = ["judge", "train", "shapes", "--epochs", "1", "--resolution", "16", "--out", folder / "judge.safetensors"]
    taught = typed(*judge)
    assert taught.code == 0, taught.err
    assert "condition_accuracy" in taught.out
    return folder


def assert_refused(done: Done, *parts: str) -> None:
    """Exit code 2 and one line that says all the parts."""
    assert done.code == 2, done.err
    assert "Traceback" not in done.err
    (line,) = done.err.strip().splitlines()
    assert line.startswith("condgan: ")
    for part in parts:
        assert part in line


def assert_nothing_half_written(folder: Path) -> None:
    assert [file for file in folder.rglob("*") if file.suffix == ".tmp"] == []
