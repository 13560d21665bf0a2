"""Binding errors: the right words are there, paired wrongly, as a blue cube and a red ball for the reverse."""

from collections.abc import Sequence
from itertools import combinations

import torch
from torch import Tensor

from condgan.conditions import Condition
from condgan.judge import Samples
from condgan.metrics.estimate import UNDEFINED, Estimate, proportion
from condgan.metrics.factors import word_factors
from condgan.metrics.recognised import recognised


def binding_errors(fakes: Samples, reals: Samples, condition: Condition) -> Estimate:
    """Share of wrong pairings, in [0, 1], among images in which every word is recognised as often as wanted; 0 is best.

    Only conditions that can be paired wrongly count: exchanging a word between two of their values must give two values
    that are not wanted. Undefined if there is no such image, and if the names are not combinations of words.
    """
    factors = word_factors(condition.values)
    if not factors:
        return UNDEFINED
    found, wanted = recognised(fakes, condition), condition.wanted(fakes.c)
    right_words = torch.stack([(f.counts(found) == f.counts(wanted)).all(1) for f in factors]).all(0)
    trials = right_words & _can_be_exchanged(wanted, condition.values)
    return proportion(trials & (found != wanted).any(1), trials) if trials.any() else UNDEFINED


def _can_be_exchanged(wanted: Tensor, names: Sequence[str]) -> Tensor:
    """Whether each set (N, V) has two values that would be two others with a word exchanged, (N,) bool."""
    distinct, which = wanted.unique(dim=0, return_inverse=True)
    words = [name.split() for name in names]
    answers = [_exchangeable([words[i] for i in row.nonzero().flatten().tolist()]) for row in distinct]
    return torch.tensor(answers, dtype=torch.bool)[which]


def _exchangeable(wanted: Sequence[Sequence[str]]) -> bool:
    for a, b in combinations(wanted, 2):
        for i in range(len(a)):
            others = [*a[:i], b[i], *a[i + 1 :]], [*b[:i], a[i], *b[i + 1 :]]
            if not any(other in wanted for other in others):
                return True
    return False
