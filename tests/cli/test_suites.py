"""`condgan evaluate --suite full` and of several runs."""

import json
import re
import shutil
from math import isfinite
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from commands import Command, assert_input_error
from condgan.files import read_json
from condgan.metrics import CONDITION_METRICS, FEATURE_METRICS
from condgan.saves import file_hash

PAIRS = [["red square"], ["blue circle", "red square"], ["red square", "red circle", "blue square", "blue circle"]]


@pytest.fixture
def run(finished: Path, tmp_path: Path) -> Path:
    """A run that a test may score. Of the conditions in pairs.json, the one of four objects is not in training."""
    shutil.copytree(finished / "runs" / "cdcgan", tmp_path / "run")
    (tmp_path / "pairs.json").write_text(json.dumps(PAIRS))
    return tmp_path / "run"


def numbers(content: Any) -> list[float]:
    """All numbers in plain data."""
    if isinstance(content, dict):
        return [number for value in content.values() for number in numbers(value)]
    if isinstance(content, list):
        return [number for value in content for number in numbers(value)]
    return [content] if isinstance(content, int | float) else []


def test_the_full_suite_has_all_metrics_by_their_full_names(condgan: Command, finished: Path, run: Path) -> None:
    words = ["--judge", finished / "judge.safetensors", "--draws", "4", "--conditions", run.parent / "pairs.json"]
    result = condgan("evaluate", run, "--suite", "full", *words)
    assert result.code == 0, result.err
    metrics = read_json(run / "metrics.json")
    assert (metrics["format"], metrics["suite"]) == (3, "full")
    assert metrics["generator_hash"] == file_hash(run / "generator.safetensors")
    row = metrics["rows"]["generator, held-out conditions"]
    named = {f"{name}[judge]" for name in FEATURE_METRICS}
    assert named - {"diversity[judge]"} <= row.keys()  # few held-out images share a condition
    assert row.keys() <= {*CONDITION_METRICS, *named, "memorisation[judge]"}
    assert {"condition_f1", "count_accuracy", "memorisation[judge]"} <= row.keys()
    assert "memorisation[judge]" not in metrics["rows"]["real images"]
    assert metrics["rows"]["generator, pairs"].keys() <= {*CONDITION_METRICS, "diversity[judge]"}
    assert {"f1 by value", "f1 by factor", "exact_accuracy by count"} <= metrics["breakdowns"]["pairs"].keys()
    assert "kid[judge] by value" in metrics["breakdowns"]["held-out conditions"]
    assert "kid[judge] by value" not in metrics["breakdowns"]["pairs"]
    assert all(map(isfinite, numbers(metrics)))
    with Image.open(run / "neighbours.png") as picture:
        assert picture.width > 8 * 128
    assert "pairs: 2 of 3 conditions occur in training" in result.out
    assert re.search(r"gap +│", result.out)
    for name in ("condition_f1", "fid[judge]", "memorisation[judge]"):
        assert name in result.out


def test_several_runs_are_scored_into_one_table(condgan: Command, finished: Path, run: Path) -> None:
    other = run.with_name("other")
    shutil.copytree(run, other)
    words = ["--judge", finished / "judge.safetensors", "--draws", "1", "--conditions", run.parent / "pairs.json"]
    result = condgan("evaluate", run, other, *words)
    assert result.code == 0, result.err
    assert result.out.count("condition_accuracy") == 1
    assert (run / "metrics.json").read_bytes() == (other / "metrics.json").read_bytes()
    assert result.out.count("generator, pairs") == 2


def test_all_runs_are_checked_before_the_first_is_scored(condgan: Command, finished: Path, run: Path) -> None:
    other = run.with_name("other")
    shutil.copytree(run, other)
    (other / "local.json").write_text(json.dumps({"data": "shapes:class"}))
    words = ["--judge", finished / "judge.safetensors", "--draws", "1"]
    assert_input_error(condgan("evaluate", run, other, *words), f"{other}: the images have other labels")
    assert not (run / "metrics.json").is_file()


def test_an_unknown_suite_is_refused(condgan: Command, run: Path) -> None:
    assert_input_error(condgan("evaluate", run, "--suite", "ful"), "--suite", "did you mean 'full'", "quick, full")
    assert not (run / "metrics.json").is_file()
