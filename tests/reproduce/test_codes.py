"""Verdicts on codes of report 003, from files that the tests write."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from condgan.reproduce.codes import controlled, matched
from condgan.reproduce.evidence import NOT_REPRODUCED, REPRODUCED, Evidence, Verdict
from evidence_runs import evidence_of, not_comparable

Score = tuple[float, float, float]
CODES = "generator, codes of the prior"


def effects(c1: tuple[float, float], c2: tuple[float, float]) -> dict[str, dict[str, Score]]:
    """The code effects of two codes, each on width and slant."""
    return {
        code: {"width": (width, 0.0, 1.0), "slant": (slant, 0.0, 1.0)}
        for code, (width, slant) in {"c1": c1, "c2": c2}.items()
    }


@pytest.mark.parametrize(
    ("accuracies", "word"), [([0.95], REPRODUCED), ([0.85, 0.97], REPRODUCED), ([0.85, 0.9], NOT_REPRODUCED)]
)
def test_codes_match_digits_if_the_mean_accuracy_is_high(tmp_path: Path, accuracies: list[float], word: str) -> None:
    metrics = [{"rows": {CODES: {"code_accuracy": (accuracy, 0.0, 1.0)}}} for accuracy in accuracies]
    verdict = matched(evidence_of(tmp_path, {"a": metrics}), "a")
    assert verdict.word == word
    assert verdict.measured.endswith(f"n = {len(accuracies)}")


@pytest.mark.parametrize(
    ("found", "word"),
    [
        ([effects((0.9, 0.1), (0.2, 0.8))], REPRODUCED),
        ([effects((0.1, 0.9), (0.8, 0.2))], REPRODUCED),  # which code controls which property is arbitrary
        ([effects((0.9, 0.9), (0.1, 0.2))], NOT_REPRODUCED),  # one code controls both
        ([effects((0.9, 0.1), (0.2, 0.8)), effects((0.4, 0.1), (0.2, 0.8))], NOT_REPRODUCED),  # not in every run
    ],
)
def test_codes_control_width_and_slant_if_both_correlations_are_high(
    tmp_path: Path, found: list[Any], word: str
) -> None:
    metrics: list[dict[str, Any]] = [{"rows": {}, "code_effects": each} for each in found]
    verdict = controlled(evidence_of(tmp_path, {"a": metrics}), "a")
    assert verdict.word == word
    assert verdict.measured.count("c1 width") == len(found)


@pytest.mark.parametrize("metrics", [{"rows": {}}, {"rows": {}, "code_effects": {}}])
def test_metrics_without_code_effects_are_not_comparable(tmp_path: Path, metrics: dict[str, Any]) -> None:
    """Those of earlier versions have no such entry, and those of colour images an empty one."""
    evidence = evidence_of(tmp_path, {"a": [metrics]})
    expected = "", "no code_effects in metrics.json of a; run condgan evaluate again"
    assert not_comparable(lambda: controlled(evidence, "a")) == expected


def test_runs_without_code_effects_do_not_hide_those_with_them(tmp_path: Path) -> None:
    metrics: list[dict[str, Any]] = [{"rows": {}}, {"rows": {}, "code_effects": effects((0.9, 0.1), (0.2, 0.8))}]
    assert controlled(evidence_of(tmp_path, {"a": metrics}), "a").word == REPRODUCED


@pytest.mark.parametrize("check", [matched, controlled])
def test_without_runs_the_verdict_says_so(check: Callable[[Evidence, str], Verdict]) -> None:
    assert not_comparable(lambda: check(Evidence([]), "a")) == ("", "no finished run of a")
