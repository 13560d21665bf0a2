"""Checks of what losses and scores do over a training, from log.jsonl and scores.jsonl."""

from collections.abc import Callable, Mapping, Sequence
from statistics import fmean

from condgan.metrics.estimate import Estimate, mean
from condgan.reproduce.evidence import (
    ACCURACY,
    NOISE,
    NOT_REPRODUCED,
    REPRODUCED,
    Evidence,
    Line,
    NotComparable,
    Verdict,
    of_gap,
)
from condgan.scores import KID

MIN_SHARE = 0.95  # of the lines of a log, in which a condition has to hold
EARLY_SHARE = 0.25  # of the training, after which a score is compared with that at its end
MAX_RISE = 0.5  # of KID above its lowest value, relative to it
TOLD_APART_STEP = 900
MIN_FALL = 0.1  # of D's loss on fakes after that step, relative to the mean before
FIRST_EPOCHS, LATER_EPOCH = 2, 20
DIVERGENCE_EPOCH = 80


def always(evidence: Evidence, cell: str, what: str, holds: Callable[[Mapping[str, float]], bool]) -> Verdict:
    """Checks that a condition holds in nearly all lines of log.jsonl."""
    lines = [line for log in evidence.log(cell).values() for line in log]
    if not lines:
        raise NotComparable("", f"log.jsonl of {cell} is empty")
    held = sum(map(holds, lines)) / len(lines)
    return _reproduced_if(held >= MIN_SHARE, f"{what} in {held:.0%} of the log", f"expected {MIN_SHARE:.0%}")


def grows(evidence: Evidence, cell: str) -> Verdict:
    """Checks that accuracy at the end of the training is higher than after a quarter of it, from scores.jsonl."""
    curves = list(evidence.log(cell, "scores.jsonl").values())
    pairs = [pair for lines in curves if (pair := _early_and_last(lines))]
    if not pairs:
        points = ", ".join(str(len(lines)) for lines in curves)
        expected = f"expected one between {EARLY_SHARE:.0%} and the end of the training; use a larger budget"
        raise NotComparable("", f"points in scores.jsonl: {points}; {expected}")
    start, end = (fmean(pair[i][ACCURACY] for pair in pairs) for i in (0, 1))
    early = fmean(first["step"] / last["step"] for first, last in pairs)
    measured = f"{start:.3f} after {early:.0%} of the training, {end:.3f} at its end, n = {len(pairs)}"
    return _of_gaps([last[ACCURACY] - first[ACCURACY] for first, last in pairs], measured)


def steady(evidence: Evidence, cell: str) -> Verdict:
    """Checks that KID at the end of every run is at most half above its lowest value, from scores.jsonl."""
    curves = [[line[KID] for line in lines if KID in line] for lines in evidence.log(cell, "scores.jsonl").values()]
    found = [(values[-1], min(values)) for values in curves if len(values) > 2]
    if not found:
        points = ", ".join(str(len(values)) for values in curves)
        raise NotComparable("", f"points with KID in scores.jsonl: {points}; expected three; use a larger budget")
    held = all(last <= (1 + MAX_RISE) * lowest + NOISE for last, lowest in found)
    texts = ", ".join(f"{last:.3f} (lowest {lowest:.3f})" for last, lowest in found)
    expected = f"expected at most {1 + MAX_RISE:g} times the lowest value, give or take {NOISE}"
    return _reproduced_if(held, f"KID at the end {texts}", expected)


def real_told_apart_first(evidence: Evidence, cell: str) -> Verdict:
    """Checks that D's loss is lower on real than on fake images early on, and that on fakes falls after 900 steps."""
    texts, held = [], []
    for lines in evidence.log(cell).values():
        early = [line for line in lines if line["step"] <= TOLD_APART_STEP]
        late = [line for line in lines if line["step"] > TOLD_APART_STEP]
        if not late or not early or late[-1]["step"] < 2 * TOLD_APART_STEP:
            steps = lines[-1]["step"] if lines else 0
            expected = f"expected at least {2 * TOLD_APART_STEP}; use a larger budget"
            raise NotComparable(f"trained for {steps} steps", expected)
        real, fake, after = _mean(early, "D/real"), _mean(early, "D/fake"), _mean(late, "D/fake")
        held.append(real < fake and after < (1 - MIN_FALL) * fake)
        texts.append(f"real {real:.3f}, fake {fake:.3f} up to step {TOLD_APART_STEP}, fake {after:.3f} after it")
    expected = f"expected real below fake, and fake to fall by {MIN_FALL:.0%}"
    return _reproduced_if(all(held), f"D's loss: {'; '.join(texts)}", expected)


def within_with_a_rise(evidence: Evidence, cell: str, low: float, high: float) -> Verdict:
    """Checks that G's loss is between two values after the first third of the training, and higher in the last."""
    texts, held = [], []
    for lines in evidence.log(cell).values():
        if len(lines) < 3:
            raise NotComparable("", f"log.jsonl of {cell} has {len(lines)} lines, expected at least 3")
        third = len(lines) // 3
        means = [_mean(part, "G/fake") for part in (lines[:third], lines[third : 2 * third], lines[2 * third :])]
        held.append(low <= means[1] <= means[2] <= high)
        texts.append(", ".join(f"{value:.3f}" for value in means))
    expected = f"expected {low:g} to {high:g} in the second and the last third, and more in the last"
    return _reproduced_if(all(held), f"G's loss by thirds of the training: {'; '.join(texts)}", expected)


