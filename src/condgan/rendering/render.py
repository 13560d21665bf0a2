"""Pixels of an i-CLEVR scene, path traced by Mitsuba 3; docs/rendering.md compares them with genuine frames.

`render_frame` gives the camera's own 320x240 frame, `render_scene` what a square resize of it looks like.
Mitsuba is imported on first use: `pip install "condgan[render]"`.
"""

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from condgan.errors import InputError
from condgan.rendering.scenes import CAMERA, COLORS, LAMPS, SIZES, Body, Scene

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Look:
    """Every constant of the picture that no published scene file gives, from a least-squares fit to genuine frames like
    that of `scripts/calibrate --look`; the lamps' places, powers and colours are the scene file's own."""

    lamp_gain: float = 1.278  # on the lamps' watts
    ambient: float = 0.2655  # radiance from all sides in place of the weak sun: the frames show no shadow of a sun
    floor: float = 0.5  # albedo; set, since a frame shows only its product with the gain
    albedo: float = 0.639  # of an object: this times its colour, taken as linear like CLEVR does
    roughness: float = 0.77
    specular: float = 0.05


LOOK = Look()
NATIVE = (320, 240)  # width and height of a genuine frame
MAX_DEPTH = 4  # lamp, three surfaces, camera; deeper paths change the mean by 0.01 of 255
# Film sides and samples per pixel of a square picture. 16 samples are a 4 x 4 grid that gives each of the four lights
# (three lamps, ambient) exactly four: fewer, or a fifth light, and the noise is several times a genuine frame's.
FILM_PER_RESOLUTION = (1.25, 0.9375)
SAMPLES = 16
FRAME_SAMPLES = 16
# What the tracer's own noise at FRAME_SAMPLES lacks to a genuine frame's (2.1 on the far floor, 0.9 on the near one),
# against the grey level, both of 255: the darker the noisier. A straight resize averages it to less than the rounding.
NOISE_LEVELS = (100.0, 110.0, 124.0, 148.0, 255.0)
NOISE_STD = (2.0, 1.55, 0.85, 0.35, 0.3)


def render_scene(scene: Scene, num_bodies: int, resolution: int, seed: int) -> Pixels:
    """The first `num_bodies` objects of a scene as (resolution, resolution, 3) RGB: a 320x240 frame resized straight.

    The aspect ratio is not kept, as in the lab's own loader. The same arguments give the same bytes.
    """
    width, height = (round(side * resolution) for side in FILM_PER_RESOLUTION)
    film = _film(scene, num_bodies, (width, height), SAMPLES, seed, LOOK)
    return to_bytes(resize(film, resolution))


def render_frame(
    scene: Scene,
    num_bodies: int,
    size: tuple[int, int] = NATIVE,
    seed: int = 0,
    *,
    samples: int = FRAME_SAMPLES,
    noise: bool = True,
    look: Look = LOOK,
) -> Floats:
    """The camera's frame, (height, width, 3) in 0..255 before rounding, with a genuine frame's noise unless told."""
    film = _film(scene, num_bodies, size, samples, seed, look)
    if not noise:
        return film
    std = np.interp(film.mean(-1), NOISE_LEVELS, NOISE_STD)
    normal = np.random.default_rng([seed, 1]).standard_normal(film.shape[:2])
    noisy: Floats = film + (std * normal)[..., None]  # grey, like a genuine frame's
    return noisy


def to_bytes(pixels: Floats) -> Pixels:
    """0..255 floats rounded and clipped."""
    return np.clip(np.rint(pixels), 0, 255).astype(np.uint8)


def resize(pixels: Floats, resolution: int) -> Floats:
    """(height, width, 3) to (resolution, resolution, 3), bilinear with antialiasing, as torchvision resizes."""
    channels = [Image.fromarray(pixels[..., c].astype(np.float32)) for c in range(3)]
    small = [np.asarray(c.resize((resolution, resolution), Image.Resampling.BILINEAR), np.float64) for c in channels]
    return np.stack(small, -1)


def _film(scene: Scene, num_bodies: int, size: tuple[int, int], samples: int, seed: int, look: Look) -> Floats:
    mi = mitsuba()
    parts = _setting(scene, size, samples, look)
    for i, body in enumerate(scene.bodies[:num_bodies]):
        parts[f"body_{i}"] = _body(body, look)
    # Loaded one by one: left to itself Mitsuba orders the lamps by address, and the pixels' bytes would change.
    parts = {name: mi.load_dict(part) if isinstance(part, dict) else part for name, part in parts.items()}
    parts = {"type": "scene", **parts}
    linear = np.asarray(mi.render(mi.load_dict(parts), seed=seed % 2**32), np.float64)
    return 255 * _encode(linear)


def _encode(linear: Floats) -> Floats:
    """sRGB's curve: Blender's Standard view transform."""
    linear = np.clip(linear, 0, 1)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * np.maximum(linear, 1e-8) ** (1 / 2.4) - 0.055)


@functools.cache
def mitsuba() -> Any:
    """The renderer, on one thread: worker processes share the machine, and the scalar variant needs no compiler."""
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


