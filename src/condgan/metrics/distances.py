"""Distances between many features, a few rows at a time, so that no matrix of all pairs is kept."""

from collections.abc import Iterator

import torch
from torch import Tensor

ENTRIES = 2**23  # of a block of the matrix of distances, 64 MB


def distance_rows(queries: Tensor, references: Tensor) -> Iterator[Tensor]:
    """Yields the Euclidean distances of rows (N, F) from rows (M, F), in blocks of rows of the (N, M) matrix."""
    references = references.double()  # single precision would place equal images apart
    for block in queries.split(max(1, ENTRIES // max(1, len(references)))):
        yield torch.cdist(block.double(), references)


def nearest(queries: Tensor, references: Tensor) -> tuple[Tensor, Tensor]:
    """Returns the distance of each query from the nearest reference, and the index of that, both (N,)."""
    blocks = [rows.min(1) for rows in distance_rows(queries, references)]
    return torch.cat([block.values for block in blocks]), torch.cat([block.indices for block in blocks])


def neighbour_radius(features: Tensor, k: int) -> Tensor:
    """Returns the distance of each row from its k-th nearest other row, (N,)."""
    rows = distance_rows(features, features)
    return torch.cat(
        [block.topk(k + 1, largest=False).values[:, -1] for block in rows]
    )  # the nearest is the row itself
