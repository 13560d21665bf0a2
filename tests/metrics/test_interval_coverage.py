"""Intervals of 95 % contain the true value in 93 to 97 % of many repetitions with a known truth."""

from collections.abc import Callable
from statistics import fmean

import pytest
import torch
from torch import Tensor

from condgan.conditions import Class, MultiLabel
from condgan.judge import Samples
from condgan.metrics import (
    Comparison,
    Estimate,
    Metric,
    compare,
    condition_f1,
    condition_precision,
    condition_recall,
    count_accuracy,
    coverage,
    density,
    difference,
    diversity,
    exact_accuracy,
    fid,
    kid,
    memorisation,
    precision,
    recall,
)
from feature_samples import CONDITION, with_features

LABELS = MultiLabel("abcdef")
LOW, HIGH = 0.93, 0.97


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)


def share_covered(draw: Callable[[], Estimate], truth: float | None = None, repeats: int = 500) -> float:
    """How often the interval contains the truth; without one, the mean of the values, for unbiased ones."""
    estimates = [draw() for _ in range(repeats)]
    truth = fmean(estimate.value for estimate in estimates) if truth is None else truth
    return fmean(low <= truth <= high for _, low, high in estimates)


def features(num: int, dim: int = 6, shift: float = 0.0) -> Tensor:
    return torch.randn(num, dim) + shift


def labelled(num: int) -> Samples:
    """Images that differ in quality: a poor one lacks many wanted labels and shows others instead."""
    quality = 0.4 + 0.6 * torch.rand(num, 1)
    c = (torch.rand(num, 6) < 0.4).to(torch.uint8)
    shown = torch.rand(num, 6) < torch.where(c.bool(), quality, 0.4 * (1 - quality))
    return Samples(c, 2.0 * shown - 1, torch.zeros(num, 1))


@pytest.mark.parametrize(
    "metric", [condition_f1, condition_precision, condition_recall, exact_accuracy, count_accuracy]
)
def test_intervals_of_accuracies_are_honest_although_errors_of_an_image_go_together(metric: Metric) -> None:
    many = labelled(100_000)
    truth = metric(many, many, LABELS).value

    def draw() -> Estimate:
        few = labelled(80)
        return metric(few, few, LABELS)

    assert LOW <= share_covered(draw, truth, 1000) <= HIGH


@pytest.mark.parametrize("metric", [precision, density])
def test_intervals_of_precision_and_density_are_honest_for_other_fakes(metric: Metric) -> None:
    reals = with_features(features(150))
    truth = metric(with_features(features(20_000, shift=0.4)), reals, CONDITION).value
    assert (
        LOW <= share_covered(lambda: metric(with_features(features(100, shift=0.4)), reals, CONDITION), truth) <= HIGH
    )


def test_intervals_of_recall_are_honest_for_other_reals() -> None:
    fakes = with_features(features(150, shift=0.4))
    truth = recall(fakes, with_features(features(20_000)), CONDITION).value
    assert LOW <= share_covered(lambda: recall(fakes, with_features(features(100)), CONDITION), truth) <= HIGH


def test_intervals_of_coverage_are_honest_for_other_reals() -> None:
    fakes = with_features(features(100, shift=0.8))
    assert LOW <= share_covered(lambda: coverage(fakes, with_features(features(200)), CONDITION)) <= HIGH


@pytest.mark.parametrize("shift", [0.0, 0.1, 0.3])
def test_intervals_of_kid_are_honest_for_equal_and_for_different_distributions(shift: float) -> None:
    def draw() -> Estimate:
        fakes, reals = (features(100, 16, s).relu() for s in (shift, 0))
        return kid(with_features(fakes), with_features(reals), CONDITION)

    assert LOW <= share_covered(draw) <= HIGH


def test_intervals_of_fid_are_honest_for_its_mean_at_this_number_of_images() -> None:
    def draw() -> Estimate:
        return fid(with_features(features(100, 4, 0.5)), with_features(features(100, 4)), CONDITION)

    assert LOW <= share_covered(draw, repeats=400) <= HIGH


def test_intervals_of_diversity_are_honest_for_other_conditions() -> None:
    condition = Class([str(i) for i in range(25)])
    c = torch.arange(25).repeat_interleave(6)

    def draw() -> Estimate:
        spread = 0.5 + 0.5 * torch.rand(25, 1, 1)
        fakes, reals = ((scale * spread * torch.randn(25, 6, 6)).flatten(0, 1) for scale in (0.6, 1.0))
        return diversity(with_features(fakes, c), with_features(reals, c), condition)

    assert LOW <= share_covered(draw, 0.6, 400) <= HIGH


@pytest.mark.parametrize("shift", [0.0, 0.3])
def test_intervals_of_memorisation_are_honest(shift: float) -> None:
    training = features(150)
    assert (
        LOW
        <= share_covered(lambda: memorisation(features(100, shift=shift), training, features(80)).memorisation)
        <= HIGH
    )


def test_intervals_of_the_gap_between_two_lists_are_honest() -> None:
    def draw() -> Estimate:
        seen, unseen = (
            Samples(torch.zeros(60), (torch.rand(60, 1) < p).float(), torch.zeros(60, 1)) for p in (0.95, 0.8)
        )
        return difference(*(_share(samples) for samples in (seen, unseen)))

    assert LOW <= share_covered(draw, 0.15, 2000) <= HIGH


def _share(samples: Samples) -> Estimate:
    condition = Class(("wrong", "right"))
    logits = torch.cat([1 - samples.logits, samples.logits], dim=1)
    right = Samples(torch.ones(len(samples), dtype=torch.int64), logits, samples.features)
    return exact_accuracy(right, right, condition)


def comparison(of_trainings: float, of_conditions: float, of_scores: float) -> Comparison:
    """Two systems of five and six trainings on 30 conditions that differ by 0.1 on average."""
    common = 0.3 * torch.randn(30)
    mine, theirs = (common + of_trainings * torch.randn(num, 1) + of_scores * torch.randn(num, 30) for num in (5, 6))
    return compare(mine + 0.1 + of_conditions * torch.randn(30), theirs)


def test_intervals_of_a_comparison_are_honest_about_what_they_are_over() -> None:
    only_conditions = share_covered(lambda: comparison(0.0, 0.2, 0.1).over_conditions, 0.1, 1000)
    only_trainings = share_covered(lambda: comparison(0.1, 0.0, 0.1).over_runs, 0.1, 1000)
    assert LOW <= only_conditions <= HIGH
    assert LOW <= only_trainings <= HIGH


@pytest.mark.parametrize(("of_trainings", "of_conditions"), [(0.05, 0.2), (0.1, 0.1)])
def test_intervals_over_both_are_honest_where_intervals_over_one_are_not(
    of_trainings: float, of_conditions: float
) -> None:
    found = [comparison(of_trainings, of_conditions, 0.1) for _ in range(1000)]
    both = iter(found)
    assert LOW <= share_covered(lambda: next(both).over_both, 0.1, 1000) <= HIGH
    one = iter(found)
    assert share_covered(lambda: next(one).over_conditions, 0.1, 1000) < LOW
