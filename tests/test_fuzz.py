"""`scripts/fuzz`: a few inputs of every target, and that it finds failures where there are some."""

import subprocess
import sys
from pathlib import Path

import pytest

from commands import TESTS

SCRIPT = TESTS.parent / "scripts" / "fuzz"
BROKEN = """\
import os, signal, sys
from pathlib import Path
sys.path.insert(0, str(Path(sys.argv[1])))
from condgan.errors import InputError
from fuzz import campaign
from fuzz.case import Case, Target

def fail():
    raise InputError("wrong input")

CALLS = (
    fail, lambda: 1 / 0, lambda: os.kill(os.getpid(), signal.SIGSEGV), lambda: Path("/etc/hostname").read_text(),
    lambda: Path(sys.argv[2], "outside").write_text("x"), lambda: os.system("true"), lambda: None, fail,
)

def prepare(folder):
    numbers = iter(range(8))
    return lambda random: Case(b"x", CALLS[int(random.seed_number)], is_damaged=random.seed_number == 6)

class Numbered:
    def __init__(self, text):
        self.seed_number = int(text.split()[-1])

campaign.Random = Numbered
report = campaign.run(Target("broken", 8, prepare), 8, 0, 0, Path(sys.argv[2]))
print(report.tried, report.refused, report.num_failures)
print(*sorted(f"{number}: {kind}" for kind, (number, _) in report.failures.items()), sep="\\n")
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="it forks, and limits memory")
def test_no_input_of_any_target_fails(tmp_path: Path) -> None:
    words = [sys.executable, str(SCRIPT), "--inputs", "12", "--seed", "7", "--out", str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    *targets, last = done.stdout.splitlines()
    assert last == f"{12 * len(targets)} inputs tried, 0 failures"
    assert len(targets) >= 15


@pytest.mark.skipif(sys.platform != "linux", reason="it forks, and limits memory")
def test_every_kind_of_failure_is_found_and_its_input_is_kept(tmp_path: Path) -> None:
    words = [sys.executable, "-c", BROKEN, str(TESTS.parent), str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    first, *kinds = done.stdout.splitlines()
    assert first == "8 2 6", done.stdout + done.stderr
    expected: tuple[str, ...] = (
        "1: ZeroDivisionError at ",
        "2: ended by SIGSEGV",
        "3: read outside",
        "4: wrote outside",
    )
    expected += ("5: os.system outside", "6: damage accepted")
    assert [found[: len(kind)] for found, kind in zip(kinds, expected, strict=True)] == list(expected)
    assert (tmp_path / "broken-1.input").read_bytes() == b"x"
    assert "ZeroDivisionError" in (tmp_path / "broken-1.txt").read_text()
