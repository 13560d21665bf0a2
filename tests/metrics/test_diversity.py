from math import isnan

import pytest
import torch
from torch import Tensor

from condgan.conditions import Class, MultiLabel
from condgan.metrics import Estimate, diversity
from feature_samples import normal, with_features

CONDITION = Class(("a", "b", "c"))
C = torch.arange(3).repeat_interleave(20)


def score(fakes: Tensor, reals: Tensor, c: Tensor = C, others: Tensor = C) -> Estimate:
    return diversity(with_features(fakes, c), with_features(reals, others), CONDITION)


def test_the_score_agrees_with_a_hand_computed_case() -> None:
    fakes = torch.tensor([[0.0], [1], [5], [7], [9]])
    reals = torch.tensor([[0.0], [3], [6], [6], [10]])
    c, others = torch.tensor([0, 0, 1, 1, 2]), torch.tensor([0, 0, 0, 1, 1])
    # class 0: 1 over (3 + 6 + 3) / 3 = 4; class 1: 2 over 4; class 2 has no reals
    assert score(fakes, reals, c, others).value == pytest.approx((1 + 2) / (4 + 4))


def test_a_generator_that_ignores_its_latent_has_no_diversity() -> None:
    assert score(torch.eye(6)[C], normal(60)).value == pytest.approx(0, abs=1e-6)


def test_diversity_is_one_for_real_images_and_grows_with_the_spread() -> None:
    reals, fakes = normal(60) + 5 * C[:, None], normal(60, seed=1) - 3 * C[:, None]
    assert score(reals, reals).value == pytest.approx(1)
    assert score(fakes, reals).value == pytest.approx(1, abs=0.15)
    assert score(2 * fakes, reals).value == pytest.approx(2 * score(fakes, reals).value)


def test_diversity_does_not_depend_on_the_order_or_on_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    fakes, reals, order = normal(60, seed=1), normal(60), torch.arange(60).flip(0)
    whole = score(fakes, reals)
    assert score(fakes[order], reals, C[order]) == pytest.approx(whole)
    monkeypatch.setattr("condgan.metrics.distances.ENTRIES", 30)
    assert score(fakes, reals) == pytest.approx(whole)


def test_collapse_within_one_condition_lowers_the_score_by_its_share() -> None:
    reals = normal(60)
    collapsed = torch.where(C[:, None] == 1, reals[:1], reals)
    assert score(collapsed, reals).value == pytest.approx(2 / 3, abs=0.05)


def test_one_condition_has_a_value_without_bounds() -> None:
    estimate = score(normal(20), normal(20), C[:20], C[:20])
    assert estimate.value == pytest.approx(1)
    assert isnan(estimate.low)


@pytest.mark.parametrize("c", [C + 3, torch.arange(60)])  # no real image of the condition, one fake of each
def test_conditions_without_two_images_of_a_kind_have_no_score(c: Tensor) -> None:
    assert isnan(score(normal(60), normal(60), c).value)


def test_reals_that_do_not_differ_have_no_score() -> None:
    assert isnan(score(normal(60), torch.ones(60, 6)).value)


def test_sets_of_labels_are_compared_as_a_whole() -> None:
    labels = torch.tensor([[1, 0], [1, 0], [1, 1], [1, 1]], dtype=torch.uint8)
    fakes, reals = torch.tensor([[0.0], [1], [0], [1]]), torch.tensor([[0.0], [2], [0], [4]])
    found = diversity(with_features(fakes, labels), with_features(reals, labels), MultiLabel("ab"))
    assert found.value == pytest.approx(2 / 6)
