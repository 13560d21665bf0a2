"""Checks of report 003's claims about its codes and its losses."""

from collections.abc import Mapping, Sequence
from itertools import permutations

from condgan.metrics.estimate import mean
from condgan.reproduce.evidence import NOT_COMPARABLE, NOT_REPRODUCED, REPRODUCED, Check, Evidence, Verdict

MIN_ACCURACY = 0.9
MIN_CORRELATION = 0.5
DIVERGENCE_EPOCH = 80


def matched(cell: str) -> Check:
    """Each value of the categorical code generates one digit, and all ten digits are generated."""

    def check(evidence: Evidence) -> Verdict:
        found = evidence.scores(cell, "code_accuracy", ["generator, codes of the prior"])
        if not found:
            return Verdict(NOT_COMPARABLE, "", f"no finished run of {cell}")
        accuracy = mean([score[0] for score in found.values()]).value
        word = REPRODUCED if accuracy >= MIN_ACCURACY else NOT_REPRODUCED
        why = f"one-to-one matching, classified by the judge; expected {MIN_ACCURACY}"
        return Verdict(word, f"{accuracy:.3f} of samples show the digit matched to their code, n = {len(found)}", why)

    return check


def controlled(cell: str) -> Check:
    """One continuous code controls the width of strokes, another their slant; which is which is random."""

    def check(evidence: Evidence) -> Verdict:
        effects = [metrics["code_effects"] for metrics in evidence.metrics(cell).values() if metrics["code_effects"]]
        if not effects:
            return Verdict(NOT_COMPARABLE, "", f"no finished run of {cell}")
        values = [{code: {k: v[0] for k, v in by.items()} for code, by in found.items()} for found in effects]
        held = [max(min(v[a]["width"], v[b]["slant"]) for a, b in permutations(v, 2)) for v in values]
        word = REPRODUCED if min(held) >= MIN_CORRELATION else NOT_REPRODUCED
        texts = [", ".join(f"{code} {_brief(by)}" for code, by in found.items()) for found in values]
        why = f"correlations over traversals; expected {MIN_CORRELATION} of each property with one code"
        return Verdict(word, "; ".join(texts), why)

    return check


def _brief(effects: Mapping[str, float]) -> str:
    return " ".join(f"{kind} {correlation:.2f}" for kind, correlation in effects.items())


def diverging(cell: str) -> Check:
    """The losses of G and D are further apart after 80 epochs than around the fiftieth."""

    def check(evidence: Evidence) -> Verdict:
        gaps = []
        for seed, lines in evidence.log(cell).items():
            epoch = evidence.configs(cell)[seed].num_training / 1000
            last = lines[-1]["kimg"] / epoch
            if last <= DIVERGENCE_EPOCH:
                return Verdict(
                    NOT_COMPARABLE, f"trained for {last:.1f} epochs", f"reported after {DIVERGENCE_EPOCH} epochs"
                )
            gaps.append(_gap(lines, DIVERGENCE_EPOCH * epoch, last * epoch) - _gap(lines, 40 * epoch, 60 * epoch))
        if not gaps:
            return Verdict(NOT_COMPARABLE, "", f"no finished run of {cell}")
        word = REPRODUCED if min(gaps) > 0 else NOT_REPRODUCED
        return Verdict(word, f"{mean(gaps).value:+.3f} further apart than at epochs 40 to 60, n = {len(gaps)}", "")

    return check


def _gap(lines: Sequence[Mapping[str, float]], start: float, end: float) -> float:
    """Mean distance of G's and D's adversarial losses."""
    chosen = [line for line in lines if start <= line["kimg"] <= end]
    return mean([abs(line["G/fake"] - line["D/real"] - line["D/fake"]) for line in chosen]).value
