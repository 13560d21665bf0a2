from math import isnan

import pytest
import torch

from condgan.conditions import Condition, MultiLabel
from condgan.judge import Samples
from condgan.metrics import Metric, condition_f1, condition_precision, condition_recall, count_accuracy
from known_conditions import ONE_OF_EACH, confident_logits

LABELS = MultiLabel("abcd")
# The first image shows both wanted labels and a third, the second one of its two and an extra, the third its own.
C = torch.tensor([[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 0, 1]], dtype=torch.uint8)
FOUND = torch.tensor([[1, 1, 1, 0], [1, 0, 0, 1], [0, 0, 0, 1]], dtype=torch.uint8)
SAMPLES = Samples(C, 2.0 * FOUND - 1, torch.zeros(3, 1))
ALL = [condition_precision, condition_recall, condition_f1, count_accuracy]


def samples(c: torch.Tensor, found: torch.Tensor, condition: Condition = LABELS) -> Samples:
    return Samples(c, confident_logits(condition, found, 1.0), torch.zeros(len(c), 1))


def test_the_scores_agree_with_a_hand_computed_case() -> None:
    values = [metric(SAMPLES, SAMPLES, LABELS).value for metric in ALL]
    assert values == pytest.approx([4 / 6, 4 / 5, 2 * 4 / 11, 2 / 3])


def test_f1_is_the_harmonic_mean_of_precision_and_recall() -> None:
    precision, recall, f1, _ = (metric(SAMPLES, SAMPLES, LABELS).value for metric in ALL)
    assert f1 == pytest.approx(2 / (1 / precision + 1 / recall))


def test_an_extra_object_lowers_precision_and_not_recall() -> None:
    extra = samples(C, C | torch.tensor([0, 0, 1, 0], dtype=torch.uint8))
    assert condition_recall(extra, extra, LABELS).value == 1
    assert condition_precision(extra, extra, LABELS).value == pytest.approx(5 / 8)
    assert count_accuracy(extra, extra, LABELS).value == 0


def test_a_missing_object_lowers_recall_and_not_precision() -> None:
    missing = samples(C, C & torch.tensor([1, 0, 1, 1], dtype=torch.uint8))
    assert condition_precision(missing, missing, LABELS).value == 1
    assert condition_recall(missing, missing, LABELS).value == pytest.approx(3 / 5)


def test_a_wrong_object_is_counted_right() -> None:
    wrong = samples(C[2:], C[2:].roll(1, 1))
    assert count_accuracy(wrong, wrong, LABELS).value == 1
    assert condition_f1(wrong, wrong, LABELS).value == 0


@pytest.mark.parametrize("metric", ALL)
@pytest.mark.parametrize("condition", [c for c in ONE_OF_EACH if not isinstance(c, MultiLabel)])
def test_conditions_with_a_fixed_number_of_values_have_no_score(metric: Metric, condition: Condition) -> None:
    c = condition.sample(condition.each_value())
    assert isnan(metric(samples(c, c, condition), samples(c, c, condition), condition).value)


def test_nothing_recognised_has_no_precision_and_zero_f1() -> None:
    empty = samples(C, torch.zeros_like(C))
    assert isnan(condition_precision(empty, empty, LABELS).value)
    assert condition_f1(empty, empty, LABELS).value == 0


def test_nothing_wanted_has_no_recall() -> None:
    empty = samples(torch.zeros_like(C), C)
    assert isnan(condition_recall(empty, empty, LABELS).value)
    assert condition_precision(empty, empty, LABELS).value == 0


@pytest.mark.parametrize("metric", ALL)
def test_no_images_have_no_score(metric: Metric) -> None:
    none = samples(C[:0], C[:0])
    assert isnan(metric(none, none, LABELS).value)
