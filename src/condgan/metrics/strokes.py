"""Properties of handwritten strokes, from grey images of bright ink."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor


def stroke_width(images: Tensor) -> Tensor:
    """Share of each image (N, 1, R, R) uint8 that is ink, (N,) in [0, 1]: grows with the width of the strokes."""
    return images[:, 0].double().mean((1, 2)) / 255


def slant(images: Tensor) -> Tensor:
    """Columns by which the ink moves to the right per row upwards, (N,), of images (N, 1, R, R) uint8.

    The covariance of column and height over the variance of height, as in deskewing. LeCun et al. 1998, section III.A.
    """
    ink = images[:, 0].double() + 1e-9
    column, row = torch.arange(ink.shape[2]).double(), torch.arange(ink.shape[1]).double()
    total = ink.sum((1, 2), keepdim=True)
    y = (row[:, None] - (ink * row[:, None]).sum((1, 2), keepdim=True) / total).neg()
    return (ink * column * y).sum((1, 2)) / (ink * y * y).sum((1, 2))


STROKE_PROPERTIES: Mapping[str, Callable[[Tensor], Tensor]] = {"width": stroke_width, "slant": slant}
