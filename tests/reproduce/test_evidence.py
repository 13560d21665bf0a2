"""Verdicts on runs whose files the tests write."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from condgan.ablate.study import DONE
from condgan.reproduce.evidence import (
    HERE,
    NEW,
    NOT_COMPARABLE,
    NOT_REPRODUCED,
    REPRODUCED,
    Evidence,
    above,
    always,
    grows,
    value,
)

Score = tuple[float, float, float]


def evidence_of(folder: Path, cells: dict[str, list[Score]], **files: list[dict[str, float]]) -> Evidence:
    """One finished run for each cell and score on `test`; `files` are journals of every run by stem."""
    trials = []
    for cell, scores in cells.items():
        for seed, score in enumerate(scores):
            run = folder / cell / f"seed-{seed}"
            run.mkdir(parents=True)
            rows = {"generator, test": {"condition_accuracy": score, "kid[judge]": score}}
            (run / "metrics.json").write_text(json.dumps({"rows": rows}))
            for stem, lines in files.items():
                (run / f"{stem}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
            trials.append(SimpleNamespace(cell=SimpleNamespace(name=cell), seed=seed, folder=run, end=DONE))
    study: Any = SimpleNamespace(trials=trials)
    return Evidence([study])


def at(middle: float) -> Score:
    return middle, middle - 0.02, middle + 0.02


@pytest.mark.parametrize(
    ("ours", "theirs", "word", "why"),
    [
        ([at(0.8)], [at(0.6)], REPRODUCED, ""),
        ([at(0.62)], [at(0.6)], NOT_REPRODUCED, "the same order, but within the interval"),
        ([at(0.58)], [at(0.6)], NOT_REPRODUCED, "the order is the other way, but within the interval"),
        ([at(0.5)], [at(0.6)], NOT_REPRODUCED, "the order is the other way"),
        ([at(0.80), at(0.81)], [at(0.70), at(0.71)], REPRODUCED, ""),  # paired: the difference is the same
        ([at(0.70), at(0.71)], [at(0.80), at(0.81)], NOT_REPRODUCED, "the order is the other way"),
        ([at(0.80), at(0.60)], [at(0.70), at(0.58)], NOT_REPRODUCED, "the same order, but within the interval"),
        ([], [at(0.6)], NOT_COMPARABLE, "no finished run of a and b"),
    ],
)
def test_an_order_is_reproduced_if_the_interval_leaves_no_other(
    tmp_path: Path, ours: list[Score], theirs: list[Score], word: str, why: str
) -> None:
    verdict = above("a", "b")(evidence_of(tmp_path, {"a": ours, "b": theirs}))
    assert (verdict.word, verdict.why) == (word, why)


def test_less_is_better_where_the_sign_says_so(tmp_path: Path) -> None:
    evidence = evidence_of(tmp_path, {"a": [at(0.1)], "b": [at(0.3)]})
    assert above("a", "b", "kid[judge]", HERE, sign=-1)(evidence).word == REPRODUCED
    assert above("b", "a", "kid[judge]", HERE, sign=-1)(evidence).word == NOT_REPRODUCED


def test_a_value_is_never_comparable_but_shown(tmp_path: Path) -> None:
    verdict = value("a", HERE, NEW)(evidence_of(tmp_path, {"a": [at(0.5), at(0.7)]}))
    assert (verdict.word, verdict.measured) == (NOT_COMPARABLE, "0.600")


@pytest.mark.parametrize(("held", "word"), [(20, REPRODUCED), (19, REPRODUCED), (18, NOT_REPRODUCED)])
def test_nearly_all_lines_have_to_agree(tmp_path: Path, held: int, word: str) -> None:
    lines = [{"step": i, "kimg": i, "x": float(i < held)} for i in range(20)]
    check = always("a", "x is positive", lambda line: line["x"] > 0)
    assert check(evidence_of(tmp_path, {"a": [at(0.5)]}, log=lines)).word == word


@pytest.mark.parametrize(("end", "word"), [(0.7, REPRODUCED), (0.32, NOT_REPRODUCED), (0.1, NOT_REPRODUCED)])
def test_growth_is_measured_from_a_quarter_of_the_training(tmp_path: Path, end: float, word: str) -> None:
    points = [(0, 0.1), (25, 0.3), (60, 0.5), (100, end)]
    lines = [{"step": step, "kimg": step, "condition_accuracy": score} for step, score in points]
    verdict = grows("a")(evidence_of(tmp_path, {"a": [at(0.5)]}, scores=lines))
    assert verdict.word == word
    assert verdict.measured.startswith("0.300 after 25%")


@pytest.mark.parametrize("check", [value("a", HERE), above("a", "b"), always("a", "", bool), grows("a")])
def test_without_runs_nothing_is_said(check: Any) -> None:
    assert check(Evidence([])).word == NOT_COMPARABLE
