"""`scripts/kill-test`: a few runs of it."""

import subprocess
import sys

import pytest

from commands import TESTS


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="it forks, and kills processes as Linux does")
@pytest.mark.parametrize(("runs", "words"), [(3, []), (1, ["--processes", "2"])], ids=["one process", "two"])
def test_killed_runs_equal_the_run_that_was_not_killed(runs: int, words: list[str]) -> None:
    command = [sys.executable, str(TESTS.parent / "scripts" / "kill-test"), "--runs", str(runs), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith(f"{runs} of {runs} equal, all files\n")
    assert "(exit -9" in done.stdout  # some are killed
