"""Layouts of the i-CLEVR scene: which objects, where they stand, how the lamps are moved. No pixels; see render.py.

Units are those of the published scene file; the floor is z = 0, angles are radians. Everything drawn comes from the
generator that is passed in, so equal seeds give equal scenes on every machine.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from condgan.errors import InputError, did_you_mean
from condgan.rendering.visibility import CAMERA, Solid, is_inside_frame, visible_shares

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
LABELS = tuple(f"{color} {shape}" for shape in SHAPES for color in COLORS)
"""The 24 objects, in the order of the lab's objects.json."""

# Triples that a training part never shows, so that a test of new combinations stays one: every twentieth of the 2,024.
HELD_OUT_TRIPLES = tuple(
    (LABELS[i], LABELS[j], LABELS[k])
    for i, j, k in combinations(range(len(LABELS)), 3)
    if (i + 5 * j + 11 * k) % 20 == 0
)

REACH = 3.0  # |x| and |y| of an object's centre
GAP = 0.15  # between the footprints of two objects
MIN_VISIBLE = 0.5  # share of an object's outline that no nearer object hides
PLACE_TRIES = 60  # for one object, before the whole layout is thrown away
LAYOUT_TRIES = 100
LAMP_REACH = 1.0  # each lamp is moved by up to this along x, y and z, once per scene


@dataclass(frozen=True)
class Lamp:
    """A square lamp that faces the origin: centre, watts, linear RGB, length of a side."""

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
    """Half width of a cube or radius, height, radius of the rounded edges; fitted like `render.LOOK`."""

    radius: float
    height: float
    bevel: float


SIZES = {
    "cube": Size(0.58, 1.16, 0.13),
    "sphere": Size(0.583, 1.166, 0.583),
    "cylinder": Size(0.591, 1.165, 0.03),
}


@dataclass(frozen=True)
class Body:
    """One object on the floor: its label, the place of its centre, its turn about the vertical."""

    label: str
    x: float
    y: float
    turn_radians: float = 0.0

    @property
    def color(self) -> str:
        return self.label.split()[0]

    @property
    def shape(self) -> str:
        return self.label.split()[1]

    @property
    def footprint(self) -> float:
        """Radius of the circle on the floor that holds the object at any turn."""
        radius = SIZES[self.shape].radius
        return radius * float(np.sqrt(2)) if self.shape == "cube" else radius

    @property
    def solid(self) -> Solid:
        size = SIZES[self.shape]
        return Solid(self.shape, self.x, self.y, self.turn_radians, size.radius, size.height)


@dataclass(frozen=True)
class Scene:
    """Objects in their order of appearance and how far each lamp is moved, in the order of LAMPS."""

    bodies: tuple[Body, ...]
    lamp_offsets: tuple[tuple[float, float, float], ...] = ((0.0, 0.0, 0.0),) * len(LAMPS)


def check_labels(labels: Iterable[str], place: str) -> None:
    """Raise InputError, naming the place, for a label that is not one of the 24."""
    for label in labels:
        if label not in LABELS:
            raise InputError(f"{place}: unknown object {label!r}{did_you_mean(label, LABELS)}")


def sample_labels(
    rng: np.random.Generator,
    min_objects: int,
    max_objects: int,
    excluded_triples: Collection[Collection[str]] = (),
) -> list[str]:
    """Distinct objects in random order, their number uniform in the range; never all three of an excluded triple."""
    if not 0 <= min_objects <= max_objects <= len(LABELS):
        raise InputError(f"{min_objects} to {max_objects} objects: expected a range within 0 to {len(LABELS)}")
    excluded = [frozenset(triple) for triple in excluded_triples]
    for _ in range(10_000):
        num_objects = int(rng.integers(min_objects, max_objects + 1))
        labels = [LABELS[i] for i in rng.permutation(len(LABELS))[:num_objects]]
        if not any(triple.issubset(labels) for triple in excluded):
            return labels
    raise InputError(f"no {max_objects} objects avoid the {len(excluded)} excluded triples: exclude fewer")


def sample_scene(labels: Sequence[str], rng: np.random.Generator) -> Scene:
    """Place the objects: the first at the origin, the others around it, apart, inside the frame, at least half visible.

    Visibility is required with all objects present; since hiding only grows with the number of objects, it then holds
    at every turn. Raises InputError when no layout is found.
    """
    check_labels(labels, "scene")
    offsets = rng.uniform(-LAMP_REACH, LAMP_REACH, (len(LAMPS), 3))
    for _ in range(LAYOUT_TRIES):
        bodies = _try_layout(labels, rng)
        if bodies is not None:
            return Scene(bodies, tuple((float(x), float(y), float(z)) for x, y, z in offsets))
    raise InputError(f"no room for {len(labels)} objects ({', '.join(labels)}): use fewer")


def _try_layout(labels: Sequence[str], rng: np.random.Generator) -> tuple[Body, ...] | None:
    bodies: list[Body] = []
    for label in labels:
        for _ in range(PLACE_TRIES):
            x, y = rng.uniform(-REACH, REACH, 2) if bodies else (0.0, 0.0)
            body = Body(label, float(x), float(y), float(rng.uniform(0, 2 * np.pi)))
            if _fits(body, bodies):
                bodies.append(body)
                break
        else:
            return None
    return tuple(bodies)


def _fits(body: Body, others: list[Body]) -> bool:
    if any(np.hypot(body.x - other.x, body.y - other.y) < body.footprint + other.footprint + GAP for other in others):
        return False
    if not is_inside_frame(body.solid):
        return False
    return min(visible_shares([other.solid for other in [*others, body]])) >= MIN_VISIBLE


__all__ = [
    "CAMERA",
    "COLORS",
    "HELD_OUT_TRIPLES",
    "LABELS",
    "LAMPS",
    "SHAPES",
    "SIZES",
    "Body",
    "Lamp",
    "Scene",
    "Size",
    "check_labels",
    "sample_labels",
    "sample_scene",
]
