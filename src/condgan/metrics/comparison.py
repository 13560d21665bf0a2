"""Comparisons of systems, with intervals over conditions and over runs."""

from collections.abc import Mapping
from itertools import combinations
from math import isnan, nan, sqrt
from typing import NamedTuple

from torch import Tensor

from condgan.metrics.estimate import Estimate, student


class Comparison(NamedTuple):
    """A difference of two systems with three intervals: for other conditions, other runs, and both at once.

    `over_conditions` holds the runs fixed, `over_runs` the conditions; its bounds, and those of `over_both`,
    are nan if either system was trained once.
    """

    over_conditions: Estimate
    over_runs: Estimate
    over_both: Estimate

    @property
    def within_noise(self) -> bool:
        """Whether the interval contains 0: that over both, or over conditions if a system was trained only once."""
        _, low, high = self.over_conditions if isnan(self.over_both.low) else self.over_both
        return low <= 0 <= high


def compare(mine: Tensor, theirs: Tensor, num_comparisons: int = 1) -> Comparison:
    """Returns the difference of the scores of two systems: `mine` (S, C) minus `theirs` (T, C).

    A row is a training and a column a condition, the same in both. Columns are paired: what is hard for one system is
    hard for the other. Trainings are not: two systems with the same seed share no noise that would cancel. All
    intervals are Student's. Resampling runs, as a bootstrap does, would be too narrow for the three or five that
    there are. The variances of runs and of conditions add up; both contain that of single scores, which is
    subtracted once, for two-way tables (Cornfield and Tukey 1956). The degrees of freedom are those of Satterthwaite
    1946, but at least the fewest of a part.
    With `num_comparisons` the intervals hold for all comparisons at once (Bonferroni). Raises ValueError for different
    numbers of conditions, or fewer than two.

    >>> import torch
    >>> comparison = compare(torch.tensor([[0.9, 0.8, 0.7], [0.8, 0.9, 0.6]]), torch.tensor([[0.5, 0.4, 0.3]]))
    >>> print(comparison.over_conditions, comparison.within_noise)
    0.383 [0.240, 0.527] False
    """
    if mine.shape[1] != theirs.shape[1] or mine.shape[1] < 2:
        found = f"found {mine.shape[1]} and {theirs.shape[1]} conditions"
        raise ValueError(f"{found}; a comparison needs the same conditions of both systems, at least two")
    systems, num_conditions = [scores.double() for scores in (mine, theirs)], mine.shape[1]
    paired = systems[0].mean(0) - systems[1].mean(0)
    value = float(paired.mean())
    conditions = _Component(float(paired.var()) / num_conditions, num_conditions - 1)
    over_conditions = _interval(value, num_comparisons, conditions)
    if min(len(scores) for scores in systems) < 2:
        unknown = Estimate(value, nan, nan)
        return Comparison(over_conditions, unknown, unknown)
    runs = [_Component(float(s.mean(1).var()) / len(s), len(s) - 1) for s in systems]
    single = [_single_scores(scores) for scores in systems]
    both = [*runs, conditions, *(_Component(-part.variance, part.degrees) for part in single)]
    over_both = _interval(value, num_comparisons, *both)
    over_runs = _interval(value, num_comparisons, *runs)
    widest = max(over_conditions, over_runs, over_both, key=lambda estimate: estimate.high)
    return Comparison(over_conditions, over_runs, widest)


class Rank(NamedTuple):
    """A row of a rank table: `best` and `worst` are the ranks that the noise allows."""

    system: str
    score: float
    best: int
    worst: int


def rank_table(scores: Mapping[str, Tensor], *, higher_is_better: bool = True) -> list[Rank]:
    """Ranks systems by their scores (runs, conditions), best first; the columns are the same conditions in all.

    A system is ahead of another if their difference is not within noise, at 95 % for all pairs at once. Its ranks go
    from one after the number of systems ahead of it to the number of systems that it is not ahead of.

    >>> import torch
    >>> a, b = torch.tensor([[0.9, 0.8, 0.9]]), torch.tensor([[0.3, 0.2, 0.1]])
    >>> [(rank.system, rank.best, rank.worst) for rank in rank_table({"a": a, "b": b, "c": b.flip(1) + 0.01})]
    [('a', 1, 1), ('c', 2, 3), ('b', 2, 3)]
    """
    sign = 1 if higher_is_better else -1
    pairs = list(combinations(scores, 2))
    ahead = dict.fromkeys(scores, 0)
    behind = dict(ahead)
    for a, b in pairs:
        comparison = compare(sign * scores[a], sign * scores[b], len(pairs))
        if not comparison.within_noise:
            better, worse = (a, b) if comparison.over_conditions.value > 0 else (b, a)
            behind[better] += 1
            ahead[worse] += 1
    ordered = sorted(scores, key=lambda name: -sign * float(scores[name].double().mean()))
    return [Rank(n, float(scores[n].double().mean()), 1 + ahead[n], len(scores) - behind[n]) for n in ordered]


class _Component(NamedTuple):
    """A part of the variance of a difference, and its degrees of freedom."""

    variance: float
    degrees: float


def _single_scores(scores: Tensor) -> _Component:
    """The part of the variance of a mean of (S, C) that is due neither to rows nor to columns as a whole."""
    residuals = scores - scores.mean(0) - scores.mean(1, keepdim=True) + scores.mean()
    degrees = (len(scores) - 1) * (scores.shape[1] - 1)
    return _Component(float(residuals.square().sum()) / degrees / scores.numel(), degrees)


def _interval(value: float, num_comparisons: int, *parts: _Component) -> Estimate:
    variance = max(sum(part.variance for part in parts), 0.0)
    if not variance:
        return Estimate(value, value, value)
    degrees = variance**2 / sum(part.variance**2 / part.degrees for part in parts)
    # Satterthwaite's are for sums. A difference near zero would have next to none, and an interval without end.
    degrees = max(degrees, min(part.degrees for part in parts))
    half = student(degrees, num_comparisons) * sqrt(variance)
    return Estimate(value, value - half, value + half)
