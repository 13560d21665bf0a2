"""Disagreement of two judges: how far a score depends on the network that measures it."""

import torch

from condgan.conditions import Condition
from condgan.judge import Samples
from condgan.metrics.estimate import Estimate, proportion
from condgan.metrics.recognised import recognised


def disagreement(one: Samples, other: Samples, condition: Condition) -> Estimate:
    """Share of decisions, one for each image and discrete value, in which two judges differ, in [0, 1].

    Both are samples of the same images. The interval is clustered by image. Raises ValueError without images.
    """
    differ = recognised(one, condition) != recognised(other, condition)
    return proportion(differ.sum(1), torch.full((len(differ),), differ.shape[1]))
