"""Pixels of an i-CLEVR scene, path traced by Mitsuba 3. docs/rendering.md compares them with genuine frames.

Mitsuba is imported on first use: `pip install "condgan[render]"`.
"""

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from condgan.errors import InputError
from condgan.rendering.meshes import Floats, box, cylinder
from condgan.rendering.scenes import CAMERA, COLORS, LAMPS, SIZES, Scene, SceneObject

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Appearance:
    """Constants of light and materials that no published scene file gives.

    The defaults are a least-squares fit to genuine frames, as by `scripts/calibrate --appearance`. Positions, powers
    and colours of the lamps are those of the scene file.
    """

    lamp_gain: float = 1.278  # factor on the lamps' watts
    ambient: float = 0.2655  # radiance from all sides; replaces the weak sun, whose shadow no frame shows
    floor: float = 0.5  # albedo; set by hand, as frames only determine its product with the gain
    albedo: float = 0.639  # factor on an object's colour, taken as linear like CLEVR does
    roughness: float = 0.77
    specular: float = 0.05


APPEARANCE = Appearance()
NATIVE = (320, 240)  # width and height of a genuine frame
MAX_DEPTH = 4  # lamp, three surfaces, camera; longer paths change the mean by 0.01 of 255
# Width and height of the film as multiples of the resolution, and samples per pixel, of a square image. 16 samples are
# a 4 x 4 grid in which each of the four lights (three lamps, ambient) gets exactly four. With fewer samples or a fifth
# light the noise is several times that of a genuine frame.
FILM_PER_RESOLUTION = (1.25, 0.9375)
SAMPLES = 16
FRAME_SAMPLES = 16
# Noise added to that of the path tracer at FRAME_SAMPLES to match genuine frames (2.1 on the far floor, 0.9 on the near
# one): standard deviation by grey level, both of 255. Darker pixels are noisier. Resizing to a square averages this
# noise to less than the rounding error.
NOISE_LEVELS = (100.0, 110.0, 124.0, 148.0, 255.0)
NOISE_STD = (2.0, 1.55, 0.85, 0.35, 0.3)


def render_scene(scene: Scene, num_objects: int, resolution: int, seed: int) -> Pixels:
    """Renders the first `num_objects` objects of a scene as a square image, (resolution, resolution, 3) uint8 RGB.

    The 4:3 frame is stretched to a square, as the lab's own loader does. Equal arguments give equal bytes.
    """
    width, height = (round(side * resolution) for side in FILM_PER_RESOLUTION)
    film = _film(scene, num_objects, (width, height), SAMPLES, seed, APPEARANCE)
    return to_bytes(resize(film, resolution))


def render_frame(
    scene: Scene,
    num_objects: int,
    size: tuple[int, int] = NATIVE,
    seed: int = 0,
    *,
    samples: int = FRAME_SAMPLES,
    noise: bool = True,
    appearance: Appearance = APPEARANCE,
) -> Floats:
    """Renders the first `num_objects` objects at 4:3, (height, width, 3) in 0 to 255, not rounded.

    `noise` adds what the path tracer's own noise lacks to that of a genuine frame.
    """
    film = _film(scene, num_objects, size, samples, seed, appearance)
    if not noise:
        return film
    std = np.interp(film.mean(-1), NOISE_LEVELS, NOISE_STD)
    normal = np.random.default_rng([seed, 1]).standard_normal(film.shape[:2])
    noisy: Floats = film + (std * normal)[..., None]  # grey, like the noise of a genuine frame
    return noisy


def to_bytes(pixels: Floats) -> Pixels:
    """Rounds and clips floats in 0 to 255."""
    return np.clip(np.rint(pixels), 0, 255).astype(np.uint8)


def resize(pixels: Floats, resolution: int) -> Floats:
    """Resizes (height, width, 3) to (resolution, resolution, 3), bilinear with antialiasing, as torchvision does."""
    channels = [Image.fromarray(pixels[..., c].astype(np.float32)) for c in range(3)]
    small = [np.asarray(c.resize((resolution, resolution), Image.Resampling.BILINEAR), np.float64) for c in channels]
    return np.stack(small, -1)


def _film(
    scene: Scene, num_objects: int, size: tuple[int, int], samples: int, seed: int, appearance: Appearance
) -> Floats:
    mi = mitsuba()
    parts = _setting(scene, size, samples, appearance)
    for i, placed in enumerate(scene.objects[:num_objects]):
        parts[f"object_{i}"] = _object(placed, appearance)
    # Converted one by one: Mitsuba would order the lamps by memory address, and the bytes would differ between runs.
    parts = {name: mi.load_dict(part) if isinstance(part, dict) else part for name, part in parts.items()}
    parts = {"type": "scene", **parts}
    linear = np.asarray(mi.render(mi.load_dict(parts), seed=seed % 2**32), np.float64)
    return 255 * _encode(linear)


