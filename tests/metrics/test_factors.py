import pytest
import torch
from hypothesis import given

from condgan.conditions import Attributes, Class, Codes, MultiLabel
from condgan.metrics.factors import factors, word_factors
from condgan.rendering.scenes import LABELS
from known_conditions import attributes


def test_the_labels_of_iclevr_have_a_colour_and_a_shape() -> None:
    color, shape = factors(MultiLabel(LABELS))
    assert len(color.values) == 8
    assert sorted(shape.values) == ["cube", "cylinder", "sphere"]
    assert (color.name, shape.name) == ("first word", "second word")


@pytest.mark.parametrize(
    "names",
    [
        ["polar bear", "house cat"],  # not every combination
        ["red cube", "red ball", "blue cube"],
        ["red cube", "red ball", "blue cube", "ball"],  # not the same number of words
        ["digit 0", "digit 1", "digit 2"],  # one word does not differ
        ["apple", "pear", "plum", "quince"],
    ],
)
def test_names_that_are_not_all_combinations_of_words_have_no_factors(names: list[str]) -> None:
    assert word_factors(names) == []
    assert factors(Class(names)) == []


def test_words_that_are_the_same_everywhere_are_no_factor() -> None:
    found = word_factors(["small red cube", "small red ball", "small blue cube", "small blue ball"])
    assert [factor.values for factor in found] == [["red", "blue"], ["cube", "ball"]]


def test_counts_agree_with_a_hand_computed_case() -> None:
    color, shape = word_factors(["red cube", "red ball", "blue cube", "blue ball"])
    sets = torch.tensor([[1, 1, 0, 0], [1, 0, 0, 1], [0, 0, 0, 0]], dtype=torch.bool)
    assert color.counts(sets).tolist() == [[2, 0], [1, 1], [0, 0]]
    assert shape.counts(sets).tolist() == [[1, 1], [1, 1], [0, 0]]


def test_attributes_are_factors_also_if_their_values_share_words() -> None:
    condition = Attributes({"hair": ("red", "blue"), "eyes": ("red", "blue", "green")})
    hair, eyes = factors(condition)
    assert (hair.values, eyes.values) == (("red", "blue"), ("red", "blue", "green"))
    sets = condition.wanted(condition.parse_all(["red hair, green eyes"]))
    assert hair.counts(sets).tolist() == [[1, 0]]
    assert eyes.counts(sets).tolist() == [[0, 0, 1]]


@given(attributes)
def test_every_attribute_of_a_condition_is_shown_once(condition: Attributes) -> None:
    c = torch.zeros(1, len(condition.sizes), dtype=torch.int64)
    for factor in factors(condition):
        assert factor.counts(condition.wanted(c)).sum() <= len(condition.sizes)
        if len(condition.sizes) > 1:
            assert factor.counts(condition.wanted(c)).sum() == 1


def test_categorical_codes_are_factors_and_continuous_ones_are_not() -> None:
    assert [factor.name for factor in factors(Codes({"digit": 10, "style": 3}, ("slant",)))] == ["digit", "style"]
