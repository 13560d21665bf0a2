"""Codes as categories, for scores that count how often codes and factors occur together."""

import torch
from torch import Tensor

NUM_BINS = 20


def discretised(codes: Tensor) -> Tensor:
    """Numbers the values of each column of (N, K), (N, K) int64: all values if there are at most 20, otherwise bins.

    There are 20 bins of equal width from the smallest to the largest value, as in Locatello et al. 2019, appendix C.
    """
    columns = [_numbered(column.double()) for column in codes.T]
    return torch.stack(columns, dim=1)


def _numbered(column: Tensor) -> Tensor:
    numbers: Tensor
    distinct, numbers = column.unique(return_inverse=True)
    if len(distinct) <= NUM_BINS:
        return numbers
    low, high = distinct[0], distinct[-1]
    bins: Tensor = (column - low) / (high - low) * NUM_BINS
    return bins.long().clamp(max=NUM_BINS - 1)


def joint(a: Tensor, b: Tensor) -> Tensor:
    """Share of the images with each pair of numbers, (number of a, number of b), for columns (N,) int64."""
    table = torch.zeros(int(a.max()) + 1, int(b.max()) + 1, dtype=torch.float64)
    table.index_put_((a, b), torch.tensor(1 / len(a), dtype=torch.float64), accumulate=True)
    return table


def entropy(shares: Tensor) -> Tensor:
    """Entropy in nats of shares that sum to 1."""
    nats: Tensor = torch.special.entr(shares).sum()
    return nats
