"""Training by several processes, as `torchrun` starts them."""

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from commands import PATIENCE, TESTS, Command, Result, running, wait_for
from condgan.recipes import RECIPES
from contracts import leaves
from each_recipe import JUDGE, differences, trained

MOST = 1e-4  # the largest difference, of float32 sums in another order

pytestmark = pytest.mark.slow

README = (TESTS.parent / "README.md").read_text()
# With batch norm in both networks: no process may change its statistics between two passes of another.
CDCGAN = ["cdcgan", "--set", "width=4", "--set", "batch_size=4"]


def words_of(number: int, *words: str | Path, module: str = "condgan.cli") -> list[str]:
    """Returns the words that start a command in so many processes, by the command of README."""
    (command,) = [line for line in README.splitlines() if line.startswith("torchrun ")]
    torchrun, *launcher = shlex.split(command[: command.index(" train")])
    launcher[launcher.index("--nproc-per-node") + 1] = str(number)
    launcher[launcher.index("condgan.cli")] = module
    return [str(Path(sys.executable).with_name(torchrun)), *launcher, *map(str, words)]


def environment() -> dict[str, str]:
    """Without the number of threads that the tests set, so that torchrun chooses it as for a user."""
    return {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}


def run_processes(number: int, *words: str | Path, module: str = "condgan.cli") -> Result:
    """Runs a command in so many processes, without setting any variable."""
    started = words_of(number, *words, module=module)
    done = subprocess.run(started, capture_output=True, text=True, cwd=TESTS, env=environment(), check=False)
    return Result(done.returncode, done.stdout, done.stderr)


def train_with_two_processes(runs: Path, name: str, steps: int, recipe: list[str] = CDCGAN) -> tuple[Path, Result]:
    """Trains a run up to so many steps of four images, or continues it. Returns its folder and the output."""
    length = ["--kimg", f"{steps * 0.004:.3f}", "--runs", str(runs), "--name", name, "--resume"]
    done = run_processes(2, "train", *recipe, "--data", "shapes", "--resolution", "16", *length)
    assert done.code == 0, done.err
    return runs / name, done


