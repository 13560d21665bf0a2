"""Laws of every metric in the tables, for every kind of condition."""

from math import isfinite, isnan

import pytest
import torch
from torch import Tensor

from condgan.conditions import Class, Condition
from condgan.judge import Samples
from condgan.metrics import CONDITION_METRICS, FEATURE_METRICS, LOWER_IS_BETTER
from feature_samples import normal
from known_conditions import confident_logits, each

ALL = CONDITION_METRICS | FEATURE_METRICS
metrics = pytest.mark.parametrize("name", ALL)


def samples(condition: Condition, c: Tensor, seed: int, strength: float = 1.0) -> Samples:
    random = torch.Generator().manual_seed(seed)
    logits = confident_logits(condition, c, strength)
    return Samples(c, logits + torch.randn(logits.shape, generator=random), normal(len(c), seed=seed))


def conditions(condition: Condition) -> Tensor:
    return condition.sample(condition.each_value()).repeat_interleave(12, dim=0)


def test_tables_are_consistent() -> None:
    assert set(ALL) >= LOWER_IS_BETTER
    assert not set(CONDITION_METRICS) & set(FEATURE_METRICS)


@metrics
@each
def test_a_score_is_finite_within_its_interval_or_absent(name: str, condition: Condition) -> None:
    c = conditions(condition)
    value, low, high = ALL[name](samples(condition, c, 1), samples(condition, c, 2), condition)
    # an interval over conditions needs two of them
    without_interval = isnan(value) or (name == "diversity" and len(c.unique(dim=0)) == 1)
    if without_interval:
        assert isnan(low)
        assert isnan(high)
    else:
        assert all(map(isfinite, (value, low, high)))
        assert low - 1e-9 <= value <= high + 1e-9


@metrics
@each
def test_a_score_does_not_depend_on_the_order_of_images(name: str, condition: Condition) -> None:
    c = conditions(condition)
    fakes, reals = samples(condition, c, 1), samples(condition, c, 2)
    order = torch.randperm(len(c), generator=torch.Generator().manual_seed(0))
    turned = Samples(fakes.c[order], fakes.logits[order], fakes.features[order])
    value, other = (ALL[name](s, reals, condition).value for s in (fakes, turned))
    assert other == pytest.approx(value, nan_ok=True)


@pytest.mark.parametrize("name", CONDITION_METRICS)
@each
def test_a_perfect_generator_has_the_best_score(name: str, condition: Condition) -> None:
    c = conditions(condition)
    perfect = Samples(c, confident_logits(condition, c, 9.0), normal(len(c)))
    value = CONDITION_METRICS[name](perfect, perfect, condition).value
    assert isnan(value) or value == (0 if name in LOWER_IS_BETTER else 1)


@pytest.mark.parametrize("name", CONDITION_METRICS)
@each
def test_accuracies_do_not_depend_on_the_reals_or_on_features(name: str, condition: Condition) -> None:
    c = conditions(condition)
    fakes = samples(condition, c, 1)
    other = Samples(fakes.c, fakes.logits, normal(len(c), seed=9))
    first, second = (CONDITION_METRICS[name](fakes, reals, condition) for reals in (other, samples(condition, c, 3)))
    assert first == pytest.approx(second, nan_ok=True)
    assert CONDITION_METRICS[name](other, other, condition) == pytest.approx(first, nan_ok=True)


@pytest.mark.parametrize("name", FEATURE_METRICS)
@each
def test_scores_of_features_do_not_depend_on_logits(name: str, condition: Condition) -> None:
    c = conditions(condition)
    fakes, reals = samples(condition, c, 1), samples(condition, c, 2)
    other = Samples(fakes.c, -fakes.logits, fakes.features)
    found, expected = (tuple(FEATURE_METRICS[name](s, reals, condition)) for s in (other, fakes))
    assert found == pytest.approx(expected, rel=0, abs=0, nan_ok=True)


@pytest.mark.parametrize("name", sorted(set(FEATURE_METRICS) - {"diversity"}))
def test_half_of_a_set_is_nearer_to_the_other_half_than_a_shifted_one(name: str) -> None:
    whole, c = normal(600, seed=1), torch.zeros(300, dtype=torch.int64)
    a, b, far = (Samples(c, torch.zeros(300, 2), part) for part in (whole[:300], whole[300:], whole[:300] + 2))
    near, shifted = (FEATURE_METRICS[name](fakes, b, Class(("a", "b"))).value for fakes in (a, far))
    assert (shifted > near) is (name in LOWER_IS_BETTER)
