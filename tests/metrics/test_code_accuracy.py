import random

import pytest

from condgan.metrics import code_accuracy


def test_a_renaming_of_the_labels_is_matched_without_an_error() -> None:
    codes = [str(i // 2 % 10) for i in range(400)]
    meaning = {str(i): f"digit {(3 * i + 1) % 10}" for i in range(10)}
    matching = code_accuracy(codes, [meaning[code] for code in codes])
    assert matching.meaning == meaning
    assert matching.accuracy.value == 1


def test_code_accuracy_agrees_with_a_hand_computed_case() -> None:
    codes = ["a", "a", "a", "a", "b", "b", "b", "b"]
    predictions = ["0", "0", "0", "1", "1", "1", "1", "0"]  # of the second, fourth, ... 0, 1, 1, 0
    matching = code_accuracy(codes, predictions)
    assert matching.meaning == {"a": "0", "b": "1"}
    assert matching.accuracy.value == 0.5


def test_two_codes_of_the_same_label_are_matched_once() -> None:
    matching = code_accuracy(["a", "a", "b", "b"] * 50, ["7"] * 200)
    assert list(matching.meaning.values()) == ["7"]
    assert matching.accuracy.value == 0.5


def test_predictions_that_do_not_depend_on_the_code_score_at_chance() -> None:
    rng = random.Random(0)
    codes, predictions = ([str(rng.randrange(10)) for _ in range(4000)] for _ in range(2))
    assert code_accuracy(codes, predictions).accuracy.value == pytest.approx(0.1, abs=0.03)
