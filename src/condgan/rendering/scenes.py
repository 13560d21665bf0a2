"""Layouts of the i-CLEVR scene: objects, their positions, and the lamps. Pixels are made in render.py.

Units are those of CLEVR's published scene file; the floor is z = 0 and angles are in radians. All randomness comes from
the generator that is passed in, so equal seeds give equal scenes on every machine.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from condgan.errors import InputError, did_you_mean
from condgan.rendering.visibility import CAMERA, Solid, is_inside_image, visible_shares

SHAPES = ("cube", "sphere", "cylinder")
COLORS = {
    "gray": (87, 87, 87),
    "red": (173, 35, 35),
    "blue": (42, 75, 215),
    "green": (29, 105, 20),
    "brown": (129, 74, 25),
    "purple": (129, 38, 192),
    "cyan": (41, 208, 208),
    "yellow": (255, 238, 51),
}
"""sRGB values of CLEVR's colours, 0 to 255."""
LABELS = tuple(f"{color} {shape}" for shape in SHAPES for color in COLORS)
"""The 24 objects, in the order of the lab's objects.json."""

HELD_OUT_TRIPLES = tuple(
    (LABELS[i], LABELS[j], LABELS[k])
    for i, j, k in combinations(range(len(LABELS)), 3)
    if (i + 5 * j + 11 * k) % 20 == 0
)
"""100 of the 2,024 combinations of three objects, to be left out of training and used to test new combinations."""

MAX_COORDINATE = 3.0  # |x| and |y| of an object's centre
GAP = 0.15  # smallest distance between the footprints of two objects
MIN_VISIBLE = 0.5  # smallest share of an object's silhouette that other objects leave visible
POSITION_TRIES = 60  # per object, before the layout is discarded
LAYOUT_TRIES = 100
MAX_LAMP_OFFSET = 1.0  # along each of x, y and z; one offset per lamp and scene


@dataclass(frozen=True)
class Lamp:
    """A square lamp facing the origin: centre, power in watts, linear RGB colour, side length."""

    position: tuple[float, float, float]
    watts: float
    color: tuple[float, float, float]
    side: float


LAMPS = {
    "key": Lamp((6.4467, -2.9052, 4.2584), 78.54, (1.0, 0.932, 0.817), 0.5),
    "fill": Lamp((-4.6711, -4.0136, 3.0112), 23.56, (0.762, 0.818, 1.0), 0.5),
    "back": Lamp((-1.1685, 2.646, 5.8157), 39.27, (1.0, 1.0, 1.0), 1.0),
}


@dataclass(frozen=True)
class Size:
    """Size of a shape: radius (half the width of a cube), height, radius of the rounded edges."""

    radius: float
    height: float
    bevel: float


SIZES = {  # fitted together with `render.APPEARANCE`
    "cube": Size(0.58, 1.16, 0.13),
    "sphere": Size(0.583, 1.166, 0.583),
    "cylinder": Size(0.591, 1.165, 0.03),
}


@dataclass(frozen=True)
class SceneObject:
    """One object on the floor: its label, the position of its centre, and its rotation about the vertical axis."""

    label: str
    x: float
    y: float
    yaw: float = 0.0

    @property
    def color(self) -> str:
        """Name of the colour, the first word of the label."""
        return self.label.split()[0]

    @property
    def shape(self) -> str:
        """Name of the shape, the second word of the label."""
        return self.label.split()[1]

    @property
    def footprint(self) -> float:
        """Radius of the smallest circle on the floor that contains the object at any yaw."""
        radius = SIZES[self.shape].radius
        return radius * float(np.sqrt(2)) if self.shape == "cube" else radius

    @property
    def solid(self) -> Solid:
        """The geometry of the object, for tests of visibility."""
        size = SIZES[self.shape]
        return Solid(self.shape, self.x, self.y, self.yaw, size.radius, size.height)


