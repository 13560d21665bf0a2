from importlib import import_module
from math import isnan

import numpy as np
import pytest
import torch
from torch import Tensor

from condgan.metrics import kid
from feature_samples import CONDITION, normal, with_features


def distance(a: Tensor, b: Tensor) -> float:
    return kid(with_features(a), with_features(b), CONDITION).value


def by_definition(a: Tensor, b: Tensor) -> float:
    """The double sums of Binkowski et al. 2018, eq. 4, over scaled features, one pair after the other."""
    scale = np.sqrt((b.double().numpy() ** 2).mean())
    x, y = a.double().numpy() / scale, b.double().numpy() / scale
    n, m, dim = len(x), len(y), x.shape[1]

    def kernel(u: np.ndarray, v: np.ndarray) -> float:
        return float((u @ v / dim + 1) ** 3)

    xx = sum(kernel(x[i], x[j]) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
    yy = sum(kernel(y[i], y[j]) for i in range(m) for j in range(m) if i != j) / (m * (m - 1))
    return xx + yy - 2 * sum(kernel(u, v) for u in x for v in y) / (n * m)


@pytest.mark.parametrize(("num_fakes", "num_reals", "shift"), [(30, 30, 0.0), (40, 25, 0.5), (25, 40, 1.0)])
def test_the_distance_agrees_with_the_sums_of_the_paper(num_fakes: int, num_reals: int, shift: float) -> None:
    fakes, reals = normal(num_fakes, 16, shift, seed=1).relu(), normal(num_reals, 16).relu()
    assert distance(fakes, reals) == pytest.approx(by_definition(fakes, reals), rel=1e-6)


def test_the_distance_does_not_depend_on_the_size_of_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    fakes, reals = with_features(normal(40, shift=0.5, seed=1)), with_features(normal(30))
    whole = kid(fakes, reals, CONDITION)
    monkeypatch.setattr(import_module("condgan.metrics.kid"), "ENTRIES", 100)
    assert kid(fakes, reals, CONDITION) == pytest.approx(whole)


def test_the_distance_of_a_set_from_itself_is_about_zero() -> None:
    # The estimator is unbiased for independent sets; of a set and itself it is slightly negative.
    assert -0.1 < distance(normal(300, 16), normal(300, 16)) <= 0


def test_the_distance_of_two_samples_of_one_distribution_is_almost_zero() -> None:
    assert distance(normal(300, 16, seed=1), normal(300, 16)) == pytest.approx(0, abs=0.1)


def test_the_distance_grows_with_a_shift_of_the_features() -> None:
    distances = [distance(normal(300, 16, shift, seed=1), normal(300, 16)) for shift in (0, 0.5, 1, 2)]
    assert distances == sorted(distances)
    assert distances[-1] > 10 * abs(distances[0])


def test_the_distance_does_not_depend_on_the_order_or_the_number_of_images() -> None:
    fakes, reals = normal(400, 16, 0.5, seed=1), normal(400, 16)
    assert distance(fakes.flip(0), reals) == pytest.approx(distance(fakes, reals))
    assert distance(fakes[:100], reals) == pytest.approx(distance(fakes, reals), rel=0.5)


def test_the_distance_leaves_the_global_generator_unchanged() -> None:
    state = torch.get_rng_state()
    distance(normal(30), normal(30, seed=1))
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize(("num_fakes", "num_reals"), [(1, 300), (300, 1), (3, 300), (0, 0)])
def test_fewer_than_four_images_have_no_distance(num_fakes: int, num_reals: int) -> None:
    assert isnan(distance(normal(num_fakes), normal(num_reals)))


def test_four_images_have_a_distance() -> None:
    assert not isnan(distance(normal(4), normal(4, seed=1)))


def test_the_distance_does_not_depend_on_the_scale_of_the_features() -> None:
    fakes, reals = normal(100, shift=0.5, seed=1), normal(100)
    small, large = (kid(with_features(s * fakes), with_features(s * reals), CONDITION) for s in (1, 100))
    assert large == pytest.approx(small, rel=1e-4)


def test_the_interval_contains_the_value_and_narrows_with_more_images() -> None:
    few, many = (
        kid(with_features(normal(n, shift=0.5, seed=1)), with_features(normal(n)), CONDITION) for n in (100, 1600)
    )
    assert few.low < few.value < few.high
    assert many.high - many.low < (few.high - few.low) / 2
