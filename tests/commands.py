"""Runs commands as a user types them, and a run that some tests share."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import pytest

from condgan import cli, load
from condgan.judge import judge_to_bytes, read_judge

TESTS = Path(__file__).parent  # commands start here, so that recipes such as `faulty:diverging` can be imported
TINY = ["--set", "width=4", "--set", "latent_dim=8", "--set", "batch_size=8", "--resolution", "16"]


@dataclass(frozen=True)
class Result:
    """Exit code and output of a command."""

    code: int
    out: str
    err: str


def words_of(*words: str | Path) -> list[str]:
    """Returns the words that start condgan with the Python of these tests."""
    return [sys.executable, "-m", "condgan.cli", *map(str, words)]


def run_command(*words: str | Path, before: Callable[[], None] | None = None) -> Result:
    """Runs a command in a process of its own. `before` is called in it first."""
    done = subprocess.run(words_of(*words), capture_output=True, text=True, cwd=TESTS, preexec_fn=before, check=False)
    return Result(done.returncode, done.stdout, done.stderr)


def run_here(*words: str | Path) -> Result:
    """Runs a command within this process, which saves the imports."""
    out, err = StringIO(), StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", ["condgan", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            cli.main()
    return Result(int(end.value.code or 0), out.getvalue(), err.getvalue())


PATIENCE = 300  # seconds to wait for a process, on a machine that may be busy


@contextmanager
def running(words: Sequence[str], env: Mapping[str, str] | None = None) -> Iterator[subprocess.Popen[str]]:
    """A command that runs beside the test, in a session of its own. It ends with the test, however that ends."""
    job = subprocess.Popen(
        words,
        cwd=TESTS,
        env=env,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    with job:
        try:
            yield job
        finally:
            with suppress(ProcessLookupError):
                os.killpg(job.pid, signal.SIGKILL)


def wait_for(happened: Callable[[], object], job: "subprocess.Popen[str]") -> None:
    """Waits until something has happened while a job is running."""
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert job.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.1)


Command = Callable[..., Result]


@pytest.fixture
def condgan() -> Command:
    """Runs a command within this process."""
    return run_here


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a judge and a run of twenty-five steps. Tests do not change them, apart from scores."""
    folder = tmp_path_factory.mktemp("finished")
    training = run_here("train", "cdcgan", "--data", "shapes", *TINY, "--kimg", "0.2", "--runs", folder / "runs")
    assert training.code == 0, training.err
    judge = folder / "judge.safetensors"
    training = run_here("judge", "train", "shapes", "--epochs", "1", "--resolution", "16", "--out", judge)
    assert training.code == 0, training.err
    assert "condition_accuracy" in training.out
    return folder


def forget_accuracy(judge: Path, run: Path) -> None:
    """Rewrites the file of a judge as earlier versions did, which accepted judges of noise."""
    loaded = read_judge(judge, load(run).condition)
    loaded.held_out = None
    judge.write_bytes(judge_to_bytes(loaded))


def assert_input_error(result: Result, *parts: str) -> None:
    """Exit code 2 and one line that contains all the parts."""
    assert result.code == 2, result.err
    assert "Traceback" not in result.err
    (line,) = result.err.strip().splitlines()
    assert line.startswith("condgan: ")
    for part in parts:
        assert part in line


def assert_no_partial_file(folder: Path) -> None:
    assert [file for file in folder.rglob("*") if file.suffix == ".tmp"] == []
