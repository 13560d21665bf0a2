"""Verdicts on runs whose files are written by the tests."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from condgan.errors import InputError
from condgan.reproduce.evidence import (
    NEW_TEST,
    NOT_COMPARABLE,
    NOT_REPRODUCED,
    REPRODUCED,
    TEST,
    Check,
    Evidence,
    above,
    beside,
    value,
)
from evidence_runs import evidence_of

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
        ([at(0.6)], [at(0.6)], NOT_REPRODUCED, "no difference"),
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


def test_two_cells_are_shown_beside_each_other_without_a_verdict(tmp_path: Path) -> None:
    rows = {"condition_accuracy": at(0.5)}, {"kid[judge]": at(0.2)}
    found = [{"rows": {"generator, test": rows[0], "generator, held-out conditions": rows[1]}}]
    verdict = beside("a", "b")(evidence_of(tmp_path, {"a": found, "b": found * 2}))
    expected = "condition_accuracy 0.500 against 0.500, n = 1; kid[judge] 0.200 against 0.200, n = 1"
    assert (verdict.word, verdict.measured) == (NOT_COMPARABLE, expected)
    lacking = beside("a", "b", metrics=["fid"])(evidence_of(tmp_path / "other", {"a": found, "b": found}))
    assert (lacking.word, lacking.why) == (NOT_COMPARABLE, "no fid in metrics.json of a")


def test_metrics_without_the_score_are_not_comparable(tmp_path: Path) -> None:
    verdict = value("a", NEW_TEST)(evidence_of(tmp_path, {"a": metrics([at(0.5)])}))
    assert (verdict.word, verdict.why) == (NOT_COMPARABLE, "no condition_accuracy in metrics.json of a")


@pytest.mark.parametrize("check", [value("a", TEST), above("a", "b"), beside("a", "b")])
def test_without_runs_the_verdict_says_so(check: Check) -> None:
    assert check(Evidence([])) == (NOT_COMPARABLE, "", "no finished run of a")


@pytest.mark.parametrize(
    ("content", "problem"), [({"rows": []}, "rows: found"), ({"format": 99}, "rows: missing entry")]
)
def test_a_broken_file_of_scores_is_named(tmp_path: Path, content: dict[str, Any], problem: str) -> None:
    with pytest.raises(InputError, match=rf"metrics\.json: {problem}.*run condgan evaluate again"):
        value("a", TEST)(evidence_of(tmp_path, {"a": [content]}))
