"""Meshes of objects with rounded edges."""

import functools

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


Mesh = tuple[Floats, Floats, NDArray[np.uint32]]  # positions, normals, triangles


def _grid_faces(rows: int, columns: int) -> NDArray[np.int64]:
    """Returns two triangles for each cell of a rows x columns grid of vertices, as vertex indices."""
    corner = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)).ravel()
    low = np.stack([corner, corner + columns, corner + 1], -1)
    high = np.stack([corner + 1, corner + columns, corner + columns + 1], -1)
    return np.concatenate([low, high])


@functools.cache
def box(radius: float, height: float, bevel: float) -> Mesh:
    """Returns positions, normals and triangles of a box of 2 radius x 2 radius x height on z = 0 with rounded edges."""
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
def cylinder(radius: float, height: float, bevel: float) -> Mesh:
    """Returns positions, normals and triangles of a cylinder on z = 0 with rounded rims."""
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
