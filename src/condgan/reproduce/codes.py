"""Checks of report 003's claims about its codes."""

from collections.abc import Mapping
from itertools import permutations

from condgan.metrics.estimate import mean
from condgan.reproduce.evidence import CODES, NOT_REPRODUCED, REPRODUCED, Check, Evidence, Verdict

MIN_ACCURACY = 0.9
MIN_CORRELATION = 0.5


def matched(cell: str) -> Check:
    """Checks that each value of the categorical code generates one digit, and that all ten digits are generated."""

    def check(evidence: Evidence) -> Verdict:
        found = evidence.scores(cell, "code_accuracy", CODES)
        if not found:
            return evidence.missing(cell, f"no code_accuracy in metrics.json of {cell}")
        accuracy = mean([score.value for score in found.values()]).value
        word = REPRODUCED if accuracy >= MIN_ACCURACY else NOT_REPRODUCED
        why = f"one-to-one matching, classified by the judge; expected {MIN_ACCURACY}"
        return Verdict(word, f"{accuracy:.3f} of samples show the digit matched to their code, n = {len(found)}", why)

    return check


def controlled(cell: str) -> Check:
    """Checks that one continuous code controls the width of strokes and another their slant, in either order."""

    def check(evidence: Evidence) -> Verdict:
        # missing in metrics.json of earlier versions, and empty for colour images
        effects = [found for metrics in evidence.metrics(cell).values() if (found := metrics.code_effects)]
        if not effects:
            return evidence.missing(cell, f"no code_effects in metrics.json of {cell}; run condgan evaluate again")
        values = [{code: {k: v.value for k, v in by.items()} for code, by in found.items()} for found in effects]
        held = [max(min(v[a]["width"], v[b]["slant"]) for a, b in permutations(v, 2)) for v in values]
        word = REPRODUCED if min(held) >= MIN_CORRELATION else NOT_REPRODUCED
        texts = [", ".join(f"{code} {_format(by)}" for code, by in found.items()) for found in values]
        why = f"correlations over traversals; expected {MIN_CORRELATION} of each property with one code"
        return Verdict(word, "; ".join(texts), why)

    return check


def _format(effects: Mapping[str, float]) -> str:
    return " ".join(f"{kind} {correlation:.2f}" for kind, correlation in effects.items())
