import pytest
import torch

from condgan.conditions import Attributes, Class, Codes, MultiLabel
from condgan.judge import Samples
from condgan.metrics import condition_accuracy, exact_accuracy

LABELS = MultiLabel("abcd")
# One image names both wanted labels and a third, one misses one of its two, one names its only one and nothing else.
C = torch.tensor([[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 0, 1]], dtype=torch.uint8)
LOGITS = torch.tensor([[3.0, 2.0, 1.0, -1.0], [3.0, -2.0, 1.0, -3.0], [-1.0, -1.5, -2.0, 0.5]])
SEEN = Samples(C, LOGITS, torch.zeros(3, 1))


def test_official_accuracy_agrees_with_a_hand_computed_case() -> None:
    assert condition_accuracy(SEEN, SEEN, LABELS).value == pytest.approx((2 + 1 + 1) / 5)


def test_exact_accuracy_agrees_with_a_hand_computed_case() -> None:
    assert exact_accuracy(SEEN, SEEN, LABELS).value == pytest.approx(1 / 3)


def test_official_accuracy_does_not_see_a_shift_of_all_logits_and_exact_accuracy_does() -> None:
    shifted = Samples(C, LOGITS + 10, torch.zeros(3, 1))
    assert condition_accuracy(shifted, SEEN, LABELS) == condition_accuracy(SEEN, SEEN, LABELS)
    assert exact_accuracy(shifted, SEEN, LABELS).value == 0


def test_class_accuracy_is_the_share_of_right_classes() -> None:
    seen = Samples(torch.tensor([0, 1, 2, 1]), torch.eye(3)[[0, 1, 0, 1]], torch.zeros(4, 1))
    for metric in (condition_accuracy, exact_accuracy):
        assert metric(seen, seen, Class("abc")).value == 0.75


def test_attributes_are_right_one_by_one_or_all_at_once() -> None:
    condition = Attributes({"hair": ("aqua", "red"), "eyes": ("red", "blue")})
    logits = torch.tensor([[1.0, 0, 1, 0], [1, 0, 0, 1]])
    seen = Samples(torch.tensor([[0, 0], [0, 0]]), logits, torch.zeros(2, 1))
    assert condition_accuracy(seen, seen, condition).value == 0.75
    assert exact_accuracy(seen, seen, condition).value == 0.5


def test_a_continuous_code_has_no_wrong_answer() -> None:
    condition = Codes({"digit": 2}, ("slant",))
    seen = Samples(torch.tensor([[1.0, 0.5]]), torch.tensor([[0.0, 1.0, 0.4999, 0.0]]), torch.zeros(1, 1))
    assert condition_accuracy(seen, seen, condition).value == 1
    assert exact_accuracy(seen, seen, condition).value == 1
