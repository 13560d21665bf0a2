"""Training by several processes, as `torchrun` starts them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from contracts import leaves

pytestmark = pytest.mark.slow

# With batch norm in both networks: no process may change its statistics between two passes of another.
CDCGAN = ["cdcgan", "--set", "width=4", "--set", "batch_size=4"]


def train_with_two_processes(runs: Path, name: str, steps: int, recipe: list[str] = CDCGAN) -> tuple[Path, str]:
    """Trains a run up to so many steps of four images, or continues it. Returns its folder and the output."""
    launcher = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone"]
    command = ["-m", "condgan.cli", "train", *recipe, "--data", "shapes", "--resolution", "16"]
    length = ["--kimg", f"{steps * 0.004:.3f}", "--runs", str(runs), "--name", name, "--resume"]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent), "ACCELERATE_USE_CPU": "true"}
    words = [*launcher, *command, *length]
    done = subprocess.run(words, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    return runs / name, done.stdout


def test_two_processes_train_together_and_save_once(tmp_path: Path) -> None:
    folder, printed = train_with_two_processes(tmp_path, "run", steps=3)
    assert [file.name for file in sorted((folder / "checkpoints").iterdir())] == ["000000003.pt"]
    assert [line["step"] for line in map(json.loads, (folder / "log.jsonl").read_text().splitlines())] == [3]
    assert printed.count("saved ") == 1


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
