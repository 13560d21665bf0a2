"""Checks of what losses and scores do over a training, from log.jsonl and scores.jsonl."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from condgan.metrics.estimate import Estimate, mean
from condgan.reproduce.evidence import (
    NOISE,
    NOT_COMPARABLE,
    NOT_REPRODUCED,
    REPRODUCED,
    Check,
    Evidence,
    Verdict,
    of_gap,
)
from condgan.scores import KID

Line = Mapping[str, Any]  # of a log
MAX_RISE = 0.5  # of KID above its lowest value, relative to it
TOLD_APART_STEP = 900
MIN_FALL = 0.1  # of D's loss on fakes after that step, relative to the mean before
DIVERGENCE_EPOCH = 80


class _Missing(Exception):
    """The log of a run lacks what a check needs. The message says what."""


def always(cell: str, what: str, holds: Callable[[Mapping[str, float]], bool], share: float = 0.95) -> Check:
    """Checks that a condition holds in nearly all lines of log.jsonl."""

    def check(evidence: Evidence) -> Verdict:
        lines = [line for log in evidence.log(cell).values() for line in log]
        if not lines:
            return evidence.missing(cell, f"log.jsonl of {cell} is empty")
        try:
            held = sum(holds(line) for line in lines) / len(lines)
        except KeyError as error:
            return evidence.missing(cell, f"no {error} in log.jsonl of {cell}")
        word = REPRODUCED if held >= share else NOT_REPRODUCED
        return Verdict(word, f"{what} in {held:.0%} of the log", "" if held >= share else f"expected {share:.0%}")

    return check


def grows(cell: str, metric: str = "condition_accuracy", share: float = 0.25) -> Check:
    """Checks that a score at the end of the training is higher than after a share of it, from scores.jsonl."""

    def check(evidence: Evidence) -> Verdict:
        curves = list(evidence.log(cell, "scores.jsonl").values())
        pairs = [pair for lines in curves if (pair := _early_and_last(lines, share))]
        if not pairs:
            points = ", ".join(str(len(lines)) for lines in curves)
            expected = f"expected one between {share:.0%} and the end of the training; use a larger budget"
            return evidence.missing(cell, f"points in scores.jsonl: {points}; {expected}")
        start, end = (mean([pair[i][metric] for pair in pairs]).value for i in (0, 1))
        early = mean([first["step"] / last["step"] for first, last in pairs]).value
        measured = f"{start:.3f} after {early:.0%} of the training, {end:.3f} at its end, n = {len(pairs)}"
        return _of_gaps([last[metric] - first[metric] for first, last in pairs], measured)

    return check


def steady(cell: str) -> Check:
    """Checks that KID at the end of every run is at most half above its lowest value, from scores.jsonl."""

    def check(evidence: Evidence) -> Verdict:
        curves = [[line[KID] for line in lines if KID in line] for lines in evidence.log(cell, "scores.jsonl").values()]
        found = [(values[-1], min(values)) for values in curves if len(values) > 2]
        if not found:
            points = ", ".join(str(len(values)) for values in curves)
            return evidence.missing(
                cell, f"points with KID in scores.jsonl: {points}; expected three; use a larger budget"
            )
        held = all(last <= (1 + MAX_RISE) * lowest + NOISE for last, lowest in found)
        texts = ", ".join(f"{last:.3f} (lowest {lowest:.3f})" for last, lowest in found)
        expected = f"expected at most {1 + MAX_RISE:g} times the lowest value, give or take {NOISE}"
        return Verdict(REPRODUCED if held else NOT_REPRODUCED, f"KID at the end {texts}", "" if held else expected)

    return check


def real_told_apart_first(cell: str) -> Check:
    """Checks that D's loss is lower on real than on fake images early on, and that on fakes falls after 900 steps."""

    def check(evidence: Evidence) -> Verdict:
        texts, held = [], []
        for lines in evidence.log(cell).values():
            early = [line for line in lines if line["step"] <= TOLD_APART_STEP]
            late = [line for line in lines if line["step"] > TOLD_APART_STEP]
            if not late or not early or late[-1]["step"] < 2 * TOLD_APART_STEP:
                steps = lines[-1]["step"] if lines else 0
                expected = f"expected at least {2 * TOLD_APART_STEP}; use a larger budget"
                return Verdict(NOT_COMPARABLE, f"trained for {steps} steps", expected)
            real, fake, after = _mean(early, "D/real"), _mean(early, "D/fake"), _mean(late, "D/fake")
            held.append(real < fake and after < (1 - MIN_FALL) * fake)
            texts.append(f"real {real:.3f}, fake {fake:.3f} up to step {TOLD_APART_STEP}, fake {after:.3f} after it")
        expected = f"expected real below fake, and fake to fall by {MIN_FALL:.0%}"
        return _of_all(evidence, cell, held, f"D's loss: {'; '.join(texts)}", expected)

    return _with_logs(cell, check)


