"""`condgan train`, `generate`, `evaluate` and `judge`."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from safetensors import safe_open

from commands import TINY, Command, assert_no_partial_file, forget_accuracy
from condgan.files import read_json
from condgan.log import read_lines
from written import write_csv, write_folder


def test_generate_writes_images_and_a_grid(condgan: Command, finished: Path, tmp_path: Path) -> None:
    words = ["--condition", "red square, blue circle", "--count", "5", "--out", tmp_path]
    result = condgan("generate", finished / "runs" / "cdcgan", *words)
    assert result.code == 0, result.err
    names = [f"red-square_blue-circle-seed0-0{i}.png" for i in range(5)]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["generated.json", "grid.png", *names]
    with Image.open(tmp_path / names[0]) as image:
        assert (image.mode, image.size) == ("RGB", (16, 16))


def test_evaluate_scores_the_given_conditions(condgan: Command, finished: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(finished / "runs" / "cdcgan", run)
    (tmp_path / "pairs.json").write_text('[["red square"], ["blue circle", "red square"]]')
    words = ["evaluate", run, "--judge", finished / "judge.safetensors", "--draws", "4"]
    result = condgan(*words, "--conditions", tmp_path / "pairs.json")
    assert result.code == 0, result.err
    metrics = read_json(run / "metrics.json")
    assert {"real images", "generator, pairs", "untrained, pairs"} <= metrics["rows"].keys()
    assert set(metrics["per_condition"]["pairs"]) == {"red square", "red square, blue circle"}
    assert (run / "pairs.png").is_file()
    assert_no_partial_file(run)
    assert "4 images per condition" in result.out


def test_evaluate_scores_conditions_of_training_images_by_default(
    condgan: Command, finished: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    shutil.copytree(finished / "runs" / "cdcgan", run)
    result = condgan("evaluate", run, "--judge", finished / "judge.safetensors", "--draws", "1")
    assert result.code == 0, result.err
    assert len(read_json(run / "metrics.json")["per_condition"]["seen"]) == 120
    assert (run / "seen.png").is_file()


def test_train_says_how_to_continue_after_all_epochs(condgan: Command, tmp_path: Path) -> None:
    words = ["train", "cdcgan", "--data", "shapes", *TINY, "--set", "batch_size=1000", "--set", "num_epochs=1"]
    result = condgan(*words, "--runs", tmp_path)
    assert result.code == 0, result.err
    assert "all 1 epochs of the recipe are done; for more, use --epochs N" in result.out
    for length in (["--kimg", "1"], ["--minutes", "0.02"]):
        result = condgan(*words, "--runs", tmp_path / length[0], *length)
        assert result.code == 0, result.err
        assert "epochs of the recipe" not in result.out


def test_minutes_alone_are_not_limited_by_the_epochs_of_the_recipe(condgan: Command, tmp_path: Path) -> None:
    words = ["train", "cdcgan", "--data", "shapes", *TINY, "--set", "batch_size=1000", "--set", "num_epochs=1"]
    for name, length in {"minutes": ["--minutes", "0.02"], "both": ["--minutes", "9", "--epochs", "1"]}.items():
        result = condgan(*words, "--runs", tmp_path, "--name", name, *length)
        assert result.code == 0, result.err
    runs = [read_json(tmp_path / name / "run.json") for name in ("minutes", "both")]
    assert [run["kimg"] for run in runs] == [None, pytest.approx(runs[1]["num_training"] / 1000)]


def test_the_plan_of_a_budget_in_minutes_is_kept_on_resume(condgan: Command, tmp_path: Path) -> None:
    words = ["train", "cdcgan", "--data", "shapes", *TINY, "--runs", tmp_path, "--resume", "--minutes"]
    result = condgan(*words, "0.005")
    assert result.code == 0, result.err
    first = read_json(tmp_path / "cdcgan" / "run.json")
    assert first["minutes"] == 0.005
    (line,) = read_lines(tmp_path / "cdcgan" / "log.jsonl")[-1:]
    assert line["kimg"] == pytest.approx(first["planned_kimg"])
    assert condgan(*words, "0.005").code == 0
    assert read_json(tmp_path / "cdcgan" / "run.json") == first
    assert read_lines(tmp_path / "cdcgan" / "log.jsonl")[-1] == line


def test_run_json_has_no_path_and_evaluate_finds_the_data(
    condgan: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_csv(tmp_path / "faces", "hair", [("dark", "fair")[i % 2] for i in range(100)])
    monkeypatch.chdir(tmp_path)
    for data in ("faces", "folder:faces"):
        name = data.replace(":", "_")
        words = ["train", "cdcgan", "--data", data, *TINY, "--kimg", "0.008", "--runs", "runs", "--name", name]
        result = condgan(*words)
        assert result.code == 0, result.err
        run = tmp_path / "runs" / name
        with safe_open(str(run / "generator.safetensors"), "pt") as file:
            header = file.metadata()["run"]
        for text in (header, (run / "run.json").read_text()):
            assert str(tmp_path) not in text
            assert json.loads(text)["data"] == data
        prefix = data.removesuffix("faces")
        assert read_json(run / "local.json") == {"data": f"{prefix}{tmp_path / 'faces'}"}
    judge = ["judge", "train", "faces", "--epochs", "1", "--resolution", "16", "--out", "judge.safetensors"]
    assert condgan(*judge).code == 0
    forget_accuracy(tmp_path / "judge.safetensors", tmp_path / "runs" / "faces")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    run = tmp_path / "runs" / "folder_faces"
    result = condgan("evaluate", run, "--judge", tmp_path / "judge.safetensors", "--draws", "1")
    assert result.code == 0, result.err


def test_data_that_were_moved_are_found_after_resume(condgan: Command, tmp_path: Path) -> None:
    write_folder(tmp_path / "faces")
    words = ["train", "cdcgan", *TINY, "--kimg", "0.008", "--runs", tmp_path / "runs", "--resume", "--data"]
    assert condgan(*words, tmp_path / "faces").code == 0
    (tmp_path / "faces").rename(tmp_path / "people")
    assert condgan(*words, tmp_path / "people").code == 0
    assert read_json(tmp_path / "runs" / "cdcgan" / "local.json") == {"data": str(tmp_path / "people")}


def test_the_seed_determines_the_generated_images(condgan: Command, finished: Path, tmp_path: Path) -> None:
    words = ["generate", finished / "runs" / "cdcgan" / "generator.safetensors", "--condition", "red square"]
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        assert condgan(*words, "--count", "3", "--seed", seed, "--out", tmp_path / name).code == 0
    a, b, c = ((tmp_path / name / "grid.png").read_bytes() for name in "abc")
    assert a == b != c


def test_judge_score_prints_both_accuracies(condgan: Command, finished: Path) -> None:
    result = condgan("judge", "score", "shapes", "--judge", finished / "judge.safetensors", "--resolution", "16")
    assert result.code == 0, result.err
    assert {"condition_accuracy", "exact_accuracy"} <= set(result.out.split())


@pytest.mark.slow
def test_help_and_version_import_no_torch() -> None:
    code = """
