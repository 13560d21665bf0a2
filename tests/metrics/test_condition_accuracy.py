from math import isnan

import pytest
import torch

from condgan.conditions import Attributes, Class, Codes, MultiLabel
from condgan.judge import Samples
from condgan.metrics import condition_accuracy, exact_accuracy

LABELS = MultiLabel("abcd")
# The first image shows both wanted labels and a third, the second one of its two, the third exactly its only one.
C = torch.tensor([[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 0, 1]], dtype=torch.uint8)
LOGITS = torch.tensor([[3.0, 2.0, 1.0, -1.0], [3.0, -2.0, 1.0, -3.0], [-1.0, -1.5, -2.0, 0.5]])
SAMPLES = Samples(C, LOGITS, torch.zeros(3, 1))


def test_condition_accuracy_agrees_with_a_hand_computed_case() -> None:
    assert condition_accuracy(SAMPLES, SAMPLES, LABELS).value == pytest.approx((2 + 1 + 1) / 5)


def test_exact_accuracy_agrees_with_a_hand_computed_case() -> None:
    assert exact_accuracy(SAMPLES, SAMPLES, LABELS).value == pytest.approx(1 / 3)


def test_a_shift_of_all_logits_changes_exact_accuracy_only() -> None:
    shifted = Samples(C, LOGITS + 10, torch.zeros(3, 1))
    assert condition_accuracy(shifted, SAMPLES, LABELS) == condition_accuracy(SAMPLES, SAMPLES, LABELS)
    assert exact_accuracy(shifted, SAMPLES, LABELS).value == 0


def test_accuracies_do_not_depend_on_real_images() -> None:
    reals = Samples(1 - C, -LOGITS, torch.ones(3, 1))
    for metric in (condition_accuracy, exact_accuracy):
        assert metric(SAMPLES, reals, LABELS) == metric(SAMPLES, SAMPLES, LABELS)


def test_accuracies_of_a_class_are_the_share_of_right_classes() -> None:
    samples = Samples(torch.tensor([0, 1, 2, 1]), torch.eye(3)[[0, 1, 0, 1]], torch.zeros(4, 1))
    for metric in (condition_accuracy, exact_accuracy):
        assert metric(samples, samples, Class("abc")).value == 0.75


def test_attributes_count_one_by_one_or_all_at_once() -> None:
    condition = Attributes({"hair": ("aqua", "red"), "eyes": ("red", "blue")})
    logits = torch.tensor([[1.0, 0, 1, 0], [1, 0, 0, 1]])
    samples = Samples(torch.tensor([[0, 0], [0, 0]]), logits, torch.zeros(2, 1))
    assert condition_accuracy(samples, samples, condition).value == 0.75
    assert exact_accuracy(samples, samples, condition).value == 0.5


def test_continuous_codes_are_not_scored() -> None:
    condition = Codes({"digit": 2}, ("slant",))
    samples = Samples(torch.tensor([[1.0, 0.5]]), torch.tensor([[0.0, 1.0, 0.4999, 0.0]]), torch.zeros(1, 1))
    assert condition_accuracy(samples, samples, condition).value == 1
    assert exact_accuracy(samples, samples, condition).value == 1


def test_the_empty_set_has_no_condition_accuracy_and_can_be_matched_exactly() -> None:
    samples = Samples(torch.zeros_like(C), -LOGITS.abs(), torch.zeros(3, 1))
    assert isnan(condition_accuracy(samples, samples, LABELS).value)
    assert exact_accuracy(samples, samples, LABELS).value == 1


def test_no_images_have_no_accuracy() -> None:
    none = Samples(C[:0], LOGITS[:0], torch.zeros(0, 1))
    for metric in (condition_accuracy, exact_accuracy):
        assert isnan(metric(none, none, LABELS).value)
