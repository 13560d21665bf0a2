"""Training by several processes, as `torchrun` starts them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import torch

from contracts import leaves


def trained_by_two_processes(runs: Path, name: str, steps: int) -> tuple[Path, str]:
    """The folder of a run that two processes took so far, from where it stood, and what they printed.

    With batch norm in both state, whose statistics no process may change between two passes of the other.
    """
    launcher = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone"]
    command = ["-m", "condgan.cli", "train", "cdcgan", "--data", "shapes", "--resolution", "16", "--set", "width=4"]
    budget = ["--set", "batch_size=4", "--kimg", f"{steps * 0.004:.3f}"]
    where = ["--runs", str(runs), "--name", name, "--resume"]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent), "ACCELERATE_USE_CPU": "true"}
    words = [*launcher, *command, *budget, *where]
    done = subprocess.run(words, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    return runs / name, done.stdout


def test_two_processes_train_together_and_save_once(tmp_path: Path) -> None:
    folder, printed = trained_by_two_processes(tmp_path, "run", steps=3)
    assert [file.name for file in sorted((folder / "checkpoints").iterdir())] == ["000000003.pt"]
    assert [line["step"] for line in map(json.loads, (folder / "log.jsonl").read_text().splitlines())] == [3]
    assert printed.count("saved ") == 1


def test_two_processes_go_on_as_if_never_interrupted(tmp_path: Path) -> None:
    whole, _ = trained_by_two_processes(tmp_path, "whole", steps=4)
    trained_by_two_processes(tmp_path, "halves", steps=2)
    halves, _ = trained_by_two_processes(tmp_path, "halves", steps=4)
    left, right = (
        leaves(torch.load(folder / "checkpoints" / "000000004.pt", weights_only=True)["state"])
        for folder in (whole, halves)
    )
    assert left.keys() == right.keys()
    for name in left:
        assert torch.equal(left[name], right[name]), name