def within_with_a_rise(cell: str, low: float, high: float, term: str = "G/fake") -> Check:
    """Checks that a loss is between two values after the first third of the training, and higher in the last."""

    def check(evidence: Evidence) -> Verdict:
        texts, held = [], []
        for lines in evidence.log(cell).values():
            if len(lines) < 3:
                return evidence.missing(cell, f"log.jsonl of {cell} has {len(lines)} lines, expected at least 3")
            third = len(lines) // 3
            means = [_mean(part, term) for part in (lines[:third], lines[third : 2 * third], lines[2 * third :])]
            held.append(low <= means[1] <= means[2] <= high)
            texts.append(", ".join(f"{value:.3f}" for value in means))
        expected = f"expected {low:g} to {high:g} in the second and the last third, and more in the last"
        return _of_all(evidence, cell, held, f"G's loss by thirds of the training: {'; '.join(texts)}", expected)

    return _with_logs(cell, check)


def approaching(cell: str, early: float = 2, late: float = 20) -> Check:
    """Checks that the losses of G and D are nearer after the 20th epoch, up to the 80th, than in the first two."""

    def check(evidence: Evidence) -> Verdict:
        gaps = []
        for seed, lines in evidence.log(cell).items():
            epoch = _epoch_kimg(evidence, cell, seed)
            last = lines[-1]["kimg"] / epoch if lines else 0
            if last <= late:
                return Verdict(NOT_COMPARABLE, f"trained for {last:.1f} epochs", f"compared after {late:g} epochs")
            end = min(last, DIVERGENCE_EPOCH)
            gaps.append(_gap(lines, 0, early * epoch) - _gap(lines, late * epoch, end * epoch))
        text = f"{_value(gaps):+.3f} nearer than in the first {early:g} epochs, n = {len(gaps)}"
        return _of_all(evidence, cell, [gap > 0 for gap in gaps], text, "")

    return _with_logs(cell, check)


def diverging(cell: str) -> Check:
    """Checks that the losses of G and D are further apart after 80 epochs than around the fiftieth."""

    def check(evidence: Evidence) -> Verdict:
        gaps = []
        for seed, lines in evidence.log(cell).items():
            if not lines:
                continue
            epoch = _epoch_kimg(evidence, cell, seed)
            last = lines[-1]["kimg"] / epoch
            if last <= DIVERGENCE_EPOCH:
                return _too_short(last)
            gaps.append(_gap(lines, DIVERGENCE_EPOCH * epoch, last * epoch) - _gap(lines, 40 * epoch, 60 * epoch))
        text = f"{_value(gaps):+.3f} further apart than at epochs 40 to 60, n = {len(gaps)}"
        return _of_all(evidence, cell, [gap > 0 for gap in gaps], text, "")

    return _with_logs(cell, check)


