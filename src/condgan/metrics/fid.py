"""Fréchet inception distance (FID) between features: how realistic and how varied the images are."""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from condgan.conditions import Condition
from condgan.judge import Samples
from condgan.metrics.estimate import UNDEFINED, Estimate, jackknife

NUM_GROUPS = 10


def fid(fakes: Samples, reals: Samples, condition: Condition) -> Estimate:
    """Fréchet distance of Gaussians with the means and covariances of two sets of features; 0 for equal ones.

    Heusel et al. 2017, section 3. The larger the sets, the smaller it is: compare only with the same number of images.
    The interval is for this number of images (`frechet_distance`). Not comparable with FID in other features than
    these. Undefined for fewer than 20 images of a kind.
    """
    return frechet_distance(*(FeatureStatistics.of([samples.features]) for samples in (fakes, reals)))


@dataclass(frozen=True)
class FeatureStatistics:
    """Sums over features in ten groups of images: `counts` (10,), `sums` (10, F), `products` (10, F, F), float64.

    They are all that FID and its interval need, so that features of any number of images are not kept.
    """

    counts: Tensor
    sums: Tensor
    products: Tensor

    @classmethod
    def of(cls, batches: Iterable[Tensor]) -> "FeatureStatistics":
        """Sums over batches of features (N, F). Image i is in group i % 10. Raises ValueError without a batch."""
        statistics, num_images = None, 0
        for features in batches:
            group = (torch.arange(len(features)) + num_images) % NUM_GROUPS
            num_images += len(features)
            parts = [features[group == g].double() for g in range(NUM_GROUPS)]
            added = cls(
                torch.tensor([len(part) for part in parts]),
                torch.stack([part.sum(0) for part in parts]),
                torch.stack([part.T @ part for part in parts]),
            )
            statistics = added if statistics is None else statistics + added
        if statistics is None:
            raise ValueError("found no features; statistics need at least one batch")
        return statistics

    def __add__(self, other: "FeatureStatistics") -> "FeatureStatistics":
        return FeatureStatistics(self.counts + other.counts, self.sums + other.sums, self.products + other.products)

    def gaussian(self, without: int | None = None) -> tuple[Tensor, Tensor]:
        """Returns mean (F,) and covariance (F, F) of all images, or of those outside of a group."""
        kept = torch.arange(NUM_GROUPS) != (NUM_GROUPS if without is None else without)
        n, mean = self.counts[kept].sum(), self.sums[kept].sum(0) / self.counts[kept].sum()
        return mean, (self.products[kept].sum(0) - n * mean.outer(mean)) / (n - 1)


def frechet_distance(fakes: FeatureStatistics, reals: FeatureStatistics) -> Estimate:
    """FID from statistics of features, with the interval of the jackknife over ten groups of each set.

    Undefined for fewer than 20 images of a kind.
    """
    if min(int(fakes.counts.sum()), int(reals.counts.sum())) < 2 * NUM_GROUPS:
        return UNDEFINED
    a, b = fakes.gaussian(), reals.gaussian()
    roots = _root(a[1]), _root(b[1])
    return jackknife(
        _distance(a, b, roots[1]),
        [_distance(fakes.gaussian(group), b, roots[1]) for group in range(NUM_GROUPS)],
        [_distance(reals.gaussian(group), a, roots[0]) for group in range(NUM_GROUPS)],
    )


def _distance(a: tuple[Tensor, Tensor], b: tuple[Tensor, Tensor], root_of_b: Tensor) -> float:
    """|m_a - m_b|^2 + tr(C_a + C_b - 2 (C_a C_b)^(1/2)); that root has the trace of (R C_a R)^(1/2) with R^2 = C_b."""
    (mean_a, covariance_a), (mean_b, covariance_b) = a, b
    cross = torch.linalg.eigvalsh(root_of_b @ covariance_a @ root_of_b).clamp(min=0).sqrt().sum()
    distance = (mean_a - mean_b).square().sum() + covariance_a.trace() + covariance_b.trace() - 2 * cross
    return float(distance)


def _root(covariance: Tensor) -> Tensor:
    values, vectors = torch.linalg.eigh(covariance)
    root: Tensor = vectors * values.clamp(min=0).sqrt() @ vectors.T
    return root
