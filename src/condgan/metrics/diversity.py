"""Diversity within conditions: how much images of one condition differ."""

import torch
from torch import Tensor

from condgan.conditions import Condition
from condgan.judge import Samples
from condgan.metrics.breakdown import same_condition
from condgan.metrics.distances import distance_rows
from condgan.metrics.estimate import UNDEFINED, Estimate, ratio


def diversity(fakes: Samples, reals: Samples, condition: Condition) -> Estimate:
    """Mean distance between fakes of one condition over that between reals of the same condition, in features.

    0 if the generator ignores its latent, 1 if its images of a condition differ as real ones do. Means are over all
    pairs of images of a condition, then over the conditions with at least two fakes and two reals; undefined without
    any. The interval is Student's over conditions, and its bounds are nan for a single one. As the comparison within
    classes of Odena et al. 2017, section 4.2, but in features instead of by MS-SSIM.
    """
    pairs = [(fakes.features[a], reals.features[b]) for _, a, b in same_condition(fakes.c, reals.c)]
    spreads = [(_mean_distance(a), _mean_distance(b)) for a, b in pairs if min(len(a), len(b)) > 1]
    if not any(real for _, real in spreads):
        return UNDEFINED
    return ratio(*zip(*spreads, strict=True))


def _mean_distance(features: Tensor) -> float:
    """Mean distance of all pairs of different rows of (N, F)."""
    features = features - features.mean(0)
    total = torch.stack([rows.sum() for rows in distance_rows(features, features)]).sum()
    return float(total) / (len(features) * (len(features) - 1))
