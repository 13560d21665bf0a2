"""A procedural data set of coloured shapes on grey, with labels of any kind of condition, for tests and examples."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from condgan.conditions import Attributes, Class, Codes, Condition, MultiLabel
from condgan.data.dataset import Images, check_resolution
from condgan.errors import InputError, did_you_mean
from condgan.rendering.scenes import COLORS

SHAPES: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {  # whether (x, y), in radii, is inside
    "square": lambda x, y: np.maximum(abs(x), abs(y)) < 0.8,
    "circle": lambda x, y: x * x + y * y < 0.9,
    "triangle": lambda x, y: (y < 0.75) & (abs(x) < (y + 1) * 0.6),
}
NAMES = tuple(f"{color} {shape}" for shape in SHAPES for color in COLORS)

# Each kind's condition, and the labels of objects (N, 3): indices of NAMES, -1 for none.
KINDS: dict[str, tuple[Condition, Callable[[Tensor], Tensor]]] = {
    "multi_label": (MultiLabel(NAMES), lambda objects: _multi_hot(objects)),
    "class": (Class(NAMES), lambda objects: objects[:, 0]),
    "attributes": (
        Attributes({"color": tuple(COLORS), "shape": tuple(SHAPES)}),
        lambda objects: torch.stack([objects[:, 0] % len(COLORS), objects[:, 0] // len(COLORS)], dim=1),
    ),
    "codes": (Codes({"object": len(NAMES)}, ("a", "b")), lambda objects: torch.empty(len(objects), 0)),
}


def shapes(
    kind: str = "multi_label", resolution: int = 64, *, min_objects: int = 1, num_images: int = 4096, seed: int = 0
) -> Images:
    """Creates images with `min_objects` to 3 distinct objects for the kind `multi_label`, with one for other kinds.

    The kinds are `multi_label`, `class`, `attributes` and `codes`, which is unlabelled. Every 20th image is held out.
    Equal arguments give equal images. Raises InputError if the kind is unknown or the resolution is not a power of two
    of at least 8.

    >>> images = shapes("attributes", 16, num_images=100)
    >>> images.condition.summary
    'color (8 values) x shape (3 values)'
    """
    if kind not in KINDS:
        raise InputError(f"shapes: unknown kind {kind!r}{did_you_mean(kind, KINDS)} (known: {', '.join(KINDS)})")
    check_resolution(resolution)
    condition, label = KINDS[kind]
    rng = np.random.default_rng(seed)
    objects = np.argsort(rng.random((num_images, len(NAMES))), axis=1)[:, :3]
    fewest, most = (min_objects, 3) if kind == "multi_label" else (1, 1)
    objects[np.arange(3) >= rng.integers(fewest, most + 1, (num_images, 1))] = -1
    scenes = torch.arange(num_images)
    return Images(
        images=torch.from_numpy(np.stack([_image(row, resolution, rng) for row in objects])),
        labels=label(torch.from_numpy(objects)),
        condition=condition,
        scenes=scenes,
        held_out=scenes % 20 == 0,
    )


def _multi_hot(objects: Tensor) -> Tensor:
    hot = torch.zeros(len(objects), len(NAMES) + 1, dtype=torch.uint8)  # the last column is for -1
    return hot.scatter_(1, objects % (len(NAMES) + 1), 1)[:, :-1].contiguous()


def _image(objects: np.ndarray, resolution: int, rng: np.random.Generator) -> np.ndarray:
    """Returns one image, (3, R, R) uint8, with the objects in different quarters, so that none hides another."""
    image = np.full((3, resolution, resolution), 160, dtype=np.uint8)
    y, x = np.mgrid[:resolution, :resolution] / resolution
    quarters = rng.permutation(4)
    for index, quarter in zip(objects[objects >= 0], quarters, strict=False):
        color, shape = list(COLORS.values())[index % len(COLORS)], list(SHAPES.values())[index // len(COLORS)]
        center_x, center_y = (quarter % 2 + 0.5 + rng.uniform(-0.1, 0.1, 2)[0]) / 2, (quarter // 2 + 0.5) / 2
        radius = rng.uniform(0.15, 0.2)
        inside = shape((x - center_x) / radius, (y - center_y) / radius)
        image[:, inside] = np.array(color, dtype=np.uint8)[:, None]
    return image
