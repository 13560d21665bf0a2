"""Features of images that do not exist, for tests of metrics of features."""

import torch
from torch import Tensor

from condgan.conditions import Class
from condgan.judge import Samples

CONDITION = Class(("a", "b"))


def normal(num: int, dim: int = 6, shift: float = 0.0, seed: int = 0) -> Tensor:
    """Independent normal features, (num, dim)."""
    return torch.randn(num, dim, generator=torch.Generator().manual_seed(seed)) + shift


def with_features(features: Tensor, c: Tensor | None = None) -> Samples:
    """Samples with these features, of the first class or of these conditions."""
    c = torch.zeros(len(features), dtype=torch.int64) if c is None else c
    return Samples(c, torch.zeros(len(features), 2), features)
