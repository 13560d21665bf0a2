"""Verdicts on runs whose files are written by the tests."""

from collections.abc import Callable, Sequence
from functools import partial
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
    Evidence,
    Verdict,
    above,
    beside,
    value,
)
from evidence_runs import evidence_of, not_comparable

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
    ],
)
def test_an_order_is_reproduced_if_the_interval_excludes_0(
    tmp_path: Path, ours: list[Score], theirs: list[Score], word: str, why: str
) -> None:
    verdict = above(evidence_of(tmp_path, {"a": metrics(ours), "b": metrics(theirs)}), "a", "b")
    assert (verdict.word, verdict.why) == (word, why)


def test_with_sign_minus_1_lower_values_are_better(tmp_path: Path) -> None:
    evidence = evidence_of(tmp_path, {"a": metrics([at(0.1)]), "b": metrics([at(0.3)])})
    assert above(evidence, "a", "b", "kid[judge]", TEST, sign=-1).word == REPRODUCED
    assert above(evidence, "b", "a", "kid[judge]", TEST, sign=-1).word == NOT_REPRODUCED


def test_runs_of_different_seeds_cannot_be_paired(tmp_path: Path) -> None:
    evidence = evidence_of(tmp_path, {"a": metrics([at(0.1)]), "b": metrics([at(0.3)] * 2)})
    del evidence._trials["b"][0]  # type: ignore[attr-defined]
    assert not_comparable(lambda: above(evidence, "a", "b")) == ("", "no seed with finished runs of both a and b")


def test_a_single_common_seed_is_compared_with_itself(tmp_path: Path) -> None:
    evidence = evidence_of(tmp_path, {"a": metrics([at(0.9), at(0.62)]), "b": metrics([at(0.3), at(0.6)])})
    del evidence._trials["b"][0]  # type: ignore[attr-defined]
    assert above(evidence, "a", "b").why == "same order, but within the 95 % interval"


def test_a_reported_value_is_shown_but_not_comparable(tmp_path: Path) -> None:
    verdict = value(evidence_of(tmp_path, {"a": metrics([at(0.5), at(0.7)])}), "a", TEST, NEW_TEST)
    assert (verdict.word, verdict.measured) == (NOT_COMPARABLE, "0.600")


def test_two_cells_are_shown_beside_each_other_without_a_verdict(tmp_path: Path) -> None:
    rows = {"condition_accuracy": at(0.5)}, {"kid[judge]": at(0.2)}
    found = [{"rows": {"generator, test": rows[0], "generator, held-out conditions": rows[1]}}]
    verdict = beside(evidence_of(tmp_path, {"a": found, "b": found * 2}), "a", "b")
    expected = "condition_accuracy 0.500 against 0.500, n = 1; kid[judge] 0.200 against 0.200, n = 1"
    assert (verdict.word, verdict.measured) == (NOT_COMPARABLE, expected)
    lacking = evidence_of(tmp_path / "other", {"a": found, "b": found})
    expected = "no fid in metrics.json of a"
    assert not_comparable(lambda: beside(lacking, "a", "b", metrics=["fid"])) == ("", expected)


def test_metrics_without_the_score_are_not_comparable(tmp_path: Path) -> None:
    evidence = evidence_of(tmp_path, {"a": metrics([at(0.5)])})
    assert not_comparable(lambda: value(evidence, "a", NEW_TEST)) == ("", "no condition_accuracy in metrics.json of a")


@pytest.mark.parametrize(
    "check", [lambda e: value(e, "a", TEST), lambda e: above(e, "a", "b"), lambda e: beside(e, "a", "b")]
)
def test_without_runs_the_verdict_says_so(check: Callable[[Evidence], Verdict]) -> None:
    assert not_comparable(lambda: check(Evidence([]))) == ("", "no finished run of a")


@pytest.mark.parametrize("check", [above, beside])
def test_both_cells_need_a_run(tmp_path: Path, check: Callable[[Evidence, str, str], Verdict]) -> None:
    found = [{"rows": {"generator, held-out conditions": {"kid[judge]": at(0.2), "condition_accuracy": at(0.5)}}}]
    evidence = evidence_of(tmp_path, {"a": found})
    for one, other in (("a", "b"), ("b", "a")):
        assert not_comparable(partial(check, evidence, one, other)) == ("", "no finished run of b")


@pytest.mark.parametrize(
    ("content", "problem"), [({"rows": []}, "rows: found"), ({"format": 99}, "rows: missing entry")]
)
def test_a_broken_file_of_scores_is_named(tmp_path: Path, content: dict[str, Any], problem: str) -> None:
    with pytest.raises(InputError, match=rf"metrics\.json: {problem}.*run condgan evaluate again"):
        value(evidence_of(tmp_path, {"a": [content]}), "a", TEST)
