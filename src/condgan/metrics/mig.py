"""Mutual information gap (MIG): whether each known factor has a code of its own."""

import torch
from torch import Tensor

from condgan.metrics.discretised import discretised, entropy, joint
from condgan.metrics.estimate import ROUNDING, Estimate, in_unit, jackknife

NUM_GROUPS = 10


def mig(codes: Tensor, factors: Tensor) -> Estimate:
    """Mean over factors of the gap between the two codes that tell most about it, over its entropy, in [0, 1].

    `codes` (N, K) are numbers or categories, `factors` (N, V) categories. 1 if each factor is given by one code and no
    other tells anything about it, 0 if two codes share each factor. A single code has a second one that tells
    nothing. Factors with one value are left out. Chen et al. 2018, eq. 6. The interval is that of the jackknife over
    ten groups of images. Raises ValueError if there are fewer than 20 images, or no factor varies.

    >>> factors = torch.tensor([[0, 0], [0, 1], [1, 0], [1, 1]] * 10)
    >>> print(mig(factors.flip(1), factors))
    1.000 [1.000, 1.000]
    """
    if len(codes) < 2 * NUM_GROUPS:
        raise ValueError(f"found {len(codes)} images, expected at least {2 * NUM_GROUPS}")
    codes, factors = discretised(codes), discretised(factors)
    factors = factors[:, factors.max(0).values > 0]
    if not factors.shape[1]:
        raise ValueError("found no factor that varies; the gap needs one")
    group = torch.arange(len(codes)) * NUM_GROUPS // len(codes)
    left_out = [_gap(codes[group != g], factors[group != g]) for g in range(NUM_GROUPS)]
    return in_unit(jackknife(_gap(codes, factors), left_out))


def mutual_information(codes: Tensor, factors: Tensor) -> Tensor:
    """Mutual information in nats of each column of (N, K) with each of (N, V), both int64; (K, V)."""
    return torch.stack([torch.stack([_information(joint(a, b)) for b in factors.T]) for a in codes.T])


def _gap(codes: Tensor, factors: Tensor) -> float:
    information = mutual_information(codes, factors)
    first_two = torch.cat([information, torch.zeros_like(information)]).topk(2, dim=0).values
    entropies = torch.stack([entropy(joint(b, b).diagonal()) for b in factors.T])
    gaps = (first_two[0] - first_two[1]) / entropies
    return float(gaps.where(entropies > ROUNDING, 0).mean())  # a factor may not vary in a part of the images


def _information(shares: Tensor) -> Tensor:
    return (entropy(shares.sum(0)) + entropy(shares.sum(1)) - entropy(shares)).clamp(min=0)
