"""Scores by condition, by value, by factor of the values, and by number of objects."""

from collections.abc import Callable, Iterator, Mapping
from math import isfinite

import torch
from torch import Tensor

from condgan.conditions import Condition
from condgan.judge import Samples
from condgan.metrics.condition_f1 import f1
from condgan.metrics.estimate import Estimate
from condgan.metrics.factors import factors
from condgan.metrics.recognised import is_set, recognised

Metric = Callable[[Samples, Samples, Condition], Estimate]  # (fakes, reals, condition) -> estimate


def per_condition(metric: Metric, fakes: Samples, reals: Samples, condition: Condition) -> dict[str, Estimate]:
    """Scores the images of each condition of the fakes, against real images of the same condition.

    FID by class is `per_condition(fid, ...)`. Conditions without an estimate, e.g. with too few images, are absent.
    """
    groups = ((condition.describe(c), a, b) for c, a, b in same_condition(fakes.c, reals.c))
    return _defined({name: metric(fakes.at(a), reals.at(b), condition) for name, a, b in groups})


def per_value(metric: Metric, fakes: Samples, reals: Samples, condition: Condition) -> dict[str, Estimate]:
    """Scores the images of which each discrete value is wanted, against real images that have it.

    Of sets of labels few real images have the very same condition, but many share a label.
    """
    columns = zip(condition.values, condition.wanted(fakes.c).T, condition.wanted(reals.c).T, strict=True)
    return _defined({name: metric(fakes.at(a), reals.at(b), condition) for name, a, b in columns if a.any()})


def per_count(metric: Metric, fakes: Samples, reals: Samples, condition: Condition) -> dict[str, Estimate]:
    """Scores the images of each number of wanted objects, against real images with as many; only for sets of labels."""
    if not is_set(condition):
        return {}
    counts, others = (condition.wanted(samples.c).sum(1) for samples in (fakes, reals))
    numbers = counts.unique().tolist()
    return _defined({str(n): metric(fakes.at(counts == n), reals.at(others == n), condition) for n in numbers})


def f1_per_value(samples: Samples, condition: Condition) -> dict[str, Estimate]:
    """F1 of each discrete value, e.g. each object: it is missed where wanted, and extra where recognised otherwise."""
    found, wanted = recognised(samples, condition).T.long(), condition.wanted(samples.c).T.long()
    columns = zip(condition.values, found, wanted, strict=True)
    return _defined({name: f1(a * b, a, b) for name, a, b in columns})


def f1_per_factor(samples: Samples, condition: Condition) -> dict[str, dict[str, Estimate]]:
    """F1 of each value of each factor, e.g. of each colour and each shape, however they are paired.

    An image has as many hits as a colour is both recognised and wanted. Empty if the values have no factors.
    """
    found, wanted = recognised(samples, condition), condition.wanted(samples.c)
    scores = {}
    for factor in factors(condition):
        columns = zip(factor.values, factor.counts(found).T, factor.counts(wanted).T, strict=True)
        scores[factor.name] = _defined({name: f1(torch.minimum(a, b), a, b) for name, a, b in columns})
    return scores


def factor_f1(samples: Samples, condition: Condition) -> dict[str, Estimate]:
    """F1 of each factor over all its values, e.g. of colours and of shapes. Empty if the values have no factors."""
    found, wanted = recognised(samples, condition), condition.wanted(samples.c)
    counts = {factor.name: (factor.counts(found), factor.counts(wanted)) for factor in factors(condition)}
    return _defined({name: f1(torch.minimum(a, b).sum(1), a.sum(1), b.sum(1)) for name, (a, b) in counts.items()})


def same_condition(fakes: Tensor, reals: Tensor) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Yields each condition of the batch `fakes` with masks of its rows in both batches."""
    for c in fakes.unique(dim=0):
        yield c, *((batch == c).reshape(len(batch), -1).all(1) for batch in (fakes, reals))


def _defined(estimates: Mapping[str, Estimate]) -> dict[str, Estimate]:
    return {name: estimate for name, estimate in estimates.items() if isfinite(estimate.value)}
