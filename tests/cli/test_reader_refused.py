"""Commands do not score a generator with the network it was trained with."""

import shutil
from pathlib import Path

import pytest

from commands import Command, assert_input_error

WORDS = ["train", "condgan.recipes.layout:layout", "--data", "shapes", "--resolution", "16", "--name", "run"]
WORDS += ["--set", "width=4", "--set", "discriminator_width=4", "--set", "batch_size=4", "--kimg", "0.004"]
WORDS += ["--set", "reader_kimg=0.192", "--set", "discriminator_kimg=0.064"]


@pytest.mark.slow
def test_the_reader_of_a_run_scores_neither_it_nor_another_training(condgan: Command, tmp_path: Path) -> None:
    result = condgan(*WORDS, "--runs", tmp_path)
    assert result.code == 0, result.err
    run = tmp_path / "run"
    copies = [tmp_path / "judge.safetensors", tmp_path / "checkpoint.pth"]
    for copy in copies:
        shutil.copy(run / "reader.safetensors", copy)
    before = sorted(run.iterdir())
    for file in (run / "reader.safetensors", *copies):
        problem = f"judge {file}: found the reader of a run, the network that its generator was trained with"
        assert_input_error(condgan("evaluate", run, "--judge", file), problem, "condgan judge train")
        assert_input_error(condgan(*WORDS, "--runs", tmp_path / "more", "--judge", file), problem)
    assert sorted(run.iterdir()) == before
    assert not (tmp_path / "more").exists()