import sys
from condgan import cli
try:
    cli.main()
finally:
    assert "torch" not in sys.modules
"""
    for word, expected in (("--help", "judge"), ("--version", "condgan 0")):
        done = subprocess.run([sys.executable, "-c", code, word], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert expected in done.stdout


@pytest.mark.slow
def test_the_command_is_installed() -> None:
    command = Path(sys.executable).with_name("condgan")
    done = subprocess.run([command, "--version"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("condgan ")


def test_generate_needs_only_the_model_file(condgan: Command, finished: Path, tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes((finished / "runs" / "cdcgan" / "generator.safetensors").read_bytes())
    result = condgan("generate", tmp_path / "model.safetensors", "--condition", "red square", "--count", "2")
    assert result.code == 0, result.err
    assert (tmp_path / "generated" / "grid.png").is_file()


def test_weights_stay_float32_in_bf16_training(condgan: Command, tmp_path: Path) -> None:
    words = ["train", "cdcgan", "--data", "shapes", *TINY, "--kimg", "0.016", "--runs", tmp_path]
    result = condgan(*words, "--precision", "bf16")
    assert result.code == 0, result.err
    saved: Any = torch.load(next((tmp_path / "cdcgan" / "checkpoints").iterdir()), weights_only=True)
    assert {w.dtype for w in saved["state"]["generator"].values() if w.is_floating_point()} == {torch.float32}
    assert read_json(tmp_path / "cdcgan" / "run.json")["precision"] == "bf16"
