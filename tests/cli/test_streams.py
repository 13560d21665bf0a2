"""Output that nobody reads, or that cannot be written."""

import io
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from commands import TESTS, TINY, words_of
from condgan import cli


class Ended(io.StringIO):
    """A pipe whose reader ends after a line."""

    def write(self, text: str) -> int:
        if "\n" in self.getvalue():
            raise BrokenPipeError(32, "Broken pipe")
        return super().write(text)


def test_a_training_goes_on_without_a_reader_of_its_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["train", "cdcgan", "--data", "shapes", *TINY, "--steps", "3", "--runs", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", ["condgan", *words])
    out, err = Ended(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as end:
        cli.main()
    assert (end.value.code or 0) == 0
    assert len(out.getvalue().splitlines()) == 1
    assert err.getvalue() == "condgan: the output pipe was closed; the command continues\n"
    assert (tmp_path / "cdcgan" / "checkpoints" / "000000003.pt").is_file()


def into(file: int, *words: str) -> tuple[int, str]:
    """Exit code and errors of a command whose output goes into an open file."""
    done = subprocess.run(words_of(*words), stdout=file, stderr=subprocess.PIPE, text=True, cwd=TESTS, check=False)
    return done.returncode, done.stderr


def test_a_pipe_without_a_reader_ends_no_command() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    expected = "condgan: the output pipe was closed; the command continues\n"
    assert into(writing, "recipes") == (0, expected)
    os.close(writing)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize("words", [["recipes"], ["recipes", "--json", "--quiet"]], ids=" ".join)
def test_output_that_cannot_be_written_is_an_error(words: list[str]) -> None:
    expected = "cannot write the standard output: No space left on device; free some space, or send it elsewhere"
    with Path("/dev/full").open("w") as full:
        assert into(full.fileno(), *words) == (2, f"condgan: {expected}\n")
