from collections.abc import Callable
from math import isnan

import pytest
import torch

from condgan.conditions import Attributes, Class, Condition, MultiLabel
from condgan.judge import Samples
from condgan.metrics import (
    UNDEFINED,
    Estimate,
    Metric,
    exact_accuracy,
    f1_per_factor,
    f1_per_value,
    factor_f1,
    per_condition,
    per_count,
    per_value,
)
from known_conditions import confident_logits

LABELS = MultiLabel(("red cube", "red ball", "blue cube", "blue ball"))
WANTED = ["red cube", "red cube, blue ball", "red ball, blue cube", "red ball, blue cube"]
FOUND = ["red cube", "red cube", "red cube, blue ball", "red ball, blue cube"]


def shown(wanted: list[str], found: list[str], condition: Condition = LABELS) -> Samples:
    c, others = condition.parse_all(wanted), condition.parse_all(found)
    return Samples(c, confident_logits(condition, others, 1.0), torch.zeros(len(c), 1))


SAMPLES = shown(WANTED, FOUND)


Breakdown = Callable[[Metric, Samples, Samples, Condition], dict[str, Estimate]]


def numbers(fakes: Samples, reals: Samples, condition: Condition) -> Estimate:
    """The numbers of fakes and of reals that a metric is given."""
    return Estimate(len(fakes), len(reals), 0)


def nothing(fakes: Samples, reals: Samples, condition: Condition) -> Estimate:
    return UNDEFINED


def values(estimates: dict[str, Estimate]) -> dict[str, float]:
    return {name: estimate.value for name, estimate in estimates.items()}


def test_each_condition_is_scored_on_its_own_images() -> None:
    found = values(per_condition(exact_accuracy, SAMPLES, SAMPLES, LABELS))
    assert found == {"red cube": 1, "red cube, blue ball": 0, "red ball, blue cube": 0.5}


def test_a_metric_sees_the_fakes_and_reals_of_the_condition() -> None:
    reals = shown(["red cube"] * 3 + ["red ball, blue cube"], ["red cube"] * 4)
    found = per_condition(numbers, SAMPLES, reals, LABELS)
    assert {name: pair[:2] for name, pair in found.items()} == {
        "red cube": (1, 3),
        "red cube, blue ball": (1, 0),
        "red ball, blue cube": (2, 1),
    }


def test_a_metric_sees_the_fakes_and_reals_that_share_a_value() -> None:
    found = per_value(numbers, SAMPLES, shown(["red cube"] * 3, ["red cube"] * 3), LABELS)
    assert {name: pair[:2] for name, pair in found.items()} == {
        "red cube": (2, 3),
        "red ball": (2, 0),
        "blue cube": (2, 0),
        "blue ball": (1, 0),
    }


def test_a_metric_sees_the_fakes_and_reals_with_as_many_objects() -> None:
    found = per_count(numbers, SAMPLES, shown(["red cube"] * 3, ["red cube"] * 3), LABELS)
    assert {name: pair[:2] for name, pair in found.items()} == {"1": (1, 3), "2": (3, 0)}


@pytest.mark.parametrize("by", [per_condition, per_value, per_count])
def test_what_has_no_estimate_is_absent(by: Breakdown) -> None:
    assert by(nothing, SAMPLES, SAMPLES, LABELS) == {}
    assert not any(isnan(estimate.value) for estimate in by(numbers, SAMPLES, SAMPLES, LABELS).values())


def test_classes_are_conditions_and_have_no_counts() -> None:
    condition = Class(("cat", "dog", "fox"))
    samples = shown(["cat", "fox", "fox"], ["cat", "fox", "cat"], condition)
    for by in (per_condition, per_value):
        assert values(by(exact_accuracy, samples, samples, condition)) == {"cat": 1, "fox": 0.5}
    assert per_count(exact_accuracy, samples, samples, condition) == {}


def test_f1_of_each_object_agrees_with_a_hand_computed_case() -> None:
    found = values(f1_per_value(SAMPLES, LABELS))
    # red cube: wanted twice, recognised three times, twice both
    assert found == pytest.approx({"red cube": 4 / 5, "red ball": 2 / 3, "blue cube": 2 / 3, "blue ball": 0})


def test_f1_of_colours_and_shapes_agrees_with_a_hand_computed_case() -> None:
    """The second image lacks blue and a ball; wrong pairings have the right colours and shapes."""
    found = {factor: values(row) for factor, row in f1_per_factor(SAMPLES, LABELS).items()}
    assert found["first word"] == pytest.approx({"red": 1, "blue": 2 * 2 / 5})
    assert found["second word"] == pytest.approx({"cube": 1, "ball": 2 * 2 / 5})
    assert values(factor_f1(SAMPLES, LABELS)) == pytest.approx({"first word": 12 / 13, "second word": 12 / 13})


def test_one_colour_twice_and_once_has_one_hit() -> None:
    samples = shown(["red cube, red ball"], ["red cube, blue ball"])
    assert values(f1_per_factor(samples, LABELS)["first word"]) == pytest.approx({"red": 2 / 3, "blue": 0})


def test_factors_of_attributes_are_their_accuracies() -> None:
    condition = Attributes({"hair": ("aqua", "red"), "eyes": ("red", "blue", "green")})
    samples = shown(["aqua hair, red eyes"] * 4, ["aqua hair, blue eyes"] * 3 + ["aqua hair, red eyes"], condition)
    assert values(factor_f1(samples, condition)) == {"hair": 1, "eyes": 0.25}


def test_a_class_of_a_colour_and_a_shape_has_factors() -> None:
    condition = Class(LABELS.names)
    samples = shown(["red cube", "red cube"], ["red ball", "blue cube"], condition)
    assert values(factor_f1(samples, condition)) == {"first word": 0.5, "second word": 0.5}


def test_names_without_factors_have_none() -> None:
    condition = Class(("cat", "dog", "fox"))
    samples = shown(["cat"], ["cat"], condition)
    assert factor_f1(samples, condition) == {}
    assert f1_per_factor(samples, condition) == {}
