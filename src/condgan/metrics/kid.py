"""Kernel inception distance (KID) between features: how realistic the images are."""

from math import sqrt

import torch
from torch import Tensor

from condgan.conditions import Condition
from condgan.judge import Samples
from condgan.metrics.estimate import UNDEFINED, Z95, Estimate

ENTRIES = 2**23  # of a block of the matrix of kernels, 64 MB


def kid(fakes: Samples, reals: Samples, condition: Condition) -> Estimate:
    """Squared maximum mean discrepancy of features with a cubic kernel; 0 for equal distributions.

    The unbiased estimator over all pairs of images, which may be slightly negative: Binkowski et al. 2018, section 4;
    Gretton et al. 2012, lemma 6. Features are divided by the root mean square of the reals', as the cubic kernel is not
    invariant to scale and judges differ in it. Not comparable with KID in other features than these. Undefined for
    fewer than four images of a kind.
    """
    if min(len(fakes), len(reals)) < 4:
        return UNDEFINED
    scale = reals.features.double().square().mean().sqrt()
    x, y = (samples.features.double() / scale for samples in (fakes, reals))
    n, m = len(x), len(y)
    xx, _, xx_squares = _kernel_sums(x, x)
    yy, _, yy_squares = _kernel_sums(y, y)
    xy, yx, xy_squares = _kernel_sums(x, y)
    x_diagonal, y_diagonal = _diagonal(x), _diagonal(y)
    # Mean kernel of each image with the other images of its set, and with those of the other set.
    xx, yy, xy, yx = (xx - x_diagonal) / (n - 1), (yy - y_diagonal) / (m - 1), xy / m, yx / n
    value = float(xx.mean() + yy.mean() - 2 * xy.mean())
    # Variance of the estimator: the terms linear in the images, plus those of pairs (Hoeffding 1948). The means above
    # contain the noise of the other images, so that the linear terms as estimated contain those of pairs twice.
    linear = 4 * ((xx - xy).var() / n + (yy - yx).var() / m)
    x_pairs = (xx_squares - x_diagonal.square().sum()) / (n * (n - 1)) - 2 * xx.square().mean() + xx.mean() ** 2
    y_pairs = (yy_squares - y_diagonal.square().sum()) / (m * (m - 1)) - 2 * yy.square().mean() + yy.mean() ** 2
    xy_pairs = xy_squares / (n * m) - xy.square().mean() - yx.square().mean() + xy.mean() ** 2
    pairs = 2 * x_pairs / (n * (n - 1)) + 2 * y_pairs / (m * (m - 1)) + 4 * xy_pairs / (n * m)
    half = Z95 * sqrt(max(float(linear - pairs), float(pairs), 0.0))
    return Estimate(value, value - half, value + half)


def _kernel_sums(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Sums of the kernel over each row and each column of the matrix of all pairs, and of its squares."""
    rows, columns, squares = [], x.new_zeros(len(y)), x.new_zeros(())
    for block in x.split(max(1, ENTRIES // len(y))):
        kernel = (block @ y.T / x.shape[1] + 1) ** 3
        rows.append(kernel.sum(1))
        columns += kernel.sum(0)
        squares += kernel.square().sum()
    return torch.cat(rows), columns, squares


def _diagonal(x: Tensor) -> Tensor:
    return (x.square().mean(1) + 1) ** 3
