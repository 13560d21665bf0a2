"""Some of many items, evenly spaced."""

import torch
from torch import Tensor


def evenly(length: int, most: int, dtype: torch.dtype = torch.float32) -> Tensor:
    """Returns indices of up to `most` of `length` items, evenly spaced from the first to the last, int64.

    `dtype` is that of the positions, which are rounded down. From thousands of items on, float32 gives a few of them
    the index before; scores of earlier versions depend on that.

    >>> evenly(10, 4), evenly(2, 4)
    (tensor([0, 3, 6, 9]), tensor([0, 1]))
    """
    return torch.linspace(0, length - 1, min(most, length), dtype=dtype).long()
