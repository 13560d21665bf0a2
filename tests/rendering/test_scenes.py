"""Layouts: objects apart, inside the image and at least half visible; held-out triples are never sampled."""

import subprocess
import sys
from itertools import combinations

import numpy as np
import pytest

from condgan.errors import InputError
from condgan.rendering.scenes import (
    GAP,
    HELD_OUT_TRIPLES,
    LABELS,
    MAX_COORDINATE,
    SIZES,
    SceneObject,
    sample_labels,
    sample_scene,
)
from condgan.rendering.visibility import CAMERA, Solid, depths, is_inside_image, visible_shares


def rng(*seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_the_vocabulary_is_the_labs() -> None:
    assert len(set(LABELS)) == 24
    assert (LABELS[0], LABELS[9], LABELS[23]) == ("gray cube", "red sphere", "yellow cylinder")


@pytest.mark.parametrize("seed", range(12))
def test_objects_are_apart_inside_the_image_and_visible(seed: int) -> None:
    labels = sample_labels(rng(seed), 3, 5)
    scene = sample_scene(labels, rng(seed, 1))
    assert [placed.label for placed in scene.objects] == labels
    assert (scene.objects[0].x, scene.objects[0].y) == (0.0, 0.0)
    for placed in scene.objects:
        assert max(abs(placed.x), abs(placed.y)) <= MAX_COORDINATE
        assert is_inside_image(placed.solid)
    for a, b in combinations(scene.objects, 2):
        assert np.hypot(a.x - b.x, a.y - b.y) >= a.footprint + b.footprint + GAP
    for num_objects in range(1, len(labels) + 1):
        assert min(visible_shares([placed.solid for placed in scene.objects[:num_objects]])) >= 0.5


def test_equal_seeds_give_equal_scenes() -> None:
    labels = ["red cube", "blue sphere", "cyan cylinder"]
    assert sample_scene(labels, rng(5)) == sample_scene(labels, rng(5))
    assert sample_scene(labels, rng(5)) != sample_scene(labels, rng(6))


def test_the_footprint_of_a_cube_is_half_its_diagonal() -> None:
    cube = SceneObject("red cube", 0.0, 0.0)
    assert cube.footprint == pytest.approx(np.sqrt(2) * SIZES["cube"].radius)


def test_yaw_rotates_a_cube_about_its_vertical_axis() -> None:
    front, quarter, eighth = (depths(Solid("cube", 0.5, 0.5, yaw, 0.6, 1.2)) for yaw in (0.0, np.pi / 2, np.pi / 4))
    np.testing.assert_allclose(quarter, front)
    assert not np.allclose(eighth, front)


def test_an_object_behind_another_is_hidden() -> None:
    direction = np.array(CAMERA.position[:2]) / np.linalg.norm(CAMERA.position[:2])
    back = Solid("sphere", 0.0, 0.0, 0.0, 0.3, 0.6)
    front = Solid("cube", 1.2 * direction[0], 1.2 * direction[1], 0.0, 0.6, 1.6)
    assert visible_shares([back, front]) == [0.0, 1.0]
    assert visible_shares([back]) == [1.0]


def test_the_smallest_depth_of_a_sphere_is_its_distance_minus_its_radius() -> None:
    distance = np.linalg.norm(np.array(CAMERA.position) - [0.0, 0.0, 0.5])
    assert depths(Solid("sphere", 0.0, 0.0, 0.0, 0.5, 1.0)).min() == pytest.approx(distance - 0.5, abs=0.01)


def test_an_object_across_the_border_is_not_inside_the_image() -> None:
    assert not is_inside_image(Solid("cube", 3.0, -3.0, 0.0, 0.6, 1.2))


def test_held_out_triples_cover_every_object_and_are_never_sampled() -> None:
    assert len(set(map(frozenset, HELD_OUT_TRIPLES))) == len(HELD_OUT_TRIPLES) == 100
    assert min(sum(label in triple for triple in HELD_OUT_TRIPLES) for label in LABELS) >= 5
    held_out = [frozenset(triple) for triple in HELD_OUT_TRIPLES]
    for seed in range(300):
        labels = sample_labels(rng(seed), 5, 5, HELD_OUT_TRIPLES)
        assert len(set(labels)) == 5
        assert not any(triple <= set(labels) for triple in held_out)


def test_numbers_of_objects_cover_the_range() -> None:
    assert {len(sample_labels(rng(seed), 0, 3)) for seed in range(60)} == {0, 1, 2, 3}


def test_invalid_labels_and_ranges_are_refused() -> None:
    with pytest.raises(InputError, match=r"unknown object 'red cub'; did you mean 'red cube'\?"):
        sample_scene(["red cub"], rng(0))
    with pytest.raises(InputError, match="expected a range"):
        sample_labels(rng(0), 4, 3)
    with pytest.raises(InputError, match="exclude fewer"):
        sample_labels(rng(0), 3, 3, list(combinations(LABELS, 3)))


def test_rendering_imports_neither_data_sets_nor_mitsuba() -> None:
    code = "import sys, condgan.rendering; print([name for name in ('condgan.data', 'mitsuba') if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "[]\n"
