import json
from collections.abc import Mapping, Sequence
from math import isnan
from pathlib import Path
from typing import Any

import pytest

from condgan.curves import compare, run_curves, window
from condgan.scores import KID


def log_of(num_lines: int, **values: float) -> list[dict[str, Any]]:
    return [{"step": i, "kimg": 0.1 * i, "seconds": i, "images_per_second": 9.0, **values} for i in range(num_lines)]


def write_run(folder: Path, **files: Sequence[Mapping[str, Any]]) -> Path:
    folder.mkdir()
    for name, lines in files.items():
        (folder / f"{name}.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return folder


def labels(curves: Any) -> dict[str, list[str]]:
    return {title: [line.label for line in lines] for title, lines in curves.items()}


def test_losses_are_grouped_by_network_and_statistics_by_kind() -> None:
    names = ("D/real", "D/fake", "G/fake", "D(x)", "D(G(z))", "accuracy_real", "accuracy_fake")
    assert labels(run_curves(log_of(3, **dict.fromkeys(names, 1.0)), [])) == {
        "D loss by term": ["real", "fake"],
        "G loss by term": ["fake"],
        "D(x) and D(G(z))": ["D(x)", "D(G(z))"],
        "Adversarial losses": ["D on real", "D on fake", "G"],
        "Accuracy of D's auxiliary head": ["accuracy_real", "accuracy_fake"],
    }


def test_scores_at_saves_have_curves_of_their_own() -> None:
    scores = log_of(3, condition_accuracy=0.5, exact_accuracy=0.1, **{KID: 0.2})
    assert labels(run_curves([], scores)) == {
        "Accuracy over training": ["condition accuracy", "exact accuracy"],
        "kid[judge] over training": ["kid[judge]"],
    }
    codes = run_curves([], log_of(3, code_accuracy=0.5))
    assert labels(codes) == {"Accuracy over training": ["code accuracy"]}


def test_missing_and_infinite_values_leave_gaps() -> None:
    log = [*log_of(1, **{"D/real": 1.0}), {"step": 1, "kimg": 0.1, "D/real": None}, {"step": 2, "kimg": 0.2}]
    (line,) = run_curves(log, [])["D loss by term"]
    assert line.x == [0.0, 0.1, 0.2]
    assert [isnan(y) for y in line.y] == [False, True, True]
    (score,) = run_curves([], [*log_of(1, code_accuracy=0.5), {"step": 1, "kimg": 0.1}])["Accuracy over training"]
    assert [isnan(y) for y in score.y] == [False, True]


def test_long_logs_are_smoothed_over_the_original_values() -> None:
    log = [{"step": i, "kimg": 0.1 * i, "D/real": float(i % 2)} for i in range(100)]
    assert (window(log), window(log[:10])) == (4, 1)
    original, smooth = run_curves(log, [])["D loss by term"]
    assert original.pale
    assert list(original.y) == [line["D/real"] for line in log]
    assert not smooth.pale
    assert max(smooth.y[5:-5]) < 0.7
    assert len(run_curves(log[:10], [])["D loss by term"]) == 1


def test_cells_are_compared_by_their_scores(tmp_path: Path) -> None:
    for seed in (0, 1):
        write_run(tmp_path / f"a{seed}", scores=log_of(3, condition_accuracy=0.5), log=log_of(3, **{"D/real": 1.0}))
    write_run(tmp_path / "b", scores=log_of(3, condition_accuracy=0.7, **{KID: 0.1}))
    figure = compare({"a": [tmp_path / "a0", tmp_path / "a1"], "b": [tmp_path / "b"]})
    accuracy, kid = figure.axes
    assert (accuracy.get_title(), kid.get_title()) == ("condition_accuracy", "kid[judge]")
    first, second, other = accuracy.lines
    assert first.get_color() == second.get_color() != other.get_color()
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["a", "b"]


def test_cells_without_scores_are_compared_by_total_losses(tmp_path: Path) -> None:
    run = write_run(tmp_path / "a", log=log_of(3, **{"D/real": 1.0, "D/r1": 0.5, "G/fake": 2.0, "D(x)": 0.4}))
    discriminator, generator = compare({"a": [run]}).axes
    assert (discriminator.get_title(), generator.get_title()) == ("D loss", "G loss")
    assert discriminator.lines[0].get_ydata() == pytest.approx([1.5] * 3)
    assert generator.lines[0].get_ydata() == pytest.approx([2.0] * 3)
