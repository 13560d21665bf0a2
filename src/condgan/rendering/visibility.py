"""Visibility of simple solids from the camera of the i-CLEVR scene, by casting rays in numpy."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Camera:
    """A pinhole camera at `position` that looks at the origin, z up; lens and sensor width in mm, aspect 4:3."""

    position: tuple[float, float, float]
    lens_mm: float
    sensor_mm: float

    @property
    def fov_degrees(self) -> float:
        """Horizontal angle of view."""
        return float(np.degrees(2 * np.arctan(self.sensor_mm / 2 / self.lens_mm)))


CAMERA = Camera((7.4811, -6.5076, 5.3437), 35.0, 32.0)
# Size of the images that visibility is measured on. An object covers about 150 pixels, so shares are accurate to about
# one percent.
WIDTH, HEIGHT = 128, 96


@dataclass(frozen=True)
class Solid:
    """A cube, sphere or cylinder on the floor. `radius` is half the width of a cube, `yaw` is in radians."""

    shape: str
    x: float
    y: float
    yaw: float
    radius: float
    height: float


@functools.cache
def _rays() -> Floats:
    """Returns directions through the centres of the pixels, (HEIGHT, WIDTH, 3), not normalised."""
    forward = -np.array(CAMERA.position) / np.linalg.norm(CAMERA.position)
    right = np.cross(forward, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    up = np.cross(right, forward)
    u = ((np.arange(WIDTH) + 0.5) / WIDTH - 0.5) * CAMERA.sensor_mm / CAMERA.lens_mm
    v = -((np.arange(HEIGHT) + 0.5) / HEIGHT - 0.5) * CAMERA.sensor_mm / CAMERA.lens_mm * HEIGHT / WIDTH
    rays: Floats = forward + u[None, :, None] * right + v[:, None, None] * up
    return rays


def depths(solid: Solid) -> Floats:
    """Returns the depth of the solid along the camera's axis, (HEIGHT, WIDTH); infinite in pixels without it."""
    cos, sin = np.cos(solid.yaw), np.sin(solid.yaw)
    to_local = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
    origin = (np.array(CAMERA.position) - [solid.x, solid.y, solid.height / 2]) @ to_local
    rays = _rays() @ to_local
    if solid.shape == "cube":
        near, far = _slabs(origin, rays, np.array([solid.radius, solid.radius, solid.height / 2]))
    elif solid.shape == "sphere":
        near, far = _quadric(origin, rays, solid.radius)
    else:
        side = _quadric(origin[:2], rays[..., :2], solid.radius)
        caps = _slabs(origin[2:], rays[..., 2:], np.array([solid.height / 2]))
        near, far = np.maximum(side[0], caps[0]), np.minimum(side[1], caps[1])
    return np.where(near < far, near, np.inf)


def _slabs(origin: Floats, rays: Floats, half: Floats) -> tuple[Floats, Floats]:
    """Returns the distances at which rays enter and leave the box |p| <= half."""
    rays = np.where(np.abs(rays) < 1e-12, 1e-12, rays)
    a, b = (-half - origin) / rays, (half - origin) / rays
    return np.minimum(a, b).max(-1), np.maximum(a, b).min(-1)


def _quadric(origin: Floats, rays: Floats, radius: float) -> tuple[Floats, Floats]:
    """Returns the distances at which rays enter and leave the ball |p| <= radius.

    With two-dimensional points, the ball is an infinite cylinder.
    """
    a, b, c = (rays**2).sum(-1), rays @ origin, origin @ origin - radius**2
    discriminant = b**2 - a * c
    root = np.sqrt(np.maximum(discriminant, 0))
    hit = discriminant > 0
    return np.where(hit, (-b - root) / a, np.inf), np.where(hit, (-b + root) / a, -np.inf)


def is_inside_image(solid: Solid) -> bool:
    """Returns whether the whole silhouette is inside the image, at least one pixel away from its border."""
    hit = np.isfinite(depths(solid))
    return bool(hit.any()) and not bool(hit[0].any() or hit[-1].any() or hit[:, 0].any() or hit[:, -1].any())


def visible_shares(solids: Sequence[Solid]) -> list[float]:
    """Returns for each solid the share of its silhouette that no nearer solid hides; 0 if it is outside the image."""
    depth = np.stack([depths(solid) for solid in solids])
    front = depth.argmin(0)
    hit = np.isfinite(depth)
    return [float((hit[i] & (front == i)).sum() / max(hit[i].sum(), 1)) for i in range(len(solids))]