def _setting(scene: Scene, size: tuple[int, int], samples: int, look: Look) -> dict[str, Any]:
    """Camera, floor, lamps: all but the objects."""
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
            # Jittered in all dimensions at once: far less noise than independent samples.
            "sampler": {"type": "multijitter", "sample_count": samples},
        },
        "floor": {
            "type": "rectangle",
            "to_world": transform().scale(40),
            "bsdf": {"type": "diffuse", "reflectance": _rgb([look.floor] * 3)},
        },
        "ambient": {"type": "constant", "radiance": _rgb([look.ambient] * 3)},
    }
    for (name, lamp), offset in zip(LAMPS.items(), scene.lamp_offsets, strict=True):
        position = np.add(lamp.position, offset)
        # A lamp keeps its orientation when it is moved: towards the origin from its undisturbed place.
        frame = transform().look_at(origin=position.tolist(), target=(position - lamp.position).tolist(), up=[0, 0, 1])
        radiance = look.lamp_gain * lamp.watts / (np.pi * lamp.side**2) * np.array(lamp.color)
        setting[name] = {
            "type": "rectangle",
            "to_world": frame @ transform().scale(lamp.side / 2),
            "emitter": {"type": "area", "radiance": _rgb(radiance)},
        }
    return setting


def _body(body: Body, look: Look) -> Any:
    mi = mitsuba()
    color = np.array(COLORS[body.color]) / 255
    bsdf: dict[str, Any] = {
        "type": "principled",
        "base_color": _rgb(np.minimum(look.albedo * color, 1)),
        "roughness": look.roughness,
        "specular": look.specular,
    }
    size = SIZES[body.shape]
    if body.shape == "sphere":
        return {"type": "sphere", "center": [body.x, body.y, size.radius], "radius": size.radius, "bsdf": bsdf}
    properties = mi.Properties()
    properties["bsdf"] = mi.load_dict(bsdf)
    positions, normals, faces = (
        _block(size.radius, size.height, size.bevel)
        if body.shape == "cube"
        else _drum(size.radius, size.height, size.bevel)
    )
    cos, sin = np.cos(body.turn_radians), np.sin(body.turn_radians)
    turn = np.array([[cos, sin, 0], [-sin, cos, 0], [0, 0, 1]])
    mesh = mi.Mesh("mesh", len(positions), len(faces), has_vertex_normals=True, props=properties)
    parameters = mi.traverse(mesh)
    parameters["vertex_positions"] = (positions @ turn + [body.x, body.y, 0]).ravel()
    parameters["vertex_normals"] = (normals @ turn).ravel()
    parameters["faces"] = faces.ravel()
    parameters.update()
    return mesh


Mesh = tuple[Floats, Floats, NDArray[np.uint32]]


def _grid_faces(rows: int, columns: int) -> NDArray[np.int64]:
    """Two triangles for each cell of a rows x columns grid of vertices."""
    corner = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)).ravel()
    low = np.stack([corner, corner + columns, corner + 1], -1)
    high = np.stack([corner + 1, corner + columns, corner + columns + 1], -1)
    return np.concatenate([low, high])


@functools.cache
def _block(radius: float, height: float, bevel: float) -> Mesh:
    """A box of 2 radius x 2 radius x height standing on z = 0, edges rounded: positions, normals, triangles."""
    half = np.array([radius, radius, height / 2])
    arc = np.sin(np.linspace(0, np.pi / 4, 4)) / np.sin(np.pi / 4)
    vertices, faces, count = [], [], 0
    for axis in range(3):
        u, v = (axis + 1) % 3, (axis + 2) % 3
        for sign in (-1, 1):
            steps = [np.concatenate([-h + bevel * (1 - arc[::-1]), h - bevel * (1 - arc)]) for h in (half[u], half[v])]
            face = np.empty((len(steps[0]), len(steps[1]), 3))
            face[..., u], face[..., v], face[..., axis] = steps[0][:, None], steps[1][None], sign * half[axis]
            faces.append(_grid_faces(*face.shape[:2])[:, ::sign] + count)
            vertices.append(face.reshape(-1, 3))
            count += len(vertices[-1])
    surface = np.concatenate(vertices)
    inner = np.clip(surface, bevel - half, half - bevel)
    normals = surface - inner
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    return inner + bevel * normals + [0, 0, height / 2], normals, np.concatenate(faces).astype(np.uint32)


@functools.cache
def _drum(radius: float, height: float, bevel: float) -> Mesh:
    """A cylinder standing on z = 0, rims rounded: positions, normals, triangles."""
    arc = np.linspace(0, np.pi / 2, 5)
    r = np.concatenate(
        [[0.0], radius - bevel + bevel * np.sin(arc), (radius - bevel + bevel * np.sin(arc))[::-1], [0.0]]
    )
    z = np.concatenate([[height], height - bevel + bevel * np.cos(arc), (bevel - bevel * np.cos(arc))[::-1], [0.0]])
    normal_r = np.concatenate([[0.0], np.sin(arc), np.sin(arc)[::-1], [0.0]])
    normal_z = np.concatenate([[1.0], np.cos(arc), -np.cos(arc)[::-1], [-1.0]])
    angle = np.linspace(0, 2 * np.pi, 65)
    ring = np.stack([np.cos(angle), np.sin(angle)], -1)
    positions = np.concatenate([r[:, None, None] * ring, np.broadcast_to(z[:, None, None], (len(z), 65, 1))], -1)
    normals = np.concatenate(
        [normal_r[:, None, None] * ring, np.broadcast_to(normal_z[:, None, None], (len(z), 65, 1))], -1
    )
    return positions.reshape(-1, 3), normals.reshape(-1, 3), _grid_faces(len(z), 65).astype(np.uint32)
