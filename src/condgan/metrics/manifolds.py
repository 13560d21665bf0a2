"""Precision, recall, density and coverage of features: realism and variety as two scores instead of one.

The images of a set cover the balls around their features that reach to the k-th nearest other image of the set.
"""

import torch
from torch import Tensor

from condgan.conditions import Condition
from condgan.judge import Samples
from condgan.metrics.distances import distance_rows, nearest, neighbour_radius
from condgan.metrics.estimate import UNDEFINED, Estimate, mean, proportion

PRECISION_K, DENSITY_K = 3, 5  # as in the two papers


def precision(fakes: Samples, reals: Samples, condition: Condition) -> Estimate:
    """Share of fakes in the ball of any real image, in [0, 1]: realism. Kynkaanniemi et al. 2019, eq. 1 and 2, k = 3.

    The interval is for other fakes beside the same reals. Undefined for fewer than 5 images of a kind.
    """
    return _share_inside(fakes, reals)


def recall(fakes: Samples, reals: Samples, condition: Condition) -> Estimate:
    """Share of reals in the ball of any fake image, in [0, 1]: variety. Kynkaanniemi et al. 2019, eq. 1 and 2, k = 3.

    The interval is for other reals beside the same fakes. Undefined for fewer than 5 images of a kind.
    """
    return _share_inside(reals, fakes)


def density(fakes: Samples, reals: Samples, condition: Condition) -> Estimate:
    """Mean number of real balls around a fake, over k = 5: realism; 1 for equal distributions, and not bounded by it.

    Unlike precision, a few outliers among the reals hardly change it. Naeem et al. 2020, section 3. The interval is for
    other fakes beside the same reals. Undefined for fewer than 7 images of a kind.
    """
    if min(len(fakes), len(reals)) <= DENSITY_K + 1:
        return UNDEFINED
    radius = neighbour_radius(reals.features, DENSITY_K)
    counts = torch.cat([(rows <= radius).sum(1) for rows in distance_rows(fakes.features, reals.features)])
    return mean((counts.double() / DENSITY_K).tolist())


def coverage(fakes: Samples, reals: Samples, condition: Condition) -> Estimate:
    """Share of reals with a fake in their ball, k = 5, in [0, 1]: variety. Naeem et al. 2020, section 3.

    For equal distributions about 1 - 2^-k with equally many images, and less with fewer fakes. The interval is for
    other reals beside the same fakes. Undefined for fewer than 7 images of a kind.
    """
    if min(len(fakes), len(reals)) <= DENSITY_K + 1:
        return UNDEFINED
    covered = nearest(reals.features, fakes.features)[0] <= neighbour_radius(reals.features, DENSITY_K)
    return proportion(covered, torch.ones(len(covered)))


def _share_inside(queries: Samples, references: Samples) -> Estimate:
    if min(len(queries), len(references)) <= PRECISION_K + 1:
        return UNDEFINED
    inside = _inside(queries.features, references.features)
    return proportion(inside, torch.ones(len(inside)))


def _inside(queries: Tensor, references: Tensor) -> Tensor:
    radius = neighbour_radius(references, PRECISION_K)
    return torch.cat([(rows <= radius).any(1) for rows in distance_rows(queries, references)])
