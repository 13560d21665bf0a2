"""Finds duplicate images: exact copies, and mirrored copies, possibly encoded again as JPEG.

Duplicates across the split hide memorisation: held-out images are then no longer new to the generator.
"""

import hashlib
from collections.abc import Iterable

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from condgan.evenly import evenly

SIDE = 16  # width and height of a signature, in cells
TOLERANCE = 8  # largest difference in brightness of a cell, of 255; for colour three times that
# Brightness and colour as in JPEG (ITU-T T.871). Colour is divided by 3 because JPEG stores it coarsely, at half the
# resolution: at quality 50 it changes cells of 64x64 drawings by up to 6 in brightness, 21 in colour and 38 in red.
YCBCR = ((0.299, 0.587, 0.114), (-0.0562, -0.1104, 0.1667), (0.1667, -0.1396, -0.0271))
CHUNK = 256  # number of images whose signatures are computed at once
MOST_COMPARED = 50_000  # images, each of which is compared with all others: minutes
PAIRS = 2**24  # of images, compared at once


def exact_copies(images: Tensor) -> list[tuple[int, int]]:
    """Returns pairs (first, copy) of indices of images (N, C, R, R) uint8 with equal pixels, sorted by `copy`."""
    first: dict[bytes, int] = {}
    copies = []
    for i, image in enumerate(images):
        digest = hashlib.blake2b(image.contiguous().numpy().data, digest_size=16).digest()
        if (earlier := first.setdefault(digest, i)) != i:
            copies.append((earlier, i))
    return copies


def mirrored_copies(images: Tensor, ignored: Iterable[int] = ()) -> list[tuple[int, int]]:
    """Returns pairs (image, mirrored) of indices of images (N, C, R, R) uint8, where a later image mirrors another.

    Images are compared by the mean colours of 16 x 16 cells. For each image the nearest mirrored one by Euclidean
    distance is returned if no cell differs by more than the tolerance. Nearly symmetric images have no mirrored copy.
    `ignored` are indices to leave out, such as those of exact copies. Of more than MOST_COMPARED images, so many are
    compared, evenly spread.
    """
    compared = evenly(len(images), MOST_COMPARED, torch.float64)
    signatures = _signatures(images, compared)
    asymmetric = (signatures - signatures.flip(3)).abs().flatten(1).amax(1) > TOLERANCE
    asymmetric &= ~torch.isin(compared, torch.tensor(list(ignored), dtype=torch.int64))
    indices, signatures = compared[asymmetric], signatures[asymmetric]
    pairs = _nearest_mirrored(signatures)
    cells = (signatures[pairs[:, 0]] - signatures[pairs[:, 1]].flip(3)).abs().flatten(1)
    return [(int(image), int(mirrored)) for image, mirrored in indices[pairs[cells.amax(1) <= TOLERANCE]]]


def _signatures(images: Tensor, indices: Tensor) -> Tensor:
    """Returns the mean brightness and colour of SIDE x SIDE cells of these images, (N, C, SIDE, SIDE) float."""
    cells = torch.cat([adaptive_avg_pool2d(images[part].float(), SIDE) for part in indices.split(CHUNK)])
    return cells if cells.shape[1] == 1 else torch.einsum("ij,njhw->nihw", torch.tensor(YCBCR), cells)


def _nearest_mirrored(signatures: Tensor) -> Tensor:
    """Returns index pairs (i, j), (K, 2), i < j, where j is the nearest mirrored signature of i and close to it.

    All pairs are compared, on a quarter of the cells: if no cell differs by more than the tolerance, no mean of cells
    does.
    """
    center = signatures.mean(0)
    center = (center + center.flip(2)) / 2  # symmetric, so mirrored pairs stay mirrored; subtracted for less rounding
    coarse = adaptive_avg_pool2d(signatures - center, SIDE // 2)
    points, mirrored = coarse.flatten(1), coarse.flip(3).flatten(1)
    norms = points.square().sum(1, keepdim=True)
    ones = torch.ones_like(norms)
    left = torch.cat([points, norms, ones], dim=1)  # left @ right.T are squared distances
    right = torch.cat([-2 * mirrored, ones, norms], dim=1)
    max_square = points.shape[1] * TOLERANCE**2
    pairs = []
    rows = max(1, PAIRS // max(1, len(points)))
    for start in range(0, len(points), rows):
        squares = left[start : start + rows] @ right[start:].T
        for row, square in enumerate(squares):
            square[: row + 1] = torch.inf  # already compared in an earlier row
        close = torch.nonzero(squares.amin(1) <= max_square).flatten()
        pairs.append(torch.stack([close, squares[close].argmin(1)], dim=1) + start)
    return torch.cat(pairs) if pairs else torch.empty(0, 2, dtype=torch.int64)
