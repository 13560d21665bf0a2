"""`condgan compare`: which runs are trainings of one system, and what is said about their differences."""

import json
from collections.abc import Mapping, Sequence
from math import nan
from pathlib import Path
from typing import Any

import pytest

from commands import Command, assert_input_error
from condgan.config import Config
from condgan.systems import comparisons
from contracts import tiny_images, tiny_options

CONDITIONS = ["red square", "blue circle", "green triangle", "red square, blue circle"]
HIGH, LOW = [0.9, 0.8, 0.85, 0.9], [0.2, 0.1, 0.15, 0.2]


def write_run(
    folder: Path, scores: Sequence[float], *, seed: int = 0, recipe: str = "cdcgan", name: str = "test", **facts: Any
) -> Path:
    """Writes run.json and metrics.json of a run with these accuracies; `facts` are other entries of the latter."""
    config = Config.of(recipe, tiny_options(recipe), "shapes", tiny_images("multi_label"), seed=seed, precision="no")
    folder.mkdir()
    (folder / "run.json").write_text(json.dumps(config.to_json()))
    each: Mapping[str, Any] = {
        condition: [[value, value, value], [value, value, value]]
        for condition, value in zip(CONDITIONS, scores, strict=True)
    }
    metrics = {"judge": "small", "draws": 4, "seed": 0, "rows": {}, "per_condition": {name: each}, **facts}
    (folder / "metrics.json").write_text(json.dumps(metrics))
    return folder


def test_runs_that_differ_only_in_their_seed_are_one_system(tmp_path: Path) -> None:
    folders = [write_run(tmp_path / f"a{seed}", HIGH, seed=seed) for seed in range(3)]
    folders += [write_run(tmp_path / f"b{seed}", LOW, seed=seed, recipe="acgan") for seed in range(2)]
    ranks, differences, *_ = comparisons(folders)
    assert ranks.rows == [["cdcgan", "3", "0.863", "1"], ["acgan", "2", "0.163", "2"]]
    ((systems, difference, _, _, _, conclusion),) = differences.rows
    assert (systems, difference, conclusion) == ("cdcgan - acgan", "+0.700", "higher")


def test_a_difference_that_trainings_explain_is_within_noise(tmp_path: Path) -> None:
    """Each system was once good and once bad."""
    folders = [
        write_run(tmp_path / f"{recipe}{seed}", [value + shift for value in LOW], seed=seed, recipe=recipe)
        for recipe, shift in (("cdcgan", 0.0), ("acgan", 0.05))
        for seed, shift in ((0, shift), (1, shift + 0.6))
    ]
    ranks, differences, *_ = comparisons(folders)
    assert [row[3] for row in ranks.rows] == ["1 to 2", "1 to 2"]
    assert differences.rows[0][1] == "-0.050"
    assert differences.rows[0][-1] == "within noise"
    assert differences.rows[0][2] == "[-0.050, -0.050]"  # the conditions alone would not explain it


def test_the_noise_of_trainings_is_unknown_for_single_ones(condgan: Command, tmp_path: Path) -> None:
    folders = [write_run(tmp_path / "a", HIGH), write_run(tmp_path / "b", LOW, recipe="acgan")]
    result = condgan("compare", *folders)
    assert result.code == 0, result.err
    assert "higher, noise of runs unknown" in result.out
    assert "test, 4 conditions: exact_accuracy" in result.out


def test_runs_that_cannot_be_compared_are_refused_with_what_to_run(condgan: Command, tmp_path: Path) -> None:
    a = write_run(tmp_path / "a", HIGH, judge_hash="12")
    refused: dict[str, tuple[Path, str]] = {
        "not scored yet; run condgan evaluate": (write_run(tmp_path / "new", LOW, recipe="acgan"), ""),
        "scored by different judges": (write_run(tmp_path / "b", LOW, recipe="acgan", judge="lab"), "--judge FILE"),
        "different judges": (write_run(tmp_path / "c", LOW, recipe="acgan", judge_hash="34"), "--judge FILE"),
        "test with 4": (write_run(tmp_path / "d", LOW, recipe="acgan", name="seen"), "--conditions FILE"),
        "differ only in their seed": (write_run(tmp_path / "e", LOW, seed=1), "at least two systems"),
        "the same options and seed 0": (write_run(tmp_path / "f", LOW), "leave one out"),
        "expected at most 3": (write_run(tmp_path / "g", LOW, recipe="acgan", format=4), "metrics.json: format"),
        "h/metrics.json: scores of an earlier generator": (
            write_run(tmp_path / "h", LOW, recipe="acgan", generator_hash="12"),
            f"run condgan evaluate {tmp_path / 'h'}",
        ),
        "no run.json": (tmp_path, "expected the folder of a run"),
    }
    (tmp_path / "new" / "metrics.json").unlink()
    (tmp_path / "h" / "generator.safetensors").write_bytes(b"trained since")
    for problem, (other, advice) in refused.items():
        assert_input_error(condgan("compare", a, other), problem, advice)


def test_conditions_without_a_score_are_left_out(tmp_path: Path) -> None:
    """The empty set has no condition accuracy, which must not decide the order of two systems."""
    folders = [write_run(tmp_path / "a", HIGH), write_run(tmp_path / "b", LOW, recipe="acgan")]
    for folder in folders:
        content = json.loads((folder / "metrics.json").read_text())
        content["per_condition"]["test"]["nothing"] = [[nan, nan, nan], [0.5, 0.5, 0.5]]
        (folder / "metrics.json").write_text(json.dumps(content))
    exact, _, accuracy, differences = comparisons(folders)
    assert exact.title == "test, 5 conditions: exact_accuracy"
    assert accuracy.title == "test, 4 conditions: condition_accuracy"
    assert [row[2] for row in accuracy.rows] == ["0.863", "0.163"]
    assert differences.rows[0][1] == "+0.700"


@pytest.mark.parametrize("width", [4, 8])
def test_systems_are_named_by_what_differs(tmp_path: Path, width: int) -> None:
    folders = [write_run(tmp_path / "a", HIGH), write_run(tmp_path / "b", LOW)]
    content = json.loads((tmp_path / "b" / "run.json").read_text())
    content["options"]["width"], content["kimg"] = width, 5.0
    (tmp_path / "b" / "run.json").write_text(json.dumps(content))
    ranks, *_ = comparisons(folders)
    first = json.loads((tmp_path / "a" / "run.json").read_text())["options"]["width"]
    same = first == width
    names = ["cdcgan kimg=None", "cdcgan kimg=5.0"]
    if not same:
        names = [f"cdcgan width={first} kimg=None", f"cdcgan width={width} kimg=5.0"]
    assert [row[0] for row in ranks.rows] == names
