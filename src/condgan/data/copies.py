"""Images that a data set holds twice: exact copies, and mirrored ones, which a second JPEG encoding may have changed.

Copies on both sides of the split let a generator that learned by heart pass for one that learned.
"""

import hashlib
from collections.abc import Iterable

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

SIDE = 16  # cells of a signature
TOLERANCE = 8  # of 255, by which the brightness of a cell may differ, and its colour by three times that
# Brightness and colour as in JPEG (ITU-T T.871), colour in thirds: JPEG keeps it at half the resolution, coarsely. At
# quality 50 it changes the brightness of a cell of a 64x64 drawing by up to 6, its colour by 21 and its red by 38.
YCBCR = ((0.299, 0.587, 0.114), (-0.0562, -0.1104, 0.1667), (0.1667, -0.1396, -0.0271))
CHUNK = 1024  # images compared with all others at a time


def exact_copies(images: Tensor) -> list[tuple[int, int]]:
    """Each image (N, C, R, R) uint8 whose pixels are those of an earlier one: (first, copy), in the order of copies."""
    first: dict[bytes, int] = {}
    copies = []
    for i, image in enumerate(images):
        digest = hashlib.blake2b(image.contiguous().numpy().data, digest_size=16).digest()
        if (earlier := first.setdefault(digest, i)) != i:
            copies.append((earlier, i))
    return copies


def mirrored_copies(images: Tensor, leave_out: Iterable[int] = ()) -> list[tuple[int, int]]:
    """Each image that another, later one mirrors: (image, the nearest such), of (N, C, R, R) uint8.

    Images are compared by the mean colours of 16 x 16 cells: the nearest pair by Euclidean distance counts if no cell
    differs by more than the tolerance. One that is nearly its own mirror image has no mirrored copy. `leave_out` are
    indices to ignore, such as those of exact copies.
    """
    signatures = _signatures(images)
    lopsided = (signatures - signatures.flip(3)).abs().flatten(1).amax(1) > TOLERANCE
    lopsided[list(leave_out)] = False
    indices = torch.nonzero(lopsided).flatten()
    signatures = signatures[indices]
    pairs = _nearest_mirrored(signatures)
    cells = (signatures[pairs[:, 0]] - signatures[pairs[:, 1]].flip(3)).abs().flatten(1)
    return [(int(image), int(mirrored)) for image, mirrored in indices[pairs[cells.amax(1) <= TOLERANCE]]]


def _signatures(images: Tensor) -> Tensor:
    """Mean brightness and colour of SIDE x SIDE cells, (N, C, SIDE, SIDE) float."""
    cells = torch.cat([adaptive_avg_pool2d(part.float(), SIDE) for part in images.split(CHUNK // 4)])
    return cells if cells.shape[1] == 1 else torch.einsum("ij,njhw->nihw", torch.tensor(YCBCR), cells)


def _nearest_mirrored(signatures: Tensor) -> Tensor:
    """Pairs (i, j) of indices, (K, 2), i < j: the j that i mirrors best, if closely. All pairs are compared.

    A quarter of the cells is enough for that: where no cell differs by more than the tolerance, no mean of cells does.
    """
    center = signatures.mean(0)
    center = (center + center.flip(2)) / 2  # moves an image and its mirror image alike, and leaves less to round off
    coarse = adaptive_avg_pool2d(signatures - center, SIDE // 2)
    points, mirrored = coarse.flatten(1), coarse.flip(3).flatten(1)
    norms = points.square().sum(1, keepdim=True)
    ones = torch.ones_like(norms)
    left = torch.cat([points, norms, ones], dim=1)  # left @ right.T is the squared distance
    right = torch.cat([-2 * mirrored, ones, norms], dim=1)
    reach = points.shape[1] * TOLERANCE**2
    pairs = []
    for start in range(0, len(points), CHUNK):
        squares = left[start : start + CHUNK] @ right[start:].T
        for row, square in enumerate(squares):
            square[: row + 1] = torch.inf  # pairs that an earlier row compared
        close = torch.nonzero(squares.amin(1) <= reach).flatten()
        pairs.append(torch.stack([close, squares[close].argmin(1)], dim=1) + start)
    return torch.cat(pairs) if pairs else torch.empty(0, 2, dtype=torch.int64)
