"""Measured values with 95 % intervals."""

from collections.abc import Sequence
from math import nan, sqrt
from statistics import fmean, pvariance, stdev
from typing import NamedTuple

from scipy.special import stdtrit
from torch import Tensor

Z95 = 1.959964  # the 97.5 % point of the normal distribution
ROUNDING = 1e-12  # of a variance that is zero


class Estimate(NamedTuple):
    """A value and the bounds of its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


UNDEFINED = Estimate(nan, nan, nan)
"""The estimate of a metric that has no meaning for a condition, or too few images. It is left out of tables."""


def proportion(hits: Tensor, trials: Tensor) -> Estimate:
    """Returns the share of hits with Wilson's interval, where sample i has `hits[i]` of `trials[i]`, both (N,).

    Trials of one sample are not independent, so their number is divided by the design effect: the variance of the share
    over samples divided by that of independent trials. Without variance (all or no hits) a sample counts as one trial.
    Wilson 1927; Kish 1965, section 8.2. Raises ValueError without trials.

    >>> import torch
    >>> print(proportion(torch.tensor([1, 2, 0, 2]), torch.tensor([1, 2, 1, 3])))
    0.714 [0.418, 0.897]
    """
    hits, trials = hits.double(), trials.double()
    total = float(trials.sum())
    if not total:
        raise ValueError("found no trials; a proportion needs at least one")
    p = float(hits.sum()) / total
    return wilson(p, float(((hits - p * trials).square()).sum()) / total**2, float((trials > 0).sum()))


def wilson(p: float, variance: float, num_samples: float) -> Estimate:
    """Returns a share in [0, 1] with Wilson's interval for as many independent trials as give this variance.

    Without variance there are `num_samples` trials. Wilson 1927.
    """
    n = p * (1 - p) / variance if variance > ROUNDING else num_samples
    center = (p + Z95**2 / (2 * n)) / (1 + Z95**2 / n)
    half = Z95 * sqrt(p * (1 - p) / n + Z95**2 / (4 * n**2)) / (1 + Z95**2 / n)
    return Estimate(p, max(0.0, center - half), min(1.0, center + half))


def mean(values: Sequence[float]) -> Estimate:
    """Returns the mean of independent values with Student's interval; the bounds are nan for a single value.

    >>> print(mean([0.7, 0.8, 0.9]))
    0.800 [0.552, 1.048]
    """
    return ratio(values, [1.0] * len(values))


def ratio(numerators: Sequence[float], denominators: Sequence[float]) -> Estimate:
    """Returns the sum of numerators over that of denominators, with Student's interval over the independent pairs.

    The ratio is linearised: the residuals are numerator minus ratio times denominator. Cochran 1977, section 2.11. The
    bounds are nan for a single pair.

    >>> print(ratio([1, 2, 4], [2, 4, 6]))
    0.583 [0.309, 0.857]
    """
    n, center = len(numerators), fmean(numerators) / fmean(denominators)
    residuals = [a - center * b for a, b in zip(numerators, denominators, strict=True)]
    half = student(n - 1) * stdev(residuals) / sqrt(n) / fmean(denominators) if n > 1 else nan
    return Estimate(center, center - half, center + half)


def student(degrees: float, num_comparisons: int = 1) -> float:
    """Returns the 97.5 % point of Student's distribution, nearer to 1 for several comparisons at once (Bonferroni)."""
    return float(stdtrit(degrees, 1 - 0.025 / num_comparisons))


def jackknife(value: float, *left_out: Sequence[float]) -> Estimate:
    """Returns a value with the interval of the delete-a-group jackknife.

    Each argument is for one independent set of samples, divided into equal groups at random: the values without each
    group. Student's interval with the degrees of freedom of Satterthwaite 1946. Kott 2001.

    >>> print(jackknife(0.8, [0.75, 0.8, 0.85]))  # as `mean([0.7, 0.8, 0.9])`
    0.800 [0.552, 1.048]
    """
    variances = [(len(values) - 1) * pvariance(values) for values in left_out]
    if not sum(variances):
        return Estimate(value, value, value)
    spread = sum(v**2 / (len(values) - 1) for v, values in zip(variances, left_out, strict=True))
    half = student(sum(variances) ** 2 / spread) * sqrt(sum(variances))
    return Estimate(value, value - half, value + half)


def in_unit(estimate: Estimate) -> Estimate:
    """Returns the estimate of a score in [0, 1] with bounds in [0, 1]."""
    value, low, high = estimate
    return Estimate(value, max(0.0, low), min(1.0, high))


def difference(a: Estimate, b: Estimate) -> Estimate:
    """Returns a minus b for independent estimates: the gap between two lists of conditions, for example.

    Each bound combines the distances of the two values to the bounds that it depends on, so that intervals that are not
    symmetric, as near 0 or 1, stay so. Newcombe 1998, method 10; Zou and Donner 2008, eq. 5.

    >>> print(difference(Estimate(0.9, 0.8, 0.95), Estimate(0.5, 0.4, 0.6)))
    0.400 [0.259, 0.512]
    """
    value = a.value - b.value
    low = value - sqrt((a.value - a.low) ** 2 + (b.high - b.value) ** 2)
    return Estimate(value, low, value + sqrt((a.high - a.value) ** 2 + (b.value - b.low) ** 2))
