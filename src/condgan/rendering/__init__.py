"""Renderer of the i-CLEVR scene: random layouts, visibility, pixels, and folders of images.

A scene is an arrangement of objects and lamps. It is shown in one or more frames, which i-CLEVR calls turns: frame k
shows the first objects of the scene, and each later frame adds objects while everything else stays in place. Rendering
pixels needs Mitsuba 3, `pip install "condgan[render]"`; everything else here does not. See docs/rendering.md.
"""

from condgan.rendering.folder import render_dataset, sample_entries
from condgan.rendering.render import Appearance, render_frame, render_scene
from condgan.rendering.scenes import (
    COLORS,
    HELD_OUT_TRIPLES,
    LABELS,
    SHAPES,
    Scene,
    SceneObject,
    sample_labels,
    sample_scene,
)

__all__ = [
    "COLORS",
    "HELD_OUT_TRIPLES",
    "LABELS",
    "SHAPES",
    "Appearance",
    "Scene",
    "SceneObject",
    "render_dataset",
    "render_frame",
    "render_scene",
    "sample_entries",
    "sample_labels",
    "sample_scene",
]