def worse_when_trained_too_long(cell: str) -> Check:
    """Checks that KID at saves is higher after epoch 80 than from 50 to 80, from scores.jsonl."""

    def check(evidence: Evidence) -> Verdict:
        befores, afters = [], []
        for seed, lines in evidence.log(cell, "scores.jsonl").items():
            epoch_kimg = _epoch_kimg(evidence, cell, seed)
            epochs = [(line["kimg"] / epoch_kimg, line[KID]) for line in lines if KID in line]
            last = epochs[-1][0] if epochs else 0
            if last <= DIVERGENCE_EPOCH:
                return _too_short(last)
            before = [value for epoch, value in epochs if 50 <= epoch <= DIVERGENCE_EPOCH]
            if not before:
                return evidence.missing(cell, f"no scores of {cell} between epochs 50 and {DIVERGENCE_EPOCH}")
            befores.append(_value(before))
            afters.append(_value([value for epoch, value in epochs if epoch > DIVERGENCE_EPOCH]))
        if not befores:
            return evidence.missing(cell, f"no {KID} in scores.jsonl of {cell}")
        measured = f"KID {_value(befores):.3f} at epochs 50 to 80, {_value(afters):.3f} after them, n = {len(befores)}"
        return _of_gaps([after - before for before, after in zip(befores, afters, strict=True)], measured)

    return _with_logs(cell, check)


def _with_logs(cell: str, check: Check) -> Check:
    """Turns missing losses of a log into a verdict."""

    def checked(evidence: Evidence) -> Verdict:
        if not evidence.folders(cell):
            return evidence.missing(cell, "")
        try:
            return check(evidence)
        except _Missing as missing:
            return evidence.missing(cell, f"{missing} in log.jsonl of {cell}")

    return checked


def _too_short(epochs: float) -> Verdict:
    return Verdict(NOT_COMPARABLE, f"trained for {epochs:.1f} epochs", f"reported after {DIVERGENCE_EPOCH} epochs")


def _of_all(evidence: Evidence, cell: str, held: Sequence[bool], measured: str, expected: str) -> Verdict:
    """The verdict of a check that has to hold in every run."""
    if not held:
        return evidence.missing(cell, f"log.jsonl of {cell} is empty")
    return Verdict(REPRODUCED, measured, "") if all(held) else Verdict(NOT_REPRODUCED, measured, expected)


def _of_gaps(gaps: Sequence[float], measured: str) -> Verdict:
    """The verdict of a difference that has to be positive; a single one has to exceed the noise of a score."""
    gap = mean(gaps)
    return of_gap(gap if len(gaps) > 1 else Estimate(gap.value, gap.value - NOISE, gap.value + NOISE), measured)


def _epoch_kimg(evidence: Evidence, cell: str, seed: int) -> float:
    return evidence.configs(cell)[seed].num_training / 1000


def _value(values: Sequence[float]) -> float:
    return mean(values).value if values else 0.0


def _mean(lines: Sequence[Line], *terms: str) -> float:
    """The mean over lines of the sum of terms. Raises _Missing if a line has no such term."""
    try:
        return mean([sum(line[term] for term in terms) for line in lines]).value
    except KeyError as error:
        raise _Missing(f"no {error}") from None


def _gap(lines: Sequence[Line], start: float, end: float) -> float:
    """The mean distance between the adversarial losses of G and D from `start` to `end` in thousands of images."""
    chosen = [line for line in lines if start <= line["kimg"] <= end]
    if not chosen:
        raise _Missing(f"no line between {start:.1f} and {end:.1f} kimg")
    distances = [{"gap": abs(_mean([line], "G/fake") - _mean([line], "D/real", "D/fake"))} for line in chosen]
    return _mean(distances, "gap")


def _early_and_last(lines: Sequence[Line], share: float) -> Sequence[Line]:
    """Returns the first line after a share of the training and the last one, or nothing if they are the same."""
    early = next((line for line in lines if line["step"] >= share * lines[-1]["step"]), None)
    return [] if early is None or early is lines[-1] else [early, lines[-1]]
