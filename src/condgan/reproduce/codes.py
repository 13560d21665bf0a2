"""Checks of report 003's claims about its codes and its losses."""

from collections.abc import Mapping, Sequence
from itertools import permutations

from condgan.metrics.estimate import mean
from condgan.reproduce.evidence import NOT_COMPARABLE, NOT_REPRODUCED, REPRODUCED, Check, Evidence, Verdict

MIN_ACCURACY = 0.9
MIN_CORRELATION = 0.5
DIVERGENCE_EPOCH = 80


def matched(cell: str) -> Check:
    """Checks that each value of the categorical code generates one digit, and that all ten digits are generated."""

    def check(evidence: Evidence) -> Verdict:
        found = evidence.scores(cell, "code_accuracy", ["generator, codes of the prior"])
        if not found:
            return evidence.missing(cell, f"no code_accuracy in metrics.json of {cell}")
        accuracy = mean([score[0] for score in found.values()]).value
        word = REPRODUCED if accuracy >= MIN_ACCURACY else NOT_REPRODUCED
        why = f"one-to-one matching, classified by the judge; expected {MIN_ACCURACY}"
        return Verdict(word, f"{accuracy:.3f} of samples show the digit matched to their code, n = {len(found)}", why)

    return check


def controlled(cell: str) -> Check:
    """Checks that one continuous code controls the width of strokes and another their slant, in either order."""

    def check(evidence: Evidence) -> Verdict:
        # missing in metrics.json of earlier versions, and empty for colour images
        effects = [found for metrics in evidence.metrics(cell).values() if (found := metrics.get("code_effects"))]
        if not effects:
            return evidence.missing(cell, f"no code_effects in metrics.json of {cell}; run condgan evaluate again")
        values = [{code: {k: v[0] for k, v in by.items()} for code, by in found.items()} for found in effects]
        held = [max(min(v[a]["width"], v[b]["slant"]) for a, b in permutations(v, 2)) for v in values]
        word = REPRODUCED if min(held) >= MIN_CORRELATION else NOT_REPRODUCED
        texts = [", ".join(f"{code} {_format(by)}" for code, by in found.items()) for found in values]
        why = f"correlations over traversals; expected {MIN_CORRELATION} of each property with one code"
        return Verdict(word, "; ".join(texts), why)

    return check


def _format(effects: Mapping[str, float]) -> str:
    return " ".join(f"{kind} {correlation:.2f}" for kind, correlation in effects.items())


def diverging(cell: str) -> Check:
    """Checks that the losses of G and D are further apart after 80 epochs than around the fiftieth."""

    def check(evidence: Evidence) -> Verdict:
        configs, gaps = evidence.configs(cell), []
        for seed, lines in evidence.log(cell).items():
            if not lines:
                continue
            epoch = configs[seed].num_training / 1000
            last = lines[-1]["kimg"] / epoch
            if last <= DIVERGENCE_EPOCH:
                return Verdict(
                    NOT_COMPARABLE, f"trained for {last:.1f} epochs", f"reported after {DIVERGENCE_EPOCH} epochs"
                )
            try:
                gap = _gap(lines, DIVERGENCE_EPOCH * epoch, last * epoch) - _gap(lines, 40 * epoch, 60 * epoch)
            except KeyError as error:
                return evidence.missing(cell, f"no {error} in log.jsonl of {cell}")
            gaps.append(gap)
        if not gaps:
            return evidence.missing(cell, f"log.jsonl of {cell} is empty")
        word = REPRODUCED if min(gaps) > 0 else NOT_REPRODUCED
        return Verdict(word, f"{mean(gaps).value:+.3f} further apart than at epochs 40 to 60, n = {len(gaps)}", "")

    return check


def _gap(lines: Sequence[Mapping[str, float]], start: float, end: float) -> float:
    """Returns the mean distance between the adversarial losses of G and D."""
    chosen = [line for line in lines if start <= line["kimg"] <= end]
    return mean([abs(line["G/fake"] - line["D/real"] - line["D/fake"]) for line in chosen]).value
