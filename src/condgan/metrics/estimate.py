"""Measured values with 95 % intervals."""

from collections.abc import Sequence
from math import nan, sqrt
from statistics import fmean, stdev
from typing import NamedTuple

from scipy.special import stdtrit
from torch import Tensor

Z95 = 1.959964  # the 97.5 % point of the normal distribution


class Estimate(NamedTuple):
    """A value and the bounds of its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


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
    clusters = float(((hits - p * trials).square()).sum()) / total**2
    num_samples = float((trials > 0).sum())
    effective = p * (1 - p) / clusters if clusters else num_samples
    center = (p + Z95**2 / (2 * effective)) / (1 + Z95**2 / effective)
    half = Z95 * sqrt(p * (1 - p) / effective + Z95**2 / (4 * effective**2)) / (1 + Z95**2 / effective)
    return Estimate(p, max(0.0, center - half), min(1.0, center + half))


def mean(values: Sequence[float]) -> Estimate:
    """Returns the mean of independent values with Student's interval; the bounds are nan for a single value.

    >>> print(mean([0.7, 0.8, 0.9]))
    0.800 [0.552, 1.048]
    """
    n = len(values)
    half = float(stdtrit(n - 1, 0.975)) * stdev(values) / sqrt(n) if n > 1 else nan
    return Estimate(fmean(values), fmean(values) - half, fmean(values) + half)
