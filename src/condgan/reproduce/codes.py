"""What report 003 claims of its codes and of its losses."""

from collections.abc import Mapping, Sequence
from itertools import permutations

import torch
from torch import Tensor

from condgan.conditions import Codes
from condgan.generate import LoadedGenerator, load
from condgan.metrics.estimate import mean
from condgan.reproduce.evidence import NOT_COMPARABLE, NOT_REPRODUCED, REPRODUCED, Check, Evidence, Verdict

ENOUGH_MATCHED = 0.9
ENOUGH_CORRELATED = 0.5
PARTING_EPOCH = 80
SWEEP, NUM_LATENTS = 8, 8


def slant(images: Tensor) -> Tensor:
    """Columns that the ink moves to the right for each row upwards, (N,), from grey images (N, 1, R, R) of bright ink.

    The covariance of column and height over the variance of height, as deskewing has it. LeCun et al. 1998, III.A.
    """
    ink = images[:, 0].double() + 1e-9
    column, row = torch.arange(ink.shape[2]).double(), torch.arange(ink.shape[1]).double()
    total = ink.sum((1, 2), keepdim=True)
    x = column - (ink * column).sum((1, 2), keepdim=True) / total
    y = (row[:, None] - (ink * row[:, None]).sum((1, 2), keepdim=True) / total).neg()
    return (ink * x * y).sum((1, 2)) / (ink * y * y).sum((1, 2))


def inked(images: Tensor) -> Tensor:
    """Share of the image that is ink, (N,): how broad the strokes are."""
    return images[:, 0].double().mean((1, 2)) / 255


def matched(cell: str) -> Check:
    """Each value of the code draws one digit, and all ten are drawn."""

    def check(evidence: Evidence) -> Verdict:
        found = evidence.scores(cell, "code_accuracy", ["generator, codes of the prior"])
        if not found:
            return Verdict(NOT_COMPARABLE, "", f"no finished run of {cell}")
        accuracy = mean([score[0] for score in found.values()]).value
        word = REPRODUCED if accuracy >= ENOUGH_MATCHED else NOT_REPRODUCED
        why = f"one-to-one matching, read by the judge; expected {ENOUGH_MATCHED}"
        return Verdict(word, f"{accuracy:.3f} of samples show their code's digit, n = {len(found)}", why)

    return check


def steered(cell: str) -> Check:
    """One continuous code turns how broad the strokes are, another how they slant; which is which is chance."""

    def check(evidence: Evidence) -> Verdict:
        folders = evidence.folders(cell)
        if not folders:
            return Verdict(NOT_COMPARABLE, "", f"no finished run of {cell}")
        strengths = [_strengths(load(folder)) for folder in folders.values()]
        held = [max(min(s[a]["breadth"], s[b]["slant"]) for a, b in permutations(s, 2)) for s in strengths]
        word = REPRODUCED if min(held) >= ENOUGH_CORRELATED else NOT_REPRODUCED
        texts = [", ".join(f"{name} {_brief(found)}" for name, found in s.items()) for s in strengths]
        return Verdict(word, "; ".join(texts), f"correlations over sweeps; expected {ENOUGH_CORRELATED} of each by one")

    return check


def _strengths(generator: LoadedGenerator) -> dict[str, dict[str, float]]:
    """How strongly each continuous code goes with each property: the absolute correlation within its sweeps."""
    codes = generator.condition
    assert isinstance(codes, Codes)
    position = torch.linspace(-1, 1, SWEEP).double()
    latents = generator.latents(NUM_LATENTS)
    found = {}
    for name in codes.continuous:
        c = codes.sweep(name, SWEEP)
        z = latents.repeat_interleave(len(c), dim=0)
        images = generator.draw(z, codes.encode(c).repeat(NUM_LATENTS, 1))
        found[name] = {
            what: abs(_correlation(measure(images).view(-1, SWEEP), position))
            for what, measure in (("breadth", inked), ("slant", slant))
        }
    return found


def _correlation(values: Tensor, position: Tensor) -> float:
    """Of values (rows, SWEEP), freed of the mean of their row, with the position in it."""
    centered = values - values.mean(1, keepdim=True)
    return float((centered * position).sum() / (centered.norm() * position.norm() * len(values) ** 0.5 + 1e-12))


def _brief(found: Mapping[str, float]) -> str:
    return " ".join(f"{what} {strength:.2f}" for what, strength in found.items())


def parting(cell: str) -> Check:
    """The players' losses lie further apart after 80 epochs than around the fiftieth."""

    def check(evidence: Evidence) -> Verdict:
        gaps = []
        for seed, lines in evidence.log(cell).items():
            epoch = evidence.configs(cell)[seed].num_training / 1000
            last = lines[-1]["kimg"] / epoch
            if last <= PARTING_EPOCH:
                return Verdict(NOT_COMPARABLE, f"{last:.1f} epochs were trained", f"losses part after {PARTING_EPOCH}")
            gaps.append(_gap(lines, PARTING_EPOCH * epoch, last * epoch) - _gap(lines, 40 * epoch, 60 * epoch))
        if not gaps:
            return Verdict(NOT_COMPARABLE, "", f"no finished run of {cell}")
        word = REPRODUCED if min(gaps) > 0 else NOT_REPRODUCED
        return Verdict(word, f"apart by {mean(gaps).value:+.3f} more than at epochs 40 to 60, n = {len(gaps)}", "")

    return check


def _gap(lines: Sequence[Mapping[str, float]], start: float, end: float) -> float:
    chosen = [line for line in lines if start <= line["kimg"] <= end]
    return mean([abs(line["G/adversarial"] - line["D/adversarial"]) for line in chosen]).value