@pytest.fixture(scope="module")
def trained_by_two(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What two processes make of every recipe, and of a judge."""
    file = tmp_path_factory.mktemp("two") / "trained.pt"
    done = run_processes(2, file, module="each_recipe")
    assert done.code == 0, done.err
    return torch.load(file, weights_only=True)  # type: ignore[no-any-return]


@pytest.mark.parametrize("name", [*RECIPES, JUDGE])
def test_two_processes_train_the_networks_of_one(trained_by_two: dict[str, Any], name: str) -> None:
    """Weights, averages, statistics of batch norm and losses; `each_recipe` says what is trained."""
    found = differences(trained(name), trained_by_two[name])
    assert {path: difference for path, difference in found.items() if difference > MOST} == {}


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """A run of two processes, and the output."""
    words = [*CDCGAN, "--precision", "auto"]
    return train_with_two_processes(tmp_path_factory.mktemp("together"), "run", steps=3, recipe=words)


def test_two_processes_train_together_and_save_once(together: tuple[Path, Result]) -> None:
    folder, done = together
    assert [file.name for file in sorted((folder / "checkpoints").iterdir())] == ["000000003.pt"]
    assert [line["step"] for line in map(json.loads, (folder / "log.jsonl").read_text().splitlines())] == [3]
    assert done.out.count("saved ") == 1
    assert done.out.count("0.012 kimg: about") == 1
    assert "Warning" not in done.err


def test_processes_agree_on_the_precision() -> None:
    """Of two that measure different speeds, the first decides."""
    done = run_processes(2, module="disagreeing")
    assert done.code == 0, done.err
    assert done.out.count("chose bf16") == 2


def test_two_processes_resume_exactly(tmp_path: Path) -> None:
    """With pretraining, a reader, and batch norm in both networks. Without its last save, a run resumes from step 3."""
    recipe = ["small_networks:pretrained", "--save-minutes", "1e-9"]
    whole, _ = train_with_two_processes(tmp_path, "whole", 4, recipe)
    resumed = tmp_path / "resumed"
    shutil.copytree(whole, resumed)
    (resumed / "checkpoints" / "000000004.pt").unlink()
    _, done = train_with_two_processes(tmp_path, "resumed", 4, recipe)
    assert "continuing from checkpoints/000000003.pt" in done.err
    left, right = (
        leaves(torch.load(folder / "checkpoints" / "000000004.pt", weights_only=True)["state"])
        for folder in (whole, resumed)
    )
    assert left.keys() == right.keys()
    assert [name for name in left if not torch.equal(left[name], right[name])] == []


def test_a_batch_smaller_than_the_number_of_processes_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    words = ["cdcgan", "--set", "width=4", "--set", "batch_size=2", "--data", "shapes", "--resolution", "16"]
    done = run_processes(3, "train", *words, "--runs", tmp_path)
    assert done.code != 0
    assert done.err.count("recipe cdcgan: a batch of 2 images: found 3 processes, expected at most 2") == 1
    assert "src/condgan" not in done.err  # no traceback of a training process; torchrun writes its own
    assert list(tmp_path.iterdir()) == []


def test_wrong_usage_is_printed_once() -> None:
    done = run_processes(2, "train", "cdcgan", "--data", "shapes", "--nonsense")
    assert done.code != 0
    assert done.err.count("No such option: --nonsense") == 1
    assert "exitcode  : 2" in done.err  # in torchrun's own account of a process


def test_two_processes_score_a_run_as_one_does(finished: Path, condgan: Command) -> None:
    run, judge = finished / "runs" / "cdcgan", finished / "judge.safetensors"
    # More images than a process classifies at once
    words: list[str | Path] = ["evaluate", run, "--judge", judge, "--draws", "5"]
    assert condgan(*words).code == 0
    expected = (run / "metrics.json").read_bytes()
    (run / "metrics.json").unlink()
    done = run_processes(2, *words)
    assert done.code == 0, done.err
    assert done.out.count("wrote ") == 1
    assert (run / "metrics.json").read_bytes() == expected


def test_processes_that_do_not_share_the_folder_of_a_run_are_refused(tmp_path: Path) -> None:
    done = run_processes(1, tmp_path, module="apart")
    assert (done.code, done.out) == (0, ""), done.err
    assert [file.name for file in (tmp_path / "0" / "checkpoints").iterdir()] == ["000000004.pt"]
    done = run_processes(2, tmp_path, module="apart")
    assert done.code == 0, done.err
    assert done.out.count("found saves of 0 and 4 steps on different machines") == 2
    assert [file.name for file in (tmp_path / "0" / "checkpoints").iterdir()] == ["000000004.pt"]


def second_process(job: "subprocess.Popen[str]") -> int:
    """Returns the number of the second process that torchrun has started."""
    children = subprocess.run(["pgrep", "-P", str(job.pid)], capture_output=True, text=True, check=True).stdout.split()
    environments = {child: Path(f"/proc/{child}/environ").read_bytes().split(b"\0") for child in children}
    return next(int(child) for child, environment in environments.items() if b"RANK=1" in environment)


def test_a_killed_process_ends_the_job_and_one_process_continues(
    tmp_path: Path, condgan: Command, caplog: pytest.LogCaptureFixture
) -> None:
    words = ["train", *CDCGAN, "--data", "shapes", "--resolution", "16", "--runs", str(tmp_path)]
    words += ["--save-minutes", "1e-6"]
    with running(words_of(2, *words, "--kimg", "100"), environment()) as job:
        wait_for(lambda: list(tmp_path.glob("cdcgan/checkpoints/*.pt")), job)
        os.kill(second_process(job), signal.SIGKILL)
        _, error = job.communicate(timeout=PATIENCE)
    assert job.returncode != 0
    assert error.count("condgan: another process of this job ended") == 1, error
    assert "src/condgan" not in error  # no traceback of a training process
    saves = json.loads((tmp_path / "cdcgan" / "saves.json").read_text())
    last = int(Path(saves["saves"][-1]["checkpoint"]).stem)
    done = condgan(*words, "--kimg", f"{(last + 2) * 0.004:.3f}", "--resume")
    assert done.code == 0, done.err
    assert "trained by 2 processes so far and continues with 1" in caplog.text
