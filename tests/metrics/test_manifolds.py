from math import isnan

import numpy as np
import pytest
import torch
from torch import Tensor

from condgan.metrics import Metric, coverage, density, precision, recall
from feature_samples import CONDITION, normal, with_features

ALL = [precision, recall, density, coverage]


def score(metric: Metric, a: Tensor, b: Tensor) -> float:
    return metric(with_features(a), with_features(b), CONDITION).value


def by_definition(fakes: Tensor, reals: Tensor) -> dict[Metric, float]:
    """The definitions of the papers over the full matrix of distances, with k = 3 and k = 5."""
    x, y = fakes.double().numpy(), reals.double().numpy()

    def distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        found: np.ndarray = np.sqrt(((a[:, None] - b[None]) ** 2).sum(2))
        return found

    def radius(a: np.ndarray, k: int) -> np.ndarray:
        found: np.ndarray = np.sort(distances(a, a) + np.diag([np.inf] * len(a)), axis=1)[:, k - 1]
        return found

    inside = distances(x, y) <= radius(y, 5)
    return {
        precision: float((distances(x, y) <= radius(y, 3)).any(1).mean()),
        recall: float((distances(y, x) <= radius(x, 3)).any(1).mean()),
        density: float(inside.sum() / (5 * len(x))),
        coverage: float(inside.any(0).mean()),
    }


@pytest.mark.parametrize(("num_fakes", "num_reals", "shift"), [(60, 80, 0.0), (80, 60, 0.5), (7, 50, 1.0)])
def test_the_scores_agree_with_the_definitions_of_the_papers(num_fakes: int, num_reals: int, shift: float) -> None:
    fakes, reals = normal(num_fakes, shift=shift, seed=1), normal(num_reals)
    assert {metric: score(metric, fakes, reals) for metric in ALL} == pytest.approx(by_definition(fakes, reals))


def test_the_scores_agree_with_a_hand_computed_case() -> None:
    reals = torch.tensor([[0.0], [1], [2], [3], [4], [5], [106]])
    fakes = torch.tensor([[2.5], [2.5], [2.5], [2.5], [2.5], [50], [300]])
    # Radii of reals for k = 3: 3, 2, 2, 2, 2, 3, 103; for k = 5: 5, 4, 3, 3, 4, 5, 105.
    # Radii of fakes for k = 3: 0 (five times), 47.5, 297.5.
    assert score(precision, fakes, reals) == pytest.approx(5 / 7 + 1 / 7)
    assert score(density, fakes, reals) == pytest.approx((5 * 7 + 1) / (5 * 7))
    assert score(coverage, fakes, reals) == 1
    assert score(recall, fakes, reals) == pytest.approx(4 / 7)


@pytest.mark.parametrize("metric", ALL)
def test_scores_do_not_depend_on_order_scale_or_the_size_of_blocks(
    metric: Metric, monkeypatch: pytest.MonkeyPatch
) -> None:
    fakes, reals = normal(60, shift=0.5, seed=1), normal(50)
    whole = score(metric, fakes, reals)
    assert score(metric, fakes.flip(0), reals.roll(3, 0)) == pytest.approx(whole)
    assert score(metric, 10 * fakes + 5, 10 * reals + 5) == pytest.approx(whole)
    monkeypatch.setattr("condgan.metrics.distances.ENTRIES", 100)
    assert score(metric, fakes, reals) == pytest.approx(whole)


@pytest.mark.parametrize("metric", [precision, recall, coverage])
def test_a_set_is_inside_itself_and_outside_a_distant_one(metric: Metric) -> None:
    assert score(metric, normal(50), normal(50)) == 1
    assert score(metric, normal(50, shift=100), normal(50)) == 0


def test_density_and_coverage_of_equal_distributions_are_as_expected() -> None:
    fakes, reals = normal(1000, seed=1), normal(1000)
    assert score(density, fakes, reals) == pytest.approx(1, abs=0.05)
    assert score(coverage, fakes, reals) == pytest.approx(1 - 2**-5, abs=0.02)


def test_copies_of_one_image_are_precise_and_not_varied() -> None:
    fakes, reals = normal(100)[:1].repeat(100, 1) + 0.01 * normal(100, seed=1), normal(100)
    assert score(precision, fakes, reals) == 1
    assert score(recall, fakes, reals) < 0.1
    assert score(coverage, fakes, reals) < 0.2


def test_an_outlier_among_the_reals_changes_precision_more_than_density() -> None:
    far = normal(100, shift=20, seed=1)
    reals = torch.cat([normal(99), torch.full((1, 6), 20.0)])
    assert score(precision, far, reals) == 1
    assert score(density, far, reals) <= 0.2


@pytest.mark.parametrize("metric", ALL)
@pytest.mark.parametrize(("num_fakes", "num_reals"), [(4, 50), (50, 4), (0, 50), (50, 0)])
def test_fewer_than_five_images_have_no_score(metric: Metric, num_fakes: int, num_reals: int) -> None:
    assert isnan(score(metric, normal(num_fakes), normal(num_reals)))


@pytest.mark.parametrize(("metric", "fewest"), [(precision, 5), (recall, 5), (density, 7), (coverage, 7)])
def test_the_smallest_sets_with_a_score_are_as_documented(metric: Metric, fewest: int) -> None:
    assert not isnan(score(metric, normal(fewest), normal(fewest)))
    assert isnan(score(metric, normal(fewest - 1), normal(fewest)))
