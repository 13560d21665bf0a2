from math import isnan, sqrt

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from condgan.metrics.estimate import Z95, Estimate, mean, proportion


def wilson(p: float, n: float) -> tuple[float, float]:
    center, half = p + Z95**2 / (2 * n), Z95 * sqrt(p * (1 - p) / n + Z95**2 / (4 * n**2))
    return (center - half) / (1 + Z95**2 / n), (center + half) / (1 + Z95**2 / n)


def test_the_value_is_the_share_of_all_trials() -> None:
    assert proportion(torch.tensor([1, 3, 0]), torch.tensor([1, 3, 4])).value == 0.5


def test_independent_trials_have_the_interval_of_wilson() -> None:
    estimate = proportion(torch.tensor([1] * 30 + [0] * 10), torch.ones(40))
    assert (estimate.low, estimate.high) == pytest.approx(wilson(0.75, 40))


def test_the_interval_of_67_hits_in_72_trials() -> None:
    estimate = proportion(torch.tensor([1] * 67 + [0] * 5), torch.ones(72))
    assert (round(estimate.low, 3), round(estimate.high, 3)) == (0.848, 0.970)


def test_trials_of_one_sample_that_agree_count_as_one() -> None:
    together = proportion(torch.tensor([3] * 30 + [0] * 10), torch.full((40,), 3))
    assert (together.low, together.high) == pytest.approx(wilson(0.75, 40))
    apart = proportion(torch.tensor([1] * 90 + [0] * 30), torch.ones(120))
    assert together.value == apart.value
    assert together.high - together.low > apart.high - apart.low


@pytest.mark.parametrize("hit", [0, 1])
def test_all_or_no_hits_have_an_interval_of_positive_width(hit: int) -> None:
    estimate = proportion(torch.full((12,), 2 * hit), torch.full((12,), 2))
    assert estimate.value == hit
    assert estimate.high - estimate.low == pytest.approx(Z95**2 / (12 + Z95**2))
    assert hit in (estimate.low, estimate.high)


@pytest.mark.parametrize("hits", [[1, 0, 2], [1, 2, 2], [0, 0, 0]])  # some, all and none of the trials
def test_samples_without_trials_change_nothing(hits: list[int]) -> None:
    trials = torch.tensor([1, 2, 2])
    padded = proportion(torch.tensor([*hits, *[0] * 5]), torch.cat([trials, torch.zeros(5)]))
    assert padded == pytest.approx(proportion(torch.tensor(hits), trials))


def test_no_trials_are_refused() -> None:
    with pytest.raises(ValueError, match="no trials"):
        proportion(torch.zeros(3), torch.zeros(3))


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1).filter(lambda rows: any(map(sum, rows))))
def test_value_and_interval_are_between_zero_and_one(rows: list[tuple[int, int]]) -> None:
    hits, misses = torch.tensor(rows).T
    estimate = proportion(hits, hits + misses)
    assert 0 <= estimate.low <= estimate.value + 1e-9
    assert estimate.value <= estimate.high + 1e-9 <= 1 + 1e-9


def test_variance_that_is_only_rounding_is_none() -> None:
    """One hit of V in each sample: some V leave a variance of 1e-36."""
    for num_trials in range(2, 60):
        estimate = proportion(torch.ones(20), torch.full((20,), num_trials))
        assert estimate.high - estimate.low > 0.01


@pytest.mark.parametrize("hit", [0, 1])
def test_rounding_does_not_move_an_interval_beyond_zero_or_one(hit: int) -> None:
    """The sums of some of these sizes exceed the bound by 1e-16."""
    for n in range(1, 60):
        estimate = proportion(torch.full((n,), hit), torch.ones(n))
        assert 0 <= estimate.low < estimate.high <= 1


def test_more_samples_narrow_the_interval() -> None:
    hits, trials = torch.tensor([1, 0, 2, 1]), torch.tensor([1, 2, 2, 3])
    few, many = proportion(hits, trials), proportion(hits.repeat(100), trials.repeat(100))
    assert many.value == pytest.approx(few.value)
    assert many.high - many.low < 0.2 * (few.high - few.low)


def test_an_estimate_is_formatted_as_value_and_interval() -> None:
    assert str(Estimate(0.5, 0.25, 0.75)) == "0.500 [0.250, 0.750]"


def test_the_interval_of_a_mean_agrees_with_a_hand_computed_case() -> None:
    # mean 3, standard deviation sqrt(2.5), over sqrt(5) is sqrt(0.5); 2.7764 at 4 degrees of freedom
    value, low, high = mean([1, 2, 3, 4, 5])
    assert (value, low, high) == pytest.approx((3, 3 - 2.7764 * 0.5**0.5, 3 + 2.7764 * 0.5**0.5), abs=1e-4)


def test_two_values_have_the_interval_of_one_degree_of_freedom() -> None:
    assert mean([1, 3]) == pytest.approx((2, 2 - 12.7062, 2 + 12.7062), abs=1e-4)  # Student's 97.5 % point


def test_the_interval_of_a_single_value_is_unknown() -> None:
    value, low, high = mean([0.3])
    assert value == 0.3
    assert isnan(low)
    assert isnan(high)
