"""Kernel inception distance (KID) between features: how realistic the images are."""

from math import sqrt
from typing import NamedTuple

import torch
from torch import Tensor

from condgan.conditions import Condition
from condgan.judge import Samples
from condgan.metrics.estimate import UNDEFINED, Z95, Estimate

ENTRIES = 2**22  # of a block of the matrix of kernels, 32 MB


def kid(fakes: Samples, reals: Samples, condition: Condition) -> Estimate:
    """Squared maximum mean discrepancy of features with a cubic kernel; 0 for equal distributions.

    The unbiased estimator over all pairs of images, which may be slightly negative: Binkowski et al. 2018, section 4;
    Gretton et al. 2012, lemma 6. Features are divided by the root mean square of the reals', as the cubic kernel is not
    invariant to scale and judges differ in it. The interval is asymptotic, with the variance of the terms that are
    linear in the images and of those of pairs (Hoeffding 1948). Not comparable with KID in other features than these.
    Undefined for fewer than four images of a kind.
    """
    if min(len(fakes), len(reals)) < 4:
        return UNDEFINED
    scale = reals.features.double().square().mean().sqrt()
    x, y = (samples.features.double() / scale for samples in (fakes, reals))
    n, m, sizes = len(x), len(y), y.square().mean(1)
    xx, yy, xy = _among(x), _among(y), _between(x, y)
    value = float(xx.mean + yy.mean - 2 * xy.mean)
    # Influence of each image: its mean kernel with the others of its set less that with the other set. Real images also
    # change the scale, by their size.
    slope = xx.slope + yy.slope - 2 * xy.slope
    linear = (2 * (xx.rows - xy.rows)).var() / n + (2 * (yy.rows - xy.columns) - slope * sizes).var() / m
    pairs = 2 * xx.pairs / (n * (n - 1)) + 2 * yy.pairs / (m * (m - 1)) + 4 * xy.pairs / (n * m)
    # The means above contain the noise of the other images, so that `linear` contains the variance of pairs twice.
    return _interval(value, max(float(linear - 2 * pairs), 0.0), max(float(pairs), 0.0))


def _interval(value: float, linear: float, pairs: float) -> Estimate:
    """Interval of a distance whose variance is that of pairs, plus one that grows in proportion to the true distance.

    As Wilson's, it has the distances that differ from the measured one by at most 1.96 of their own standard
    deviations: normal intervals are too short where small distances go with small variances by chance. Near zero the
    growth is hardly measured, and is at least the standard deviation of pairs.
    """
    noise = sqrt(pairs)
    growth = linear / max(value, noise, 1e-300)
    if value < 3 * noise:
        growth = max(growth, noise)
    center = value + Z95**2 * growth / 2
    half = Z95 * sqrt(Z95**2 * growth**2 / 4 + growth * max(value, 0.0) + pairs)
    return Estimate(value, center - half, center + half)


class _Kernels(NamedTuple):
    """Means of the kernel over pairs of images: for each row and each column of their matrix, and for all.

    `slope` is the derivative of the mean by the logarithm of the squared scale, and `pairs` the variance of what
    neither rows nor columns explain.
    """

    rows: Tensor
    columns: Tensor
    mean: Tensor
    slope: Tensor
    pairs: Tensor


def _between(x: Tensor, y: Tensor) -> _Kernels:
    """Over all pairs of a row of x (N, F) and one of y (M, F)."""
    rows, columns, slope, squares = _sums(x, y)
    return _kernels(rows / len(y), columns / len(x), slope / (len(x) * len(y)), squares / (len(x) * len(y)))


def _among(x: Tensor) -> _Kernels:
    """Over all pairs of different rows of x (N, F)."""
    own = x.square().mean(1) + 1
    rows, _, slope, squares = _sums(x, x)
    num = len(x) * (len(x) - 1)
    rows = (rows - own**3) / (len(x) - 1)
    return _kernels(rows, rows, (slope - _slope(own).sum()) / num, (squares - (own**6).sum()) / num)


def _kernels(rows: Tensor, columns: Tensor, slope: Tensor, mean_square: Tensor) -> _Kernels:
    pairs = mean_square - rows.square().mean() - columns.square().mean() + rows.mean() ** 2
    return _Kernels(rows, columns, rows.mean(), slope, pairs)


def _sums(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Sums of the kernel over rows and columns, and over all pairs of its slope and its square."""
    rows, columns, slope, squares = [], x.new_zeros(len(y)), x.new_zeros(()), x.new_zeros(())
    for block in x.split(max(1, ENTRIES // len(y))):
        base = block @ y.T / x.shape[1] + 1
        kernel = base**3
        rows.append(kernel.sum(1))
        columns += kernel.sum(0)
        slope += _slope(base).sum()
        squares += kernel.square().sum()
    return torch.cat(rows), columns, slope, squares


def _slope(base: Tensor) -> Tensor:
    return 3 * base**2 * (base - 1)
