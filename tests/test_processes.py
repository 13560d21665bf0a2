"""Training by several processes, as `torchrun` starts them."""

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from commands import TESTS, Result
from contracts import leaves

pytestmark = pytest.mark.slow

README = (TESTS.parent / "README.md").read_text()
# With batch norm in both networks: no process may change its statistics between two passes of another.
CDCGAN = ["cdcgan", "--set", "width=4", "--set", "batch_size=4"]


def run_processes(number: int, *words: str | Path) -> Result:
    """Runs a condgan command in so many processes, by the command of README and without setting any variable."""
    (command,) = [line for line in README.splitlines() if line.startswith("torchrun ")]
    torchrun, *launcher = shlex.split(command[: command.index(" train")])
    launcher[launcher.index("--nproc-per-node") + 1] = str(number)
    started = [str(Path(sys.executable).with_name(torchrun)), *launcher, *map(str, words)]
    done = subprocess.run(started, capture_output=True, text=True, cwd=TESTS, check=False)
    return Result(done.returncode, done.stdout, done.stderr)


def train_with_two_processes(runs: Path, name: str, steps: int, recipe: list[str] = CDCGAN) -> tuple[Path, Result]:
    """Trains a run up to so many steps of four images, or continues it. Returns its folder and the output."""
    length = ["--kimg", f"{steps * 0.004:.3f}", "--runs", str(runs), "--name", name, "--resume"]
    done = run_processes(2, "train", *recipe, "--data", "shapes", "--resolution", "16", *length)
    assert done.code == 0, done.err
    return runs / name, done


def test_two_processes_train_together_and_save_once(tmp_path: Path) -> None:
    folder, done = train_with_two_processes(tmp_path, "run", steps=3)
    assert [file.name for file in sorted((folder / "checkpoints").iterdir())] == ["000000003.pt"]
    assert [line["step"] for line in map(json.loads, (folder / "log.jsonl").read_text().splitlines())] == [3]
    assert done.out.count("saved ") == 1
    assert "Warning" not in done.err


@pytest.mark.parametrize("recipe", [CDCGAN, ["small_networks:pretrained"]], ids=["cdcgan", "pretrained"])
def test_two_processes_resume_exactly(tmp_path: Path, recipe: list[str]) -> None:
    whole, _ = train_with_two_processes(tmp_path, "whole", 4, recipe)
    train_with_two_processes(tmp_path, "halves", 2, recipe)
    halves, _ = train_with_two_processes(tmp_path, "halves", 4, recipe)
    left, right = (
        leaves(torch.load(folder / "checkpoints" / "000000004.pt", weights_only=True)["state"])
        for folder in (whole, halves)
    )
    assert left.keys() == right.keys()
    assert [name for name in left if not torch.equal(left[name], right[name])] == []


def test_a_batch_smaller_than_the_number_of_processes_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    words = ["cdcgan", "--set", "width=4", "--set", "batch_size=2", "--data", "shapes", "--resolution", "16"]
    done = run_processes(3, "train", *words, "--runs", tmp_path)
    assert done.code != 0
    assert done.err.count("condgan: a batch of 2 images: found 3 processes, expected at most 2") == 1
    assert "src/condgan" not in done.err  # no traceback of a training process; torchrun writes its own
    assert list(tmp_path.iterdir()) == []
