"""Realism: kernel inception distance, in the feature space of the judge."""

import warnings

import torch
from torch import nn
from torchmetrics.image.kid import KernelInceptionDistance

from condgan.conditions import Condition
from condgan.judge import Samples
from condgan.metrics.estimate import Z95, Estimate

NUM_SUBSETS = 50


def kid(fakes: Samples, reals: Samples, condition: Condition) -> Estimate:
    """Squared maximum mean discrepancy between features of fakes and reals, cubic kernel; 0 if they agree.

    Binkowski et al. 2018, section 4, over 50 random subsets of half the images, 1,000 at most. The cubic kernel has a
    scale of its own, so features are divided by the root mean square of the reals' and it does not matter how large a
    judge's are. The interval is the spread of single subsets, so it is wider than that of their mean. Judge features:
    not comparable with KID in Inception features.
    """
    scale = reals.features.square().mean().sqrt()
    subset_size = min(1000, len(fakes) // 2, len(reals) // 2)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*extracted features in buffer")  # they are small ones
        distance = KernelInceptionDistance(feature=nn.Identity(), subsets=NUM_SUBSETS, subset_size=subset_size)
    distance.update(reals.features / scale, real=True)
    distance.update(fakes.features / scale, real=False)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        mean, spread = (float(value) for value in distance.compute())
    return Estimate(mean, mean - Z95 * spread, mean + Z95 * spread)
