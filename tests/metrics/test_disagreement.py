import pytest
import torch

from condgan.conditions import Class, MultiLabel
from condgan.judge import Samples
from condgan.metrics import disagreement


def test_the_share_of_decisions_that_differ_agrees_with_a_hand_computed_case() -> None:
    condition, c = MultiLabel("abcd"), torch.zeros(3, 4, dtype=torch.uint8)
    one = torch.tensor([[9.0, -9, -9, -9], [9, 9, -9, -9], [-9, -9, -9, -9]])
    other = torch.tensor([[9.0, -9, -9, -9], [9, -9, 9, -9], [-9, -9, -9, 9]])
    a, b = (Samples(c, logits, torch.empty(3, 0)) for logits in (one, other))
    found = disagreement(a, b, condition)
    assert found.value == pytest.approx(3 / 12)
    assert 0 < found.low < found.value < found.high < 1
    assert disagreement(b, a, condition) == found
    assert disagreement(a, a, condition).value == 0


def test_another_class_is_two_decisions_of_its_image() -> None:
    condition, c = Class("abcd"), torch.zeros(2, dtype=torch.int64)
    a, b = (Samples(c, torch.eye(4)[list(rows)], torch.empty(2, 0)) for rows in ((0, 1), (0, 2)))
    assert disagreement(a, b, condition).value == pytest.approx(2 / 8)
