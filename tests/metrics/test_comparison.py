from math import isnan, sqrt

import pytest
import torch
from torch import Tensor

from condgan.metrics import Estimate, compare, difference, rank_table
from condgan.metrics.estimate import in_unit, jackknife, mean, ratio, student


def scores(num_trainings: int = 4, num_conditions: int = 30, shift: float = 0.0, seed: int = 0) -> Tensor:
    """Scores with noise of 0.05 for each training and of 0.02 for each score; conditions differ by 0.3."""
    random = torch.Generator().manual_seed(seed)
    conditions = 0.3 * torch.randn(num_conditions, generator=torch.Generator().manual_seed(99))
    trainings = 0.05 * torch.randn(num_trainings, 1, generator=random)
    return conditions + trainings + 0.02 * torch.randn(num_trainings, num_conditions, generator=random) + shift


def test_the_intervals_agree_with_a_hand_computed_case() -> None:
    mine, theirs = torch.tensor([[0.6, 0.4], [0.8, 0.8]]).double(), torch.tensor([[0.1, 0.2], [0.3, 0.2]]).double()
    found = compare(mine, theirs)
    # By condition 0.7 - 0.2 and 0.6 - 0.2; by training 0.5 and 0.8, 0.15 and 0.25.
    assert found.over_conditions == pytest.approx(mean([0.5, 0.4]))
    variance = (0.3**2 / 2) / 2 + (0.1**2 / 2) / 2
    degrees = variance**2 / (((0.3**2 / 2) / 2) ** 2 + ((0.1**2 / 2) / 2) ** 2)
    half = student(degrees) * sqrt(variance)
    assert found.over_runs == pytest.approx((0.45, 0.45 - half, 0.45 + half))


def test_conditions_are_paired() -> None:
    """The conditions differ by ten times as much as the systems."""
    mine, theirs = scores(shift=0.1, seed=1), scores(seed=2)
    assert compare(mine, theirs).over_conditions.low > 0
    shuffled = compare(mine, theirs[:, torch.randperm(30, generator=torch.Generator().manual_seed(0))])
    assert shuffled.over_conditions.value == pytest.approx(compare(mine, theirs).over_conditions.value)
    assert shuffled.over_conditions.low < 0 < shuffled.over_conditions.high


def test_the_difference_changes_its_sign_when_the_systems_are_exchanged() -> None:
    one, other = (compare(*pair) for pair in [(scores(seed=1), scores(seed=2)), (scores(seed=2), scores(seed=1))])
    for mine, theirs in zip(one, other, strict=True):
        assert mine == pytest.approx((-theirs.value, -theirs.high, -theirs.low))


def test_the_order_of_trainings_and_conditions_does_not_matter() -> None:
    mine, theirs = scores(seed=1), scores(seed=2)
    for turned, straight in zip(compare(mine.flip(0).flip(1), theirs.flip(1)), compare(mine, theirs), strict=True):
        assert turned == pytest.approx(straight)


def test_a_system_does_not_differ_from_itself() -> None:
    assert compare(scores(), scores()).within_noise
    assert compare(scores(), scores()).over_both.value == 0


def test_one_training_has_an_interval_over_conditions_only() -> None:
    found = compare(scores(1, shift=0.5), scores(3, seed=2))
    assert isnan(found.over_runs.low)
    assert isnan(found.over_both.high)
    assert not found.within_noise
    assert compare(scores(1, shift=0.5), scores(1, shift=0.5)).within_noise


def test_the_noise_of_trainings_hides_a_difference_that_conditions_alone_would_show() -> None:
    found = compare(scores(3, shift=0.06, seed=1), scores(3, seed=4))
    assert found.over_conditions.low > 0
    assert found.over_both.low < 0
    assert found.within_noise


def test_the_interval_over_both_is_the_widest() -> None:
    for seed in range(20):
        found = compare(scores(3, 8, seed=seed), scores(2, 8, seed=seed + 100))
        assert found.over_both.high >= max(found.over_conditions.high, found.over_runs.high)


def test_noise_of_single_scores_alone_leaves_intervals_over_both_finite() -> None:
    """Then the variances of trainings and conditions nearly cancel with that of single scores."""
    random = torch.Generator().manual_seed(0)
    found = [compare(*torch.rand(2, 2, 10, generator=random)) for _ in range(200)]
    assert max(each.over_both.high - each.over_both.low for each in found) < 10


def test_several_comparisons_at_once_have_wider_intervals() -> None:
    one, many = (compare(scores(seed=1), scores(seed=2), num) for num in (1, 10))
    assert all(b.high > a.high for a, b in zip(one, many, strict=True))


@pytest.mark.parametrize("shape", [(3, 4), (3, 1)])
def test_other_or_too_few_conditions_are_refused(shape: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="the same conditions"):
        compare(torch.zeros(shape), torch.zeros(3, 5 if shape[1] > 1 else 1))


def test_systems_are_ranked_by_score_and_share_ranks_within_noise() -> None:
    table = rank_table({"bad": scores(seed=1), "good": scores(seed=2, shift=2), "same": scores(seed=3, shift=2)})
    assert {row.system: (row.best, row.worst) for row in table} == {"good": (1, 2), "same": (1, 2), "bad": (3, 3)}
    assert [row.score for row in table] == sorted([row.score for row in table], reverse=True)


def test_a_lower_score_may_be_better() -> None:
    table = rank_table({"far": scores(shift=2), "near": scores(seed=1)}, higher_is_better=False)
    assert [(row.system, row.best, row.worst) for row in table] == [("near", 1, 1), ("far", 2, 2)]
    assert table[0].score < table[1].score


def test_one_system_has_the_first_rank() -> None:
    assert [(row.best, row.worst) for row in rank_table({"only": scores()})] == [(1, 1)]


def test_the_difference_of_two_shares_agrees_with_newcombe() -> None:
    """56 of 70 and 48 of 80: Newcombe 1998, table II, case (a), method 10."""
    a, b = Estimate(0.8, 0.6915, 0.8768), Estimate(0.6, 0.4905, 0.7004)
    assert difference(a, b) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-4)


def test_the_jackknife_of_a_mean_is_student_s_interval() -> None:
    values = [0.1, 0.5, 0.3, 0.8, 0.6]
    left_out = [sum(values[:i] + values[i + 1 :]) / 4 for i in range(5)]
    assert jackknife(0.46, left_out) == pytest.approx(mean(values))


def test_the_jackknife_adds_the_variances_of_independent_sets() -> None:
    one, both = jackknife(0.5, [0.4, 0.5, 0.6] * 20), jackknife(0.5, [0.4, 0.5, 0.6] * 20, [0.4, 0.5, 0.6] * 20)
    assert (both.high - both.low) / (one.high - one.low) == pytest.approx(sqrt(2), rel=0.02)
    assert jackknife(0.5, [0.5, 0.5], [0.5, 0.5]) == (0.5, 0.5, 0.5)


def test_a_ratio_of_proportional_values_has_no_width() -> None:
    assert ratio([1, 2, 3], [2, 4, 6]) == pytest.approx((0.5, 0.5, 0.5))
    assert isnan(ratio([1], [2]).low)


def test_bounds_of_a_score_stay_between_zero_and_one() -> None:
    assert in_unit(Estimate(0.9, -0.1, 1.2)) == (0.9, 0, 1)
    assert in_unit(Estimate(0.5, 0.4, 0.6)) == (0.5, 0.4, 0.6)
