"""Verdicts on runs whose files are written by the tests."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from condgan.reproduce.evidence import (
    NEW_TEST,
    NOT_COMPARABLE,
    NOT_REPRODUCED,
    REPRODUCED,
    TEST,
    Check,
    Evidence,
    above,
    always,
    grows,
    value,
)
from evidence_runs import evidence_of, write_lines

Score = tuple[float, float, float]


def at(middle: float) -> Score:
    return middle, middle - 0.02, middle + 0.02


def metrics(scores: Sequence[Score]) -> list[dict[str, Any]]:
    """The metrics.json of a run for each score."""
    return [{"rows": {"generator, test": {"condition_accuracy": score, "kid[judge]": score}}} for score in scores]


@pytest.mark.parametrize(
    ("ours", "theirs", "word", "why"),
    [
        ([at(0.8)], [at(0.6)], REPRODUCED, ""),
        ([at(0.62)], [at(0.6)], NOT_REPRODUCED, "same order, but within the 95 % interval"),
        ([at(0.58)], [at(0.6)], NOT_REPRODUCED, "opposite order, but within the 95 % interval"),
        ([at(0.5)], [at(0.6)], NOT_REPRODUCED, "opposite order"),
        ([at(0.80), at(0.81)], [at(0.70), at(0.71)], REPRODUCED, ""),  # paired: the difference is the same
        ([at(0.70), at(0.71)], [at(0.80), at(0.81)], NOT_REPRODUCED, "opposite order"),
        ([at(0.80), at(0.60)], [at(0.70), at(0.58)], NOT_REPRODUCED, "same order, but within the 95 % interval"),
        ([], [at(0.6)], NOT_COMPARABLE, "no finished run of a"),
        ([at(0.6)], [], NOT_COMPARABLE, "no finished run of b"),
    ],
)
def test_an_order_is_reproduced_if_the_interval_excludes_0(
    tmp_path: Path, ours: list[Score], theirs: list[Score], word: str, why: str
) -> None:
    verdict = above("a", "b")(evidence_of(tmp_path, {"a": metrics(ours), "b": metrics(theirs)}))
    assert (verdict.word, verdict.why) == (word, why)


def test_with_sign_minus_1_lower_values_are_better(tmp_path: Path) -> None:
    evidence = evidence_of(tmp_path, {"a": metrics([at(0.1)]), "b": metrics([at(0.3)])})
    assert above("a", "b", "kid[judge]", TEST, sign=-1)(evidence).word == REPRODUCED
    assert above("b", "a", "kid[judge]", TEST, sign=-1)(evidence).word == NOT_REPRODUCED


def test_runs_of_different_seeds_cannot_be_paired(tmp_path: Path) -> None:
    evidence = evidence_of(tmp_path, {"a": metrics([at(0.1)]), "b": metrics([at(0.3)] * 2)})
    del evidence._trials["b"][0]  # type: ignore[attr-defined]
    verdict = above("a", "b")(evidence)
    assert (verdict.word, verdict.why) == (NOT_COMPARABLE, "no seed with finished runs of both a and b")


def test_a_reported_value_is_shown_but_not_comparable(tmp_path: Path) -> None:
    verdict = value("a", TEST, NEW_TEST)(evidence_of(tmp_path, {"a": metrics([at(0.5), at(0.7)])}))
    assert (verdict.word, verdict.measured) == (NOT_COMPARABLE, "0.600")


@pytest.mark.parametrize(("held", "word"), [(20, REPRODUCED), (19, REPRODUCED), (18, NOT_REPRODUCED)])
def test_a_condition_has_to_hold_in_95_percent_of_the_lines(tmp_path: Path, held: int, word: str) -> None:
    lines = [{"step": i, "kimg": i, "x": float(i < held)} for i in range(20)]
    check = always("a", "x is positive", lambda line: line["x"] > 0)
    verdict = check(evidence_of(tmp_path, {"a": metrics([at(0.5)])}, log=lines))
    assert (verdict.word, verdict.measured) == (word, f"x is positive in {held / 20:.0%} of the log")


def test_logs_without_the_needed_losses_are_not_comparable(tmp_path: Path) -> None:
    check = always("a", "x is positive", lambda line: line["x"] > 0)
    verdict = check(evidence_of(tmp_path, {"a": metrics([at(0.5)])}, log=[{"step": 1, "kimg": 1}]))
    assert (verdict.word, verdict.why) == (NOT_COMPARABLE, "no 'x' in log.jsonl of a")


def curve(*points: tuple[int, float]) -> list[dict[str, float]]:
    return [{"step": step, "kimg": step, "condition_accuracy": score} for step, score in points]


@pytest.mark.parametrize(("end", "word"), [(0.7, REPRODUCED), (0.32, NOT_REPRODUCED), (0.1, NOT_REPRODUCED)])
def test_growth_is_measured_from_a_quarter_of_the_training(tmp_path: Path, end: float, word: str) -> None:
    scores = curve((0, 0.1), (25, 0.3), (60, 0.5), (100, end))
    verdict = grows("a")(evidence_of(tmp_path, {"a": metrics([at(0.5)])}, scores=scores))
    assert verdict.word == word
    assert verdict.measured == f"0.300 after 25% of the training, {end:.3f} at its end, n = 1"


def test_the_measured_share_of_the_training_is_reported(tmp_path: Path) -> None:
    scores = curve((0, 0.1), (40, 0.3), (100, 0.7))
    verdict = grows("a")(evidence_of(tmp_path, {"a": metrics([at(0.5)])}, scores=scores))
    assert verdict.measured.startswith("0.300 after 40% of the training")


@pytest.mark.parametrize(("scores", "num"), [(curve((0, 0.1), (100, 0.7)), 2), (curve((100, 0.7)), 1), ([], 0)])
def test_growth_of_a_curve_with_too_few_points_is_not_comparable(
    tmp_path: Path, scores: list[dict[str, float]], num: int
) -> None:
    verdict = grows("a")(evidence_of(tmp_path, {"a": metrics([at(0.5)])}, scores=scores))
    assert verdict.word == NOT_COMPARABLE
    assert verdict.why == (
        f"points in scores.jsonl: {num}; expected one between 25% and the end of the training; use a larger budget"
    )


def test_curves_with_enough_points_are_used_if_others_have_too_few(tmp_path: Path) -> None:
    evidence = evidence_of(tmp_path, {"a": metrics([at(0.5)] * 2)}, scores=curve((0, 0.1), (100, 0.7)))
    write_lines(tmp_path / "a" / "seed-1" / "scores.jsonl", curve((0, 0.1), (25, 0.2), (100, 0.7)))
    verdict = grows("a")(evidence)
    assert verdict.word == REPRODUCED
    assert verdict.measured.endswith("n = 1")


def test_metrics_without_the_score_are_not_comparable(tmp_path: Path) -> None:
    verdict = value("a", NEW_TEST)(evidence_of(tmp_path, {"a": metrics([at(0.5)])}))
    assert (verdict.word, verdict.why) == (NOT_COMPARABLE, "no condition_accuracy in metrics.json of a")


@pytest.mark.parametrize("check", [value("a", TEST), above("a", "b"), always("a", "", bool), grows("a")])
def test_without_runs_the_verdict_says_so(check: Check) -> None:
    assert check(Evidence([])) == (NOT_COMPARABLE, "", "no finished run of a")
