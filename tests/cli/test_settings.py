"""`condgan train --config`."""

import json
from pathlib import Path
from typing import Any

import pytest

from commands import TINY, Command, assert_input_error
from condgan.files import read_json
from written import write_folder

CONFIG = """\
recipe: cdcgan
data: shapes
options:
  width: 4
  latent_dim: 8
  batch_size: 8
  learning_rate: 2e-4
resolution: 16
seed: 3
steps: 1
precision: no
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "run.yaml"
    file.write_text(CONFIG + f"runs: {tmp_path}\n")
    return file


def trained(condgan: Command, *words: str | Path) -> dict[str, Any]:
    """Returns the run.json of a training."""
    result = condgan("train", *words, "--json")
    assert result.code == 0, result.err
    content: dict[str, Any] = read_json(Path(json.loads(result.out)["run"]) / "run.json")
    return content


def test_a_file_is_overridden_by_the_command_line(condgan: Command, config: Path) -> None:
    found = trained(condgan, "--config", config)
    assert (found["recipe"], found["seed"], found["precision"], found["kimg"]) == ("cdcgan", 3, "no", 0.008)
    assert (found["options"]["width"], found["options"]["learning_rate"]) == (4, 2e-4)
    words = ["--seed", "5", "--set", "width=8", "--epochs", "0.01", "--name", "other"]
    found = trained(condgan, "--config", config, *words)
    assert (found["seed"], found["options"]["width"], found["options"]["latent_dim"]) == (5, 8, 8)
    assert found["kimg"] == pytest.approx(0.01 * 3.891)


def test_options_of_a_file_override_its_preset_but_not_one_that_is_given(condgan: Command, config: Path) -> None:
    config.write_text(config.read_text() + "preset: laptop\n")
    assert trained(condgan, "--config", config)["options"]["width"] == 4
    found = trained(condgan, "--config", config, "--preset", "laptop", "--set", "batch_size=16", "--name", "other")
    assert (found["options"]["width"], found["options"]["batch_size"]) == (32, 16)


def test_a_run_is_trained_again_from_its_run_json(condgan: Command, tmp_path: Path) -> None:
    write_folder(tmp_path / "faces")
    runs = tmp_path / "runs"
    words: list[str | Path] = ["cdcgan", "--data", tmp_path / "faces", *TINY, "--allow-empty", "--steps", "1"]
    first = trained(condgan, *words, "--runs", runs)
    again = trained(condgan, "--config", runs / "cdcgan" / "run.json", "--runs", runs, "--name", "again")
    assert again == first
    files = [runs / name / "generator.safetensors" for name in ("cdcgan", "again")]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_other_images_than_those_of_a_run_are_noticed(condgan: Command, config: Path, tmp_path: Path) -> None:
    trained(condgan, "--config", config)
    words = ["train", "--config", tmp_path / "cdcgan" / "run.json", "--runs", tmp_path, "--name"]
    assert "notice: these are not the images of" not in condgan(*words, "same").out
    assert "notice: these are not the images of" in condgan(*words, "other", "--data", "shapes:class").out


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("sede: 1", ["line 12: unknown entry 'sede'; did you mean 'seed'"]),
        ("keep: [a]", ["line 12: keep: found ['a'], expected one value"]),
        ("minutes: one", ["line 12: minutes: "]),
        ("seed: 4", ["line 12: 'seed' is given twice"]),
        ("minutes: [1]", ["line 12: minutes: found ['1'], expected one value"]),
        ("options: 3", ["'options' is given twice"]),
        ("reading: {group: a}", ["line 12: unknown entry 'group'; did you mean 'group_by'"]),
        ("reading: {min_objects: many}", ["line 12: min_objects: found 'many', expected a whole number"]),
        ("reading: {min_objects: [1]}", ["line 12: min_objects: found \"['1']\", expected a whole number"]),
        ("reading: {hold_out: cat}", ["line 12: hold_out", "expected"]),
        ("reading: {hold_out: [cat]}", ["line 12: hold_out", "expected"]),
        ("reading:\n  missing: foo", ["line 13: ", "missing: found 'foo'", "expected one of refuse, drop"]),
        ("judge_part: 2", ["line 12: ", "judge-part: found 2, expected a share below 1"]),
        ("reading: 3", ["line 12: reading: found '3', expected `name: value` entries"]),
        ("kimg: 2", ["found --kimg and --steps, expected one of them"]),
        ("kimg: -2", ["--kimg: found -2, expected a positive number"]),
        ("{", ["expected valid YAML"]),
    ],
)
def test_mistakes_are_named_with_file_and_line(
    condgan: Command, config: Path, tmp_path: Path, line: str, parts: list[str]
) -> None:
    config.write_text(CONFIG + line + "\n")
    result = condgan("train", "--config", config, "--runs", tmp_path / "runs")
    assert_input_error(result, *(["run.yaml", *parts] if "--" not in parts[0] else parts))
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("entry", ["recipe", "data"])
def test_a_file_cannot_choose_code(
    condgan: Command, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entry: str
) -> None:
    (tmp_path / "sent.py").write_text("raise SystemExit('imported')\n")
    monkeypatch.syspath_prepend(tmp_path)
    before = {"recipe": "recipe: cdcgan", "data": "data: shapes"}[entry]
    config.write_text(config.read_text().replace(before, f"{entry}: sent:code"))
    assert_input_error(condgan("train", "--config", config), f"{entry} 'sent:code' is code outside of condgan")


def test_a_missing_file_is_reported(condgan: Command, tmp_path: Path) -> None:
    assert_input_error(condgan("train", "--config", tmp_path / "no.yaml"), "no.yaml")
