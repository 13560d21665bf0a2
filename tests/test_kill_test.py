"""`scripts/kill-test`: a few runs of it."""

import subprocess
import sys

import pytest

from commands import TESTS


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="it forks")
def test_killed_runs_equal_the_run_that_was_not_killed() -> None:
    words = [sys.executable, str(TESTS.parent / "scripts" / "kill-test"), "--runs", "4"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("4 of 4 equal, all files\n")
    assert done.stdout.count("(exit -9), resumed (exit 0): equal") >= 2  # some are killed
