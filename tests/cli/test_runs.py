"""The commands about runs and the judge, at work."""

import json
import subprocess
import sys
from pathlib import Path

import torch
from PIL import Image

from commands import TINY, Command, assert_nothing_half_written


def test_a_run_is_trained_drawn_from_and_scored(condgan: Command, finished: Path, tmp_path: Path) -> None:
    run = finished / "runs" / "cdcgan"
    drawn = condgan("generate", run, "--condition", "red square, blue circle", "--count", "5", "--out", tmp_path)
    assert drawn.code == 0, drawn.err
    assert sorted(file.name for file in tmp_path.iterdir()) == [*(f"000{i}.png" for i in range(5)), "grid.png"]
    with Image.open(tmp_path / "0000.png") as image:
        assert image.mode == "RGB"
    (tmp_path / "pairs.json").write_text('[["red square"], ["blue circle", "red square"]]')
    words = ["evaluate", run, "--judge", finished / "judge.safetensors", "--draws", "4"]
    scored = condgan(*words, "--conditions", tmp_path / "pairs.json")
    assert scored.code == 0, scored.err
    metrics = json.loads((run / "metrics.json").read_text())
    assert {"real images", "generator, pairs", "untrained, pairs"} <= metrics["rows"].keys()
    assert set(metrics["per_condition"]["pairs"]) == {"red square", "red square, blue circle"}
    assert (run / "pairs.png").is_file()
    assert_nothing_half_written(run)


def test_without_a_list_the_labels_that_training_saw_are_scored(condgan: Command, finished: Path) -> None:
    run = finished / "runs" / "cdcgan"
    scored = condgan("evaluate", run, "--judge", finished / "judge.safetensors", "--draws", "1")
    assert scored.code == 0, scored.err
    assert len(json.loads((run / "metrics.json").read_text())["per_condition"]["seen"]) == 120
    assert (run / "seen.png").is_file()


def test_a_run_that_played_all_epochs_says_how_to_have_more(condgan: Command, tmp_path: Path) -> None:
    words = ["train", "cdcgan", "--data", "shapes", *TINY, "--set", "batch_size=1000", "--set", "num_epochs=1"]
    done = condgan(*words, "--runs", tmp_path)
    assert done.code == 0, done.err
    assert "all 1 epochs of the recipe; --set num_epochs=N" in done.out
    assert "epochs of the recipe" not in condgan(*words, "--runs", tmp_path / "more", "--kimg", "1").out


def test_the_same_seed_draws_the_same_images(condgan: Command, finished: Path, tmp_path: Path) -> None:
    words = ["generate", finished / "runs" / "cdcgan" / "generator.safetensors", "--condition", "red square"]
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        assert condgan(*words, "--count", "3", "--seed", seed, "--out", tmp_path / name).code == 0
    a, b, c = ((tmp_path / name / "grid.png").read_bytes() for name in "abc")
    assert a == b != c


def test_a_judge_is_scored(condgan: Command, finished: Path) -> None:
    done = condgan("judge", "score", "shapes", "--judge", finished / "judge.safetensors", "--resolution", "16")
    assert done.code == 0, done.err
    assert {"condition_accuracy", "exact_accuracy"} <= set(done.out.split())


def test_help_and_version_import_no_torch() -> None:
    code = """
import sys
from condgan import cli
try:
    cli.main()
finally:
    assert "torch" not in sys.modules
"""
    for word, said in (("--help", "judge"), ("--version", "condgan 0")):
        done = subprocess.run([sys.executable, "-c", code, word], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert said in done.stdout


def test_the_command_is_installed() -> None:
    command = Path(sys.executable).with_name("condgan")
    done = subprocess.run([command, "--version"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("condgan ")


def test_the_model_is_all_that_is_needed_elsewhere(condgan: Command, finished: Path, tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes((finished / "runs" / "cdcgan" / "generator.safetensors").read_bytes())
    done = condgan("generate", tmp_path / "model.safetensors", "--condition", "red square", "--count", "2")
    assert done.code == 0, done.err
    assert (tmp_path / "generated" / "grid.png").is_file()


def test_a_run_can_be_had_in_bf16(condgan: Command, tmp_path: Path) -> None:
    words = ["train", "cdcgan", "--data", "shapes", *TINY, "--kimg", "0.016", "--runs", tmp_path]
    done = condgan(*words, "--precision", "bf16")
    assert done.code == 0, done.err
    state = torch.load(next((tmp_path / "cdcgan" / "checkpoints").iterdir()), weights_only=True)
    assert {w.dtype for w in state["state"]["generator"].values() if w.is_floating_point()} == {torch.float32}