def approaching(evidence: Evidence, cell: str) -> Verdict:
    """Checks that the losses of G and D are nearer after the 20th epoch, up to the 80th, than in the first two."""
    gaps = []
    for seed, lines in evidence.log(cell).items():
        epoch = _epoch_kimg(evidence, cell, seed)
        last = lines[-1]["kimg"] / epoch if lines else 0
        if last <= LATER_EPOCH:
            raise NotComparable(f"trained for {last:.1f} epochs", f"compared after {LATER_EPOCH} epochs")
        first, end = _gap(cell, lines, 0, FIRST_EPOCHS * epoch), min(last, DIVERGENCE_EPOCH)
        gaps.append(first - _gap(cell, lines, LATER_EPOCH * epoch, end * epoch))
    text = f"{fmean(gaps):+.3f} nearer than in the first {FIRST_EPOCHS} epochs, n = {len(gaps)}"
    return _reproduced_if(all(gap > 0 for gap in gaps), text, "")


def diverging(evidence: Evidence, cell: str) -> Verdict:
    """Checks that the losses of G and D are further apart after 80 epochs than around the fiftieth."""
    gaps = []
    for seed, lines in evidence.log(cell).items():
        if not lines:
            continue
        epoch = _epoch_kimg(evidence, cell, seed)
        last = lines[-1]["kimg"] / epoch
        _check_length(last)
        late = _gap(cell, lines, DIVERGENCE_EPOCH * epoch, last * epoch)
        gaps.append(late - _gap(cell, lines, 40 * epoch, 60 * epoch))
    if not gaps:
        raise NotComparable("", f"log.jsonl of {cell} is empty")
    text = f"{fmean(gaps):+.3f} further apart than at epochs 40 to 60, n = {len(gaps)}"
    return _reproduced_if(all(gap > 0 for gap in gaps), text, "")


def worse_when_trained_too_long(evidence: Evidence, cell: str) -> Verdict:
    """Checks that KID at saves is higher after epoch 80 than from 50 to 80, from scores.jsonl."""
    befores, afters = [], []
    for seed, lines in evidence.log(cell, "scores.jsonl").items():
        epoch_kimg = _epoch_kimg(evidence, cell, seed)
        epochs = [(line["kimg"] / epoch_kimg, line[KID]) for line in lines if KID in line]
        _check_length(epochs[-1][0] if epochs else 0)
        before = [value for epoch, value in epochs if 50 <= epoch <= DIVERGENCE_EPOCH]
        if not before:
            raise NotComparable("", f"no scores of {cell} between epochs 50 and {DIVERGENCE_EPOCH}")
        befores.append(fmean(before))
        afters.append(fmean(value for epoch, value in epochs if epoch > DIVERGENCE_EPOCH))
    measured = f"KID {fmean(befores):.3f} at epochs 50 to 80, {fmean(afters):.3f} after them, n = {len(befores)}"
    return _of_gaps([after - before for before, after in zip(befores, afters, strict=True)], measured)


def _check_length(epochs: float) -> None:
    """Raises NotComparable for a training that ended before the losses are said to move apart."""
    if epochs <= DIVERGENCE_EPOCH:
        raise NotComparable(f"trained for {epochs:.1f} epochs", f"reported after {DIVERGENCE_EPOCH} epochs")


def _reproduced_if(holds: bool, measured: str, expected: str) -> Verdict:
    return Verdict(REPRODUCED, measured, "") if holds else Verdict(NOT_REPRODUCED, measured, expected)


def _of_gaps(gaps: Sequence[float], measured: str) -> Verdict:
    """The verdict of a difference that has to be positive; a single one has to exceed the noise of a score."""
    gap = mean(gaps)
    return of_gap(gap if len(gaps) > 1 else Estimate(gap.value, gap.value - NOISE, gap.value + NOISE), measured)


def _epoch_kimg(evidence: Evidence, cell: str, seed: int) -> float:
    return evidence.configs(cell)[seed].num_training / 1000


def _mean(lines: Sequence[Line], term: str) -> float:
    return fmean(line[term] for line in lines)


def _gap(cell: str, lines: Sequence[Line], start: float, end: float) -> float:
    """The mean distance between the adversarial losses of G and D from `start` to `end` in thousands of images."""
    chosen = [line for line in lines if start <= line["kimg"] <= end]
    if not chosen:
        raise NotComparable("", f"no line between {start:.1f} and {end:.1f} kimg in log.jsonl of {cell}")
    return fmean(abs(line["G/fake"] - (line["D/real"] + line["D/fake"])) for line in chosen)


def _early_and_last(lines: Sequence[Line]) -> Sequence[Line]:
    """Returns the first line after a quarter of the training and the last one, or nothing if they are the same."""
    early = next((line for line in lines if line["step"] >= EARLY_SHARE * lines[-1]["step"]), None)
    return [] if early is None or early is lines[-1] else [early, lines[-1]]
