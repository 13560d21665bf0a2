"""Kernel inception distance (KID) in the feature space of the judge: how realistic the images are."""

import warnings
from math import nan

import torch
from torch import nn
from torchmetrics.image.kid import KernelInceptionDistance

from condgan.conditions import Condition
from condgan.judge import Samples
from condgan.metrics.estimate import Z95, Estimate

NUM_SUBSETS = 50


def kid(fakes: Samples, reals: Samples, condition: Condition) -> Estimate:
    """Squared maximum mean discrepancy of features with a cubic kernel; 0 for equal distributions.

    Binkowski et al. 2018, section 4, over 50 random subsets of half the images, at most 1,000. Features are divided by
    the root mean square of the reals', as the cubic kernel is not invariant to scale and judges differ in it. The
    interval is the spread of single subsets, and so wider than that of their mean. Not comparable with KID in Inception
    features. Not a number if there are fewer than four images of a kind.
    """
    scale = reals.features.square().mean().sqrt()
    subset_size = min(1000, len(fakes) // 2, len(reals) // 2)
    if subset_size < 2:
        return Estimate(nan, nan, nan)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*extracted features in buffer")  # small here
        distance = KernelInceptionDistance(
            feature=nn.Identity(),
            subsets=NUM_SUBSETS,
            subset_size=subset_size,
            sync_on_compute=False,  # a process that trains with others may score alone
        )
    distance.update(reals.features / scale, real=True)
    distance.update(fakes.features / scale, real=False)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        mean, spread = (float(value) for value in distance.compute())
    return Estimate(mean, mean - Z95 * spread, mean + Z95 * spread)
