"""Checks of report 003's claims about its codes."""

from collections.abc import Mapping
from itertools import permutations
from statistics import fmean

from condgan.reproduce.evidence import CODES, NOT_REPRODUCED, REPRODUCED, Evidence, NotComparable, Verdict
from condgan.scores import Row

MIN_ACCURACY = 0.9
MIN_CORRELATION = 0.5


def matched(evidence: Evidence, cell: str) -> Verdict:
    """Checks that each value of the categorical code generates one digit, and that all ten digits are generated."""
    found = evidence.scores(cell, "code_accuracy", CODES)
    accuracy = fmean(score.value for score in found.values())
    word = REPRODUCED if accuracy >= MIN_ACCURACY else NOT_REPRODUCED
    why = f"one-to-one matching, classified by the judge; expected {MIN_ACCURACY}"
    return Verdict(word, f"{accuracy:.3f} of samples show the digit matched to their code, n = {len(found)}", why)


def controlled(evidence: Evidence, cell: str) -> Verdict:
    """Checks that one continuous code controls the width of strokes and another their slant, in either order."""
    # missing in metrics.json of earlier versions, and empty for colour images
    effects = [found for metrics in evidence.metrics(cell).values() if (found := metrics.code_effects)]
    if not effects:
        raise NotComparable("", f"no code_effects in metrics.json of {cell}; run condgan evaluate again")
    word = REPRODUCED if min(map(_least, effects)) >= MIN_CORRELATION else NOT_REPRODUCED
    texts = [", ".join(f"{code} {_format(row)}" for code, row in found.items()) for found in effects]
    why = f"correlations over traversals; expected {MIN_CORRELATION} of each property with one code"
    return Verdict(word, "; ".join(texts), why)


def _least(effects: Mapping[str, Row]) -> float:
    """The lower of the correlations of width and slant with one code each, whichever codes these are."""
    pairs = permutations(effects.values(), 2)
    return max(min(one["width"].value, other["slant"].value) for one, other in pairs)


def _format(row: Row) -> str:
    return " ".join(f"{kind} {correlation.value:.2f}" for kind, correlation in row.items())
