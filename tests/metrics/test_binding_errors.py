from math import isnan

import pytest
import torch

from condgan.conditions import Attributes, Class, Condition, MultiLabel
from condgan.judge import Samples
from condgan.metrics import binding_errors
from known_conditions import confident_logits

LABELS = MultiLabel(("red cube", "red ball", "blue cube", "blue ball", "gold cube", "gold ball"))
RIGHT = ["red cube, blue ball"]
SWAPPED = ["red ball, blue cube"]


def shown(wanted: list[str], found: list[str], condition: Condition = LABELS) -> Samples:
    c, others = condition.parse_all(wanted), condition.parse_all(found)
    return Samples(c, confident_logits(condition, others, 1.0), torch.zeros(len(c), 1))


def errors(samples: Samples, condition: Condition = LABELS) -> float:
    return binding_errors(samples, samples, condition).value


def test_the_rate_agrees_with_a_hand_computed_case() -> None:
    found = [*RIGHT, *RIGHT, *SWAPPED, "gold cube, blue ball", "red cube"]  # the last two have other words
    assert errors(shown(RIGHT * 5, found)) == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    "wanted",
    [
        "red cube",  # one object
        "red cube, red ball",  # one colour
        "red cube, blue cube",  # one shape
        "red cube, red ball, blue cube, blue ball",  # both pairings at once
        "nothing",
    ],
)
def test_conditions_that_cannot_be_paired_wrongly_do_not_count(wanted: str) -> None:
    assert isnan(errors(shown([wanted], [wanted])))
    assert errors(shown([wanted, *RIGHT], [wanted, *SWAPPED])) == 1


def test_three_objects_can_be_paired_wrongly_in_a_circle() -> None:
    samples = shown(["red cube, blue ball, gold cube"], ["red cube, blue cube, gold ball"])
    assert errors(samples) == 1


def test_no_image_with_the_right_words_has_no_rate() -> None:
    assert isnan(errors(shown(RIGHT, ["gold cube"])))


def test_swapped_colours_of_hair_and_eyes_are_a_binding_error() -> None:
    condition = Attributes({"hair": ("red", "blue"), "eyes": ("red", "blue")})
    wanted = ["red hair, blue eyes"] * 2
    assert errors(shown(wanted, [wanted[0], "blue hair, red eyes"], condition), condition) == 0.5


@pytest.mark.parametrize("names", [("cat", "dog"), ("red cube", "blue ball")])
def test_names_without_factors_have_no_rate(names: tuple[str, ...]) -> None:
    condition = MultiLabel(names)
    assert isnan(errors(shown([", ".join(names)], [", ".join(names)], condition), condition))


def test_a_class_has_no_rate() -> None:
    condition = Class(LABELS.names)
    assert isnan(errors(shown(["red cube"], ["blue ball"], condition), condition))


def test_no_images_have_no_rate() -> None:
    none = Samples(LABELS.parse_all(RIGHT)[:0], torch.zeros(0, 6), torch.zeros(0, 1))
    assert isnan(errors(none))