@dataclass(frozen=True)
class Scene:
    """Objects in their order of appearance, and the offset (x, y, z) of each lamp in the order of LAMPS."""

    objects: tuple[SceneObject, ...]
    lamp_offsets: tuple[tuple[float, float, float], ...] = ((0.0, 0.0, 0.0),) * len(LAMPS)


def check_labels(labels: Iterable[str], place: str) -> None:
    """Raises InputError, naming the place, if a label is not one of the 24."""
    for label in labels:
        if label not in LABELS:
            raise InputError(f"{place}: unknown object {label!r}{did_you_mean(label, LABELS)}")


def sample_labels(
    rng: np.random.Generator,
    min_objects: int,
    max_objects: int,
    excluded_triples: Collection[Collection[str]] = (),
) -> list[str]:
    """Samples distinct labels in random order, their number uniform in the range.

    The result never contains all labels of an excluded triple. Raises InputError if the range is invalid or if the
    excluded triples leave nothing to sample.

    >>> sample_labels(np.random.default_rng(0), 2, 2)
    ['blue cylinder', 'brown cube']
    """
    if not 0 <= min_objects <= max_objects <= len(LABELS):
        raise InputError(f"{min_objects} to {max_objects} objects: expected a range within 0 to {len(LABELS)}")
    excluded = [frozenset(triple) for triple in excluded_triples]
    for _ in range(10_000):
        num_objects = int(rng.integers(min_objects, max_objects + 1))
        labels = [LABELS[i] for i in rng.permutation(len(LABELS))[:num_objects]]
        if not any(triple.issubset(labels) for triple in excluded):
            return labels
    raise InputError(
        f"{max_objects} objects: found no combination outside the {len(excluded)} excluded triples; exclude fewer"
    )


def sample_scene(labels: Sequence[str], rng: np.random.Generator) -> Scene:
    """Samples the positions of the objects and the offsets of the lamps.

    The first object is at the origin. Objects do not touch, are wholly inside the image, and are at least half visible
    with all objects present; as objects only ever hide more of each other, this holds in every frame. Raises InputError
    if a label is unknown or no layout is found.
    """
    check_labels(labels, "scene")
    offsets = rng.uniform(-MAX_LAMP_OFFSET, MAX_LAMP_OFFSET, (len(LAMPS), 3))
    for _ in range(LAYOUT_TRIES):
        objects = _try_layout(labels, rng)
        if objects is not None:
            return Scene(objects, tuple((float(x), float(y), float(z)) for x, y, z in offsets))
    raise InputError(f"no room for {len(labels)} objects ({', '.join(labels)}): use fewer")


def _try_layout(labels: Sequence[str], rng: np.random.Generator) -> tuple[SceneObject, ...] | None:
    objects: list[SceneObject] = []
    for label in labels:
        for _ in range(POSITION_TRIES):
            x, y = rng.uniform(-MAX_COORDINATE, MAX_COORDINATE, 2) if objects else (0.0, 0.0)
            candidate = SceneObject(label, float(x), float(y), float(rng.uniform(0, 2 * np.pi)))
            if _fits(candidate, objects):
                objects.append(candidate)
                break
        else:
            return None
    return tuple(objects)


def _fits(candidate: SceneObject, others: list[SceneObject]) -> bool:
    for other in others:
        distance = np.hypot(candidate.x - other.x, candidate.y - other.y)
        if distance < candidate.footprint + other.footprint + GAP:
            return False
    if not is_inside_image(candidate.solid):
        return False
    return min(visible_shares([item.solid for item in [*others, candidate]])) >= MIN_VISIBLE


__all__ = [
    "CAMERA",
    "COLORS",
    "HELD_OUT_TRIPLES",
    "LABELS",
    "LAMPS",
    "SHAPES",
    "SIZES",
    "Lamp",
    "Scene",
    "SceneObject",
    "Size",
    "check_labels",
    "sample_labels",
    "sample_scene",
]
