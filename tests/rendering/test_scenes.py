"""Laws of a layout: objects apart, inside the frame, at least half visible; held-out triples never drawn."""

from itertools import combinations

import numpy as np
import pytest

from condgan.errors import InputError
from condgan.rendering.scenes import (
    GAP,
    HELD_OUT_TRIPLES,
    LABELS,
    REACH,
    SIZES,
    Body,
    sample_labels,
    sample_scene,
)
from condgan.rendering.visibility import CAMERA, Solid, depths, is_inside_frame, visible_shares


def rng(*seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_vocabulary_is_the_labs() -> None:
    assert len(set(LABELS)) == 24
    assert (LABELS[0], LABELS[9], LABELS[23]) == ("gray cube", "red sphere", "yellow cylinder")


@pytest.mark.parametrize("seed", range(12))
def test_layout_obeys_the_laws(seed: int) -> None:
    labels = sample_labels(rng(seed), 3, 5)
    scene = sample_scene(labels, rng(seed, 1))
    assert [body.label for body in scene.bodies] == labels
    assert (scene.bodies[0].x, scene.bodies[0].y) == (0.0, 0.0)
    for body in scene.bodies:
        assert max(abs(body.x), abs(body.y)) <= REACH
        assert is_inside_frame(body.solid)
    for a, b in combinations(scene.bodies, 2):
        assert np.hypot(a.x - b.x, a.y - b.y) >= a.footprint + b.footprint + GAP
    for turn in range(1, len(labels) + 1):
        assert min(visible_shares([body.solid for body in scene.bodies[:turn]])) >= 0.5


def test_equal_seeds_give_equal_scenes() -> None:
    labels = ["red cube", "blue sphere", "cyan cylinder"]
    assert sample_scene(labels, rng(5)) == sample_scene(labels, rng(5))
    assert sample_scene(labels, rng(5)) != sample_scene(labels, rng(6))


def test_footprint_holds_a_cube_at_any_turn() -> None:
    cube = Body("red cube", 0.0, 0.0)
    assert cube.footprint == pytest.approx(np.sqrt(2) * SIZES["cube"].radius)


def test_an_object_behind_another_is_hidden() -> None:
    towards = np.array(CAMERA.position[:2]) / np.linalg.norm(CAMERA.position[:2])
    back = Solid("sphere", 0.0, 0.0, 0.0, 0.3, 0.6)
    front = Solid("cube", *(1.2 * towards), 0.0, 0.6, 1.6)
    assert visible_shares([back, front]) == [0.0, 1.0]
    assert visible_shares([back]) == [1.0]


def test_depth_of_a_ball_is_the_distance_less_its_radius() -> None:
    distance = np.linalg.norm(np.array(CAMERA.position) - [0.0, 0.0, 0.5])
    assert depths(Solid("sphere", 0.0, 0.0, 0.0, 0.5, 1.0)).min() == pytest.approx(distance - 0.5, abs=0.01)


def test_an_object_beyond_the_border_is_not_inside() -> None:
    assert not is_inside_frame(Solid("cube", 3.0, -3.0, 0.0, 0.6, 1.2))


def test_held_out_triples_cover_every_object_and_are_never_drawn() -> None:
    assert len(set(map(frozenset, HELD_OUT_TRIPLES))) == len(HELD_OUT_TRIPLES) == 100
    assert min(sum(label in triple for triple in HELD_OUT_TRIPLES) for label in LABELS) >= 5
    held_out = [frozenset(triple) for triple in HELD_OUT_TRIPLES]
    for seed in range(300):
        labels = sample_labels(rng(seed), 5, 5, HELD_OUT_TRIPLES)
        assert len(set(labels)) == 5
        assert not any(triple <= set(labels) for triple in held_out)


def test_counts_cover_the_range() -> None:
    assert {len(sample_labels(rng(seed), 0, 3)) for seed in range(60)} == {0, 1, 2, 3}


def test_errors_say_what_to_do() -> None:
    with pytest.raises(InputError, match=r"unknown object 'red cub'; did you mean 'red cube'\?"):
        sample_scene(["red cub"], rng(0))
    with pytest.raises(InputError, match="expected a range"):
        sample_labels(rng(0), 4, 3)
    with pytest.raises(InputError, match="exclude fewer"):
        sample_labels(rng(0), 3, 3, list(combinations(LABELS, 3)))
