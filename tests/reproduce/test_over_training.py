"""Verdicts on what losses and scores do over a training, from logs that the tests write."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from condgan.reproduce.evidence import NOT_REPRODUCED, REPRODUCED, Evidence, Verdict
from condgan.reproduce.over_training import (
    always,
    approaching,
    diverging,
    grows,
    real_told_apart_first,
    steady,
    within_with_a_rise,
    worse_when_trained_too_long,
)
from evidence_runs import evidence_of, not_comparable, write_lines

RUN: list[dict[str, Any]] = [{"rows": {}}]  # metrics.json of one run


@pytest.mark.parametrize(("held", "word"), [(20, REPRODUCED), (19, REPRODUCED), (18, NOT_REPRODUCED)])
def test_a_condition_has_to_hold_in_95_percent_of_the_lines(tmp_path: Path, held: int, word: str) -> None:
    lines = [{"step": i, "kimg": i, "x": float(i < held)} for i in range(20)]
    verdict = always(evidence_of(tmp_path, {"a": RUN}, log=lines), "a", "x is positive", lambda line: line["x"] > 0)
    assert (verdict.word, verdict.measured) == (word, f"x is positive in {held / 20:.0%} of the log")


def test_logs_without_the_needed_losses_are_not_comparable(tmp_path: Path) -> None:
    evidence = evidence_of(tmp_path, {"a": RUN}, log=[{"step": 1, "kimg": 1}], scores=[{"step": 1, "kimg": 1}] * 2)
    found = not_comparable(lambda: always(evidence, "a", "x is positive", lambda line: line["x"] > 0))
    assert found == ("", "no 'x' in log.jsonl of a")
    assert not_comparable(lambda: grows(evidence, "a")) == ("", "no 'condition_accuracy' in scores.jsonl of a")


def curve(*points: tuple[int, float]) -> list[dict[str, float]]:
    return [{"step": step, "kimg": step, "condition_accuracy": score} for step, score in points]


@pytest.mark.parametrize(("end", "word"), [(0.7, REPRODUCED), (0.32, NOT_REPRODUCED), (0.1, NOT_REPRODUCED)])
def test_growth_is_measured_from_a_quarter_of_the_training(tmp_path: Path, end: float, word: str) -> None:
    scores = curve((0, 0.1), (25, 0.3), (60, 0.5), (100, end))
    verdict = grows(evidence_of(tmp_path, {"a": RUN}, scores=scores), "a")
    assert verdict.word == word
    assert verdict.measured == f"0.300 after 25% of the training, {end:.3f} at its end, n = 1"


def test_the_measured_share_of_the_training_is_reported(tmp_path: Path) -> None:
    scores = curve((0, 0.1), (40, 0.3), (100, 0.7))
    verdict = grows(evidence_of(tmp_path, {"a": RUN}, scores=scores), "a")
    assert verdict.measured.startswith("0.300 after 40% of the training")


@pytest.mark.parametrize(("scores", "num"), [(curve((0, 0.1), (100, 0.7)), 2), (curve((100, 0.7)), 1), ([], 0)])
def test_growth_of_a_curve_with_too_few_points_is_not_comparable(
    tmp_path: Path, scores: list[dict[str, float]], num: int
) -> None:
    evidence = evidence_of(tmp_path, {"a": RUN}, scores=scores)
    expected = "expected one between 25% and the end of the training; use a larger budget"
    assert not_comparable(lambda: grows(evidence, "a")) == ("", f"points in scores.jsonl: {num}; {expected}")


def test_curves_with_enough_points_are_used_if_others_have_too_few(tmp_path: Path) -> None:
    evidence = evidence_of(tmp_path, {"a": RUN * 2}, scores=curve((0, 0.1), (100, 0.7)))
    write_lines(tmp_path / "a" / "seed-1" / "scores.jsonl", curve((0, 0.1), (25, 0.2), (100, 0.7)))
    verdict = grows(evidence, "a")
    assert verdict.word == REPRODUCED
    assert verdict.measured.endswith("n = 1")


def losses(gap_at_50: float, gap_at_end: float, epochs: int = 100) -> list[dict[str, float]]:
    """A log with a line for every epoch of a thousand images."""
    return [
        {"step": epoch, "kimg": epoch, "D/real": 0.5, "D/fake": 0.5, "G/fake": 1 + (gap_at_50, gap_at_end)[epoch >= 80]}
        for epoch in range(1, epochs + 1)
    ]


@pytest.mark.parametrize(("end", "word"), [(0.9, REPRODUCED), (0.1, NOT_REPRODUCED)])
def test_losses_move_apart_if_their_gap_grows_after_80_epochs(tmp_path: Path, end: float, word: str) -> None:
    evidence = evidence_of(tmp_path, {"a": RUN}, num_training=1000)
    write_lines(tmp_path / "a" / "seed-0" / "log.jsonl", losses(0.3, end))
    verdict = diverging(evidence, "a")
    assert verdict.word == word
    assert verdict.measured.startswith(f"{end - 0.3:+.3f}")


def test_short_trainings_say_nothing_about_80_epochs(tmp_path: Path) -> None:
    evidence = evidence_of(tmp_path, {"a": RUN}, num_training=1000)
    write_lines(tmp_path / "a" / "seed-0" / "log.jsonl", losses(0.3, 0.9, epochs=7))
    expected = "trained for 7.0 epochs", "reported after 80 epochs"
    assert not_comparable(lambda: diverging(evidence, "a")) == expected


def test_logs_of_earlier_versions_are_not_comparable(tmp_path: Path) -> None:
    evidence = evidence_of(tmp_path, {"a": RUN}, num_training=1000)
    lines = [{"step": epoch, "kimg": epoch, "D/adversarial": 1.0, "G/adversarial": 1.0} for epoch in range(100)]
    write_lines(tmp_path / "a" / "seed-0" / "log.jsonl", lines)
    assert not_comparable(lambda: diverging(evidence, "a")) == ("", "no 'G/fake' in log.jsonl of a")


def kids(*values: float) -> list[dict[str, float]]:
    return [{"step": i, "kimg": i, "kid[judge]": value} for i, value in enumerate(values)]


@pytest.mark.parametrize(
    ("values", "word"),
    [((2.0, 0.4, 0.3), REPRODUCED), ((2.0, 0.4, 0.55), REPRODUCED), ((2.0, 0.4, 0.7), NOT_REPRODUCED)],
)
def test_a_training_is_steady_if_kid_stays_near_its_lowest_value(
    tmp_path: Path, values: tuple[float, ...], word: str
) -> None:
    verdict = steady(evidence_of(tmp_path, {"a": RUN}, scores=kids(*values)), "a")
    assert verdict.word == word
    assert verdict.measured == f"KID at the end {values[-1]:.3f} (lowest {min(values):.3f})"


def test_one_unsteady_run_is_enough(tmp_path: Path) -> None:
    evidence = evidence_of(tmp_path, {"a": RUN * 2}, scores=kids(2.0, 0.4, 0.3))
    write_lines(tmp_path / "a" / "seed-1" / "scores.jsonl", kids(2.0, 0.1, 1.5))
    assert steady(evidence, "a").word == NOT_REPRODUCED


def test_two_points_do_not_show_whether_a_training_is_steady(tmp_path: Path) -> None:
    evidence = evidence_of(tmp_path, {"a": RUN}, scores=kids(2.0, 0.4))
    expected = "", "points with KID in scores.jsonl: 2; expected three; use a larger budget"
    assert not_comparable(lambda: steady(evidence, "a")) == expected


def d_losses(real: float, fake: float, late_fake: float, steps: int = 3000) -> list[dict[str, float]]:
    """A log whose loss on fakes changes after step 900."""
    return [
        {"step": step, "kimg": step, "D/real": real, "D/fake": (fake, late_fake)[step > 900]}
        for step in range(50, steps + 1, 50)
    ]


@pytest.mark.parametrize(
    ("losses_of_d", "word"),
    [
        ((0.4, 0.8, 0.3), REPRODUCED),
        ((0.9, 0.8, 0.3), NOT_REPRODUCED),  # fakes are told apart first
        ((0.4, 0.8, 0.75), NOT_REPRODUCED),  # hardly falls
    ],
)
def test_real_images_are_told_apart_first_and_fakes_after_step_900(
    tmp_path: Path, losses_of_d: tuple[float, float, float], word: str
) -> None:
    verdict = real_told_apart_first(evidence_of(tmp_path, {"a": RUN}, log=d_losses(*losses_of_d)), "a")
    assert verdict.word == word
    real, fake, late = losses_of_d
    assert verdict.measured == f"D's loss: real {real:.3f}, fake {fake:.3f} up to step 900, fake {late:.3f} after it"


def test_a_training_of_few_steps_says_nothing_about_step_900(tmp_path: Path) -> None:
    evidence = evidence_of(tmp_path, {"a": RUN}, log=d_losses(0.4, 0.8, 0.3, 1750))
    expected = "trained for 1750 steps", "expected at least 1800; use a larger budget"
    assert not_comparable(lambda: real_told_apart_first(evidence, "a")) == expected


@pytest.mark.parametrize(
    ("thirds", "word"),
    [
        ((5, 1.2, 1.4), REPRODUCED),  # the first third may be anywhere
        ((1.2, 1.4, 1.3), NOT_REPRODUCED),  # no rise
        ((1.2, 1.4, 2.5), NOT_REPRODUCED),
        ((1.2, 0.9, 1.5), NOT_REPRODUCED),
    ],
)
def test_a_loss_has_to_stay_in_its_range_and_rise(
    tmp_path: Path, thirds: tuple[float, float, float], word: str
) -> None:
    log = [{"step": i, "kimg": i, "G/fake": thirds[i // 4]} for i in range(12)]
    verdict = within_with_a_rise(evidence_of(tmp_path, {"a": RUN}, log=log), "a", 1, 2)
    assert verdict.word == word
    assert verdict.measured.endswith(", ".join(f"{value:.3f}" for value in thirds))


def gaps(first: float, later: float, epochs: int = 30) -> list[dict[str, float]]:
    """A log with a line for every epoch of a thousand images, whose losses are so far apart."""
    return [
        {"step": i, "kimg": i, "D/real": 0.5, "D/fake": 0.5, "G/fake": 1 + (first, later)[i >= 20]}
        for i in range(1, epochs + 1)
    ]


@pytest.mark.parametrize(("later", "word"), [(0.2, REPRODUCED), (2.5, NOT_REPRODUCED), (-0.2, REPRODUCED)])
def test_losses_are_nearer_later_than_in_the_first_epochs(tmp_path: Path, later: float, word: str) -> None:
    evidence = evidence_of(tmp_path, {"a": RUN}, num_training=1000, log=gaps(2, later))
    verdict = approaching(evidence, "a")
    assert verdict.word == word
    assert verdict.measured.startswith(f"{2 - abs(later):+.3f} nearer")


def test_short_trainings_say_nothing_about_later_epochs(tmp_path: Path) -> None:
    evidence = evidence_of(tmp_path, {"a": RUN}, num_training=1000, log=gaps(2, 0.1, epochs=12))
    expected = "trained for 12.0 epochs", "compared after 20 epochs"
    assert not_comparable(lambda: approaching(evidence, "a")) == expected


def kid_over_epochs(end: float, epochs: int = 100) -> list[dict[str, float]]:
    """A curve of KID, which is another one after 80 epochs of a thousand images."""
    return [{"step": epoch, "kimg": epoch, "kid[judge]": (0.1, end)[epoch > 80]} for epoch in range(0, epochs + 1, 5)]


@pytest.mark.parametrize(("end", "word"), [(0.5, REPRODUCED), (0.1, NOT_REPRODUCED)])
def test_images_get_worse_if_kid_rises_after_80_epochs(tmp_path: Path, end: float, word: str) -> None:
    evidence = evidence_of(tmp_path, {"a": RUN}, num_training=1000, scores=kid_over_epochs(end))
    assert worse_when_trained_too_long(evidence, "a").word == word


def test_short_trainings_say_nothing_about_images_after_80_epochs(tmp_path: Path) -> None:
    evidence = evidence_of(tmp_path, {"a": RUN}, num_training=1000, scores=kid_over_epochs(0.5, epochs=75))
    expected = "trained for 75.0 epochs", "reported after 80 epochs"
    assert not_comparable(lambda: worse_when_trained_too_long(evidence, "a")) == expected


CHECKS: dict[Callable[[Evidence], Verdict], tuple[str, str]] = {
    lambda e: always(e, "a", "", bool): ("", "log.jsonl of a is empty"),
    lambda e: grows(e, "a"): ("", "points in scores.jsonl: 0; expected one between 25% and the end of the training"),
    lambda e: steady(e, "a"): ("", "points with KID in scores.jsonl: 0; expected three"),
    lambda e: real_told_apart_first(e, "a"): ("trained for 0 steps", "expected at least 1800"),
    lambda e: within_with_a_rise(e, "a", 1, 2): ("", "log.jsonl of a has 0 lines, expected at least 3"),
    lambda e: approaching(e, "a"): ("trained for 0.0 epochs", "compared after 20 epochs"),
    lambda e: diverging(e, "a"): ("", "log.jsonl of a is empty"),
    lambda e: worse_when_trained_too_long(e, "a"): ("trained for 0.0 epochs", "reported after 80 epochs"),
}
"""All checks, with what they say of empty logs."""


@pytest.mark.parametrize("check", CHECKS)
def test_without_runs_the_verdict_says_so(check: Callable[[Evidence], Verdict]) -> None:
    assert not_comparable(lambda: check(Evidence([]))) == ("", "no finished run of a")


@pytest.mark.parametrize(("check", "expected"), CHECKS.items())
def test_empty_logs_are_not_comparable(
    tmp_path: Path, check: Callable[[Evidence], Verdict], expected: tuple[str, str]
) -> None:
    evidence = evidence_of(tmp_path, {"a": RUN}, num_training=1000, log=[], scores=[])
    measured, why = not_comparable(lambda: check(evidence))
    assert (measured, why.removesuffix("; use a larger budget")) == expected
