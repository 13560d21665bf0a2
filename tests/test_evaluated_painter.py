"""Scores of generators whose images are known."""

from dataclasses import replace

import pytest
import torch

from condgan.conditions import Class
from condgan.evaluate import evaluate
from condgan.metrics import kid
from condgan.metrics.estimate import proportion
from painters import Painter, brightest_channel, painted_images, scores_of


@pytest.mark.parametrize("right", [True, False])
def test_accuracies_of_real_images_are_those_of_held_out_images(right: bool) -> None:
    """Training images are recognised always. A judge was trained on them, so that they would be no ceiling."""
    images = painted_images(held_out_labels_are_right=right)
    row = scores_of(Painter(images), images).rows["real images"]
    assert row["condition_accuracy"].value == row["exact_accuracy"].value == float(right)


def test_kid_of_real_images_compares_training_with_held_out_images() -> None:
    same, brighter = (painted_images(held_out_brightness=brightness) for brightness in (100, 160))
    for images, low, high in ((same, -0.2, 0.1), (brighter, 0.3, 100)):
        found = scores_of(Painter(images), images).rows["real images"]["kid[judge]"].value
        assert low < found < high
    training, held_out = same.part(held_out=False), same.part(held_out=True)
    judge = brightest_channel(Class("rgb"))
    evenly = torch.linspace(0, len(training) - 1, len(held_out)).long()
    some = judge.classify(training.images[evenly], training.labels[evenly])
    reals = judge.classify(held_out.images, held_out.labels)
    assert scores_of(Painter(same), same).rows["real images"]["kid[judge]"] == kid(some, reals, same.condition)


def test_kid_of_real_images_uses_each_training_image_once_if_more_are_held_out() -> None:
    images = replace(painted_images(), held_out=torch.arange(1200) % 4 > 0)
    judge = brightest_channel(Class("rgb"))
    training, held_out = (
        judge.classify(part.images, part.labels) for part in (images.part(held_out=False), images.part(held_out=True))
    )
    found = evaluate(Painter(images), images, {}, judge).rows["real images"]["kid[judge]"]
    assert found == kid(training, held_out, images.condition)


def test_kid_of_a_generator_compares_with_held_out_images() -> None:
    images = painted_images(held_out_brightness=160)
    generator = Painter(images)
    like_training = scores_of(generator, images).rows["generator, held-out conditions"]["kid[judge]"].value
    generator.brightness = 160
    like_held_out = scores_of(generator, images).rows["generator, held-out conditions"]["kid[judge]"].value
    assert like_held_out < 0.1 < 0.3 < like_training


@pytest.mark.parametrize("follows", [True, False])
def test_a_generator_that_follows_its_conditions_is_always_right(follows: bool) -> None:
    images = painted_images()
    scores = scores_of(Painter(images, wrong=() if follows else (0, 1, 2)), images)
    for row in ("generator, held-out conditions", "generator, test"):
        assert scores.rows[row]["condition_accuracy"].value == scores.rows[row]["exact_accuracy"].value == follows
    assert [exact.value for _, exact in scores.per_condition["test"].values()] == [follows] * 3
    assert {name: estimate.value for name, estimate in scores.per_object["test"].items()} == dict.fromkeys(
        "rgb", follows
    )
    assert scores.rows["untrained, test"]["exact_accuracy"].value < 0.9


def test_each_condition_is_scored_by_its_own_images() -> None:
    images = painted_images()
    scores = scores_of(Painter(images, wrong=[2]), images)
    assert {name: [e.value for e in both] for name, both in scores.per_condition["test"].items()} == {
        "r": [1, 1],
        "g": [1, 1],
        "b": [0, 0],
    }
    assert {name: estimate.value for name, estimate in scores.per_object["test"].items()} == {"r": 1, "g": 1, "b": 0}
    four_draws = proportion(torch.ones(4), torch.ones(4))
    assert scores.per_condition["test"]["g"] == (four_draws, four_draws)
    assert scores.rows["generator, test"]["exact_accuracy"].value == pytest.approx(2 / 3)


def test_a_condition_that_a_list_has_twice_is_scored_by_all_of_its_images() -> None:
    images = painted_images()
    lists, judge = {"twice": torch.tensor([0, 1, 0])}, brightest_channel(Class("rgb"))
    scores = evaluate(Painter(images), images, lists, judge, draws=4)
    eight, four = (proportion(torch.ones(n), torch.ones(n)) for n in (8, 4))
    assert scores.per_condition["twice"] == {"r": (eight, eight), "g": (four, four)}
