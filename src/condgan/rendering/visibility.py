"""What the camera of the i-CLEVR scene sees of simple solids: rays against spheres, cylinders and boxes, in numpy."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Camera:
    """A pinhole at `position` that looks at the origin, z upwards; lens and sensor width in mm, aspect 4:3."""

    position: tuple[float, float, float]
    lens_mm: float
    sensor_mm: float

    @property
    def fov_degrees(self) -> float:
        """Horizontal angle of view."""
        return float(np.degrees(2 * np.arctan(self.sensor_mm / 2 / self.lens_mm)))


CAMERA = Camera((7.4811, -6.5076, 5.3437), 35.0, 32.0)
# The id buffer: an object covers about 150 of its pixels, so a share is right to about one in a hundred.
WIDTH, HEIGHT = 128, 96


@dataclass(frozen=True)
class Solid:
    """A cube, sphere or cylinder that stands on the floor; radius is a cube's half width."""

    shape: str
    x: float
    y: float
    turn_radians: float
    radius: float
    height: float


@functools.cache
def _rays() -> Floats:
    """Directions through the pixels' centres, (HEIGHT, WIDTH, 3), not normalised."""
    forward = -np.array(CAMERA.position) / np.linalg.norm(CAMERA.position)
    right = np.cross(forward, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    up = np.cross(right, forward)
    u = ((np.arange(WIDTH) + 0.5) / WIDTH - 0.5) * CAMERA.sensor_mm / CAMERA.lens_mm
    v = -((np.arange(HEIGHT) + 0.5) / HEIGHT - 0.5) * CAMERA.sensor_mm / CAMERA.lens_mm * HEIGHT / WIDTH
    rays: Floats = forward + u[None, :, None] * right + v[:, None, None] * up
    return rays


def depths(solid: Solid) -> Floats:
    """Distance along each pixel's ray to the solid, (HEIGHT, WIDTH), infinite where it misses."""
    cos, sin = np.cos(solid.turn_radians), np.sin(solid.turn_radians)
    to_local = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
    origin = (np.array(CAMERA.position) - [solid.x, solid.y, solid.height / 2]) @ to_local
    rays = _rays() @ to_local
    if solid.shape == "cube":
        near, far = _slabs(origin, rays, np.array([solid.radius, solid.radius, solid.height / 2]))
    elif solid.shape == "sphere":
        near, far = _quadric(origin, rays, solid.radius)
    else:
        around = _quadric(origin[:2], rays[..., :2], solid.radius)
        caps = _slabs(origin[2:], rays[..., 2:], np.array([solid.height / 2]))
        near, far = np.maximum(around[0], caps[0]), np.minimum(around[1], caps[1])
    return np.where(near < far, near, np.inf)


def _slabs(origin: Floats, rays: Floats, half: Floats) -> tuple[Floats, Floats]:
    """Entry into and exit from the box |p| <= half."""
    rays = np.where(np.abs(rays) < 1e-12, 1e-12, rays)
    a, b = (-half - origin) / rays, (half - origin) / rays
    return np.minimum(a, b).max(-1), np.maximum(a, b).min(-1)


def _quadric(origin: Floats, rays: Floats, radius: float) -> tuple[Floats, Floats]:
    """Entry into and exit from the ball |p| <= radius (an endless cylinder when p is two-dimensional)."""
    a, b, c = (rays**2).sum(-1), rays @ origin, origin @ origin - radius**2
    root = b**2 - a * c
    reach = np.sqrt(np.maximum(root, 0))
    return np.where(root > 0, (-b - reach) / a, np.inf), np.where(root > 0, (-b + reach) / a, -np.inf)


def is_inside_frame(solid: Solid) -> bool:
    """Whether the whole outline lies in the picture, at least a pixel of the id buffer away from its border."""
    hit = np.isfinite(depths(solid))
    return bool(hit.any()) and not bool(hit[0].any() or hit[-1].any() or hit[:, 0].any() or hit[:, -1].any())


def visible_shares(solids: Sequence[Solid]) -> list[float]:
    """For each solid, the share of its outline that no nearer solid hides; 0 for one outside the picture."""
    depth = np.stack([depths(solid) for solid in solids])
    front = depth.argmin(0)
    whole = np.isfinite(depth)
    return [float((whole[i] & (front == i)).sum() / max(whole[i].sum(), 1)) for i in range(len(solids))]