def _encode(linear: Floats) -> Floats:
    """Applies the sRGB curve, which is Blender's Standard view transform."""
    linear = np.clip(linear, 0, 1)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * np.maximum(linear, 1e-8) ** (1 / 2.4) - 0.055)


@functools.cache
def mitsuba() -> Any:
    """Imports Mitsuba, set to one thread and the scalar variant. Raises InputError if it is not installed.

    One thread because worker processes share the machine; scalar because it needs no compiler.
    """
    try:
        import drjit
        import mitsuba as mi
    except ImportError as error:
        raise InputError('rendering needs Mitsuba: pip install "condgan[render]"') from error
    mi.set_variant("scalar_rgb")
    drjit.set_thread_count(1)
    return mi


def _rgb(value: Any) -> dict[str, Any]:
    return {"type": "rgb", "value": [float(v) for v in value]}


def _setting(scene: Scene, size: tuple[int, int], samples: int, appearance: Appearance) -> dict[str, Any]:
    """Returns camera, floor and lamps: everything but the objects."""
    transform = mitsuba().ScalarTransform4f
    setting: dict[str, Any] = {
        "integrator": {"type": "path", "max_depth": MAX_DEPTH, "rr_depth": MAX_DEPTH + 1, "hide_emitters": True},
        "camera": {
            "type": "perspective",
            "fov": CAMERA.fov_degrees,
            "fov_axis": "x",
            "to_world": transform().look_at(origin=list(CAMERA.position), target=[0, 0, 0], up=[0, 0, 1]),
            "film": {
                "type": "hdrfilm",
                "width": size[0],
                "height": size[1],
                "rfilter": {"type": "box"},
                "pixel_format": "rgb",
                "component_format": "float32",
            },
            # Jittered in all dimensions at once, for far less noise than independent samples.
            "sampler": {"type": "multijitter", "sample_count": samples},
        },
        "floor": {
            "type": "rectangle",
            "to_world": transform().scale(40),
            "bsdf": {"type": "diffuse", "reflectance": _rgb([appearance.floor] * 3)},
        },
        "ambient": {"type": "constant", "radiance": _rgb([appearance.ambient] * 3)},
    }
    for (name, lamp), offset in zip(LAMPS.items(), scene.lamp_offsets, strict=True):
        position = np.add(lamp.position, offset)
        # The offset moves a lamp without changing its orientation, towards the origin from its original position.
        to_world = transform().look_at(
            origin=position.tolist(), target=(position - lamp.position).tolist(), up=[0, 0, 1]
        )
        radiance = appearance.lamp_gain * lamp.watts / (np.pi * lamp.side**2) * np.array(lamp.color)
        setting[name] = {
            "type": "rectangle",
            "to_world": to_world @ transform().scale(lamp.side / 2),
            "emitter": {"type": "area", "radiance": _rgb(radiance)},
        }
    return setting


def _object(placed: SceneObject, appearance: Appearance) -> Any:
    mi = mitsuba()
    color = np.array(COLORS[placed.color]) / 255
    bsdf: dict[str, Any] = {
        "type": "principled",
        "base_color": _rgb(np.minimum(appearance.albedo * color, 1)),
        "roughness": appearance.roughness,
        "specular": appearance.specular,
    }
    size = SIZES[placed.shape]
    if placed.shape == "sphere":
        return {"type": "sphere", "center": [placed.x, placed.y, size.radius], "radius": size.radius, "bsdf": bsdf}
    properties = mi.Properties()
    properties["bsdf"] = mi.load_dict(bsdf)
    positions, normals, faces = (
        box(size.radius, size.height, size.bevel)
        if placed.shape == "cube"
        else cylinder(size.radius, size.height, size.bevel)
    )
    cos, sin = np.cos(placed.yaw), np.sin(placed.yaw)
    rotation = np.array([[cos, sin, 0], [-sin, cos, 0], [0, 0, 1]])
    mesh = mi.Mesh("mesh", len(positions), len(faces), has_vertex_normals=True, props=properties)
    parameters = mi.traverse(mesh)
    parameters["vertex_positions"] = (positions @ rotation + [placed.x, placed.y, 0]).ravel()
    parameters["vertex_normals"] = (normals @ rotation).ravel()
    parameters["faces"] = faces.ravel()
    parameters.update()
    return mesh
