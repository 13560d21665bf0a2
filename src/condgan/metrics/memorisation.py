"""Memorisation: whether generated images are copies of training images."""

from typing import NamedTuple

import torch
from torch import Tensor

from condgan.metrics.distances import nearest
from condgan.metrics.estimate import Estimate, wilson


class Neighbours(NamedTuple):
    """The `nearest` training image of each fake (N,), its `distance` (N,), and the score of `memorisation`."""

    memorisation: Estimate
    nearest: Tensor
    distance: Tensor


def memorisation(fakes: Tensor, training: Tensor, held_out: Tensor) -> Neighbours:
    """Compares the distances of fakes and of held-out real images from the nearest training image.

    All are features (N, F). The score is the share of pairs of a fake and a held-out image in which the fake is nearer,
    ties counting half: 0.5 if fakes are as far from training images as new real images are, 1 if all are copies, and
    near 0 for unrealistic images, which are far from everything. Meehan et al. 2020, section 3; the interval is that of
    DeLong et al. 1988. For a picture take the fakes with the smallest `distance`. Raises ValueError if a set is empty.
    """
    if not (len(fakes) and len(training) and len(held_out)):
        raise ValueError("found an empty set of features; memorisation needs fakes, training and held-out images")
    distance, index = nearest(fakes, training)
    others, _ = nearest(held_out, training)
    of_fakes, of_others = _share_above(distance, others), 1 - _share_above(others, distance)
    variance, share = _variance(of_fakes) + _variance(of_others), float(of_fakes.mean())
    return Neighbours(wilson(share, variance, min(len(fakes), len(held_out))), index, distance)


def _variance(shares: Tensor) -> float:
    """The variance of the mean of shares (N,); of a single one, that of a hit with this probability."""
    return float(shares.var()) / len(shares) if len(shares) > 1 else float(shares * (1 - shares))


def _share_above(values: Tensor, others: Tensor) -> Tensor:
    """For each value the share of the others that are larger, ties counting half, (N,)."""
    ordered = others.sort().values
    below, not_above = (torch.searchsorted(ordered, values, right=right) for right in (False, True))
    return 1 - (below + not_above) / (2 * len(others))
