import random

import pytest

from condgan.metrics import code_accuracy


def test_a_renaming_of_the_readings_is_matched_without_an_error() -> None:
    codes = [str(i // 2 % 10) for i in range(400)]
    meaning = {str(i): f"digit {(3 * i + 1) % 10}" for i in range(10)}
    matching = code_accuracy(codes, [meaning[code] for code in codes])
    assert matching.meaning == meaning
    assert matching.accuracy.value == 1


def test_a_case_counted_by_hand() -> None:
    codes = ["a", "a", "a", "a", "b", "b", "b", "b"]
    readings = ["0", "0", "0", "1", "1", "1", "1", "0"]  # of the second, fourth, ... 0, 1, 1, 0
    matching = code_accuracy(codes, readings)
    assert matching.meaning == {"a": "0", "b": "1"}
    assert matching.accuracy.value == 0.5


def test_two_codes_that_draw_the_same_are_matched_once() -> None:
    matching = code_accuracy(["a", "a", "b", "b"] * 50, ["7"] * 200)
    assert list(matching.meaning.values()) == ["7"]
    assert matching.accuracy.value == 0.5


def test_readings_that_do_not_depend_on_the_code_score_as_chance() -> None:
    rng = random.Random(0)
    codes, readings = ([str(rng.randrange(10)) for _ in range(4000)] for _ in range(2))
    assert code_accuracy(codes, readings).accuracy.value == pytest.approx(0.1, abs=0.03)
