from collections.abc import Iterator
from math import isnan
from weakref import ReferenceType, ref

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm
from torch import Tensor, nn
from torchmetrics.image.fid import FrechetInceptionDistance

from condgan.metrics import FeatureStatistics, fid, frechet_distance
from feature_samples import CONDITION, normal, with_features


def distance(a: Tensor, b: Tensor) -> float:
    return fid(with_features(a), with_features(b), CONDITION).value


def correlated(num: int, seed: int) -> Tensor:
    """Features of 16 dimensions with different variances and correlations, one without variance."""
    mixed = normal(num, 16, seed=seed) @ normal(16, 16, seed=9) + torch.arange(16.0)
    return torch.cat([mixed.relu(), torch.ones(num, 1)], dim=1)


def by_definition(a: Tensor, b: Tensor) -> float:
    """|m_a - m_b|^2 + tr(C_a + C_b - 2 (C_a C_b)^(1/2)): Heusel et al. 2017, with a general root of the product."""
    x, y = a.double().numpy(), b.double().numpy()
    covariances = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    root = sqrtm(covariances[0] @ covariances[1] + 1e-10 * np.eye(x.shape[1]))
    means = ((x.mean(0) - y.mean(0)) ** 2).sum()
    return float(means + np.trace(covariances[0]) + np.trace(covariances[1]) - 2 * np.trace(root).real)


@pytest.mark.parametrize("change", [0.9, 1.0, 1.5])
def test_the_distance_agrees_with_the_formula_of_the_paper(change: float) -> None:
    a, b = change * correlated(300, seed=1), correlated(200, seed=2)
    assert distance(a, b) == pytest.approx(by_definition(a, b), rel=1e-3)


def test_the_distance_agrees_with_that_of_torchmetrics() -> None:
    a, b = correlated(300, seed=1), 1.2 * correlated(200, seed=2)
    feature = nn.Identity()
    feature.num_features = torch.tensor(17)
    other = FrechetInceptionDistance(feature=feature)
    other.update(a.double(), real=False)
    other.update(b.double(), real=True)
    assert distance(a, b) == pytest.approx(float(other.compute()), rel=1e-3)


def test_a_shift_of_all_features_adds_its_square() -> None:
    a = normal(100)
    assert distance(a + 2, a) == pytest.approx(6 * 4)


def test_the_distance_of_a_set_from_itself_is_zero_and_does_not_depend_on_the_order() -> None:
    a, b = correlated(100, seed=1), correlated(100, seed=2)
    assert distance(a, a) == pytest.approx(0, abs=1e-3)
    order = torch.randperm(100, generator=torch.Generator().manual_seed(0))
    assert distance(a[order], b) == pytest.approx(distance(a, b))
    assert distance(b, a) == pytest.approx(distance(a, b))


def test_the_distance_falls_with_the_number_of_images() -> None:
    found = [distance(normal(n, 16, seed=1), normal(n, 16, seed=2)) for n in (30, 100, 300, 1000)]
    assert found == sorted(found, reverse=True)


def test_fewer_images_than_features_have_a_distance() -> None:
    a, b = normal(30, 64, seed=1), normal(30, 64, 2.0, seed=2)
    assert distance(a, b) == pytest.approx(by_definition(a, b), rel=1e-3)


@pytest.mark.parametrize("batch_size", [1, 7, 64, 300])
def test_statistics_do_not_depend_on_the_batches_that_features_come_in(batch_size: int) -> None:
    features = correlated(300, seed=1)
    whole, streamed = FeatureStatistics.of([features]), FeatureStatistics.of(features.split(batch_size))
    assert streamed.counts.tolist() == [30] * 10
    torch.testing.assert_close(streamed.sums, whole.sums)
    torch.testing.assert_close(streamed.products, whole.products)
    reals = FeatureStatistics.of([correlated(200, seed=2)])
    assert frechet_distance(streamed, reals) == pytest.approx(frechet_distance(whole, reals))


def test_statistics_of_a_stream_keep_no_features() -> None:
    """Of 50,000 images, no more than the batch that is summed and the one before it are there at any time."""
    alive: list[ReferenceType[Tensor]] = []
    most = 0

    def stream() -> Iterator[Tensor]:
        nonlocal most
        for seed in range(50):
            features = normal(1000, seed=seed)
            alive.append(ref(features))
            most = max(most, sum(each() is not None for each in alive))
            yield features

    assert FeatureStatistics.of(stream()).counts.sum() == 50_000
    assert most <= 2


def test_statistics_of_no_batches_are_refused() -> None:
    with pytest.raises(ValueError, match="no features"):
        FeatureStatistics.of([])


@pytest.mark.parametrize(("num_fakes", "num_reals", "is_defined"), [(19, 300, False), (300, 19, False), (20, 20, True)])
def test_fewer_than_twenty_images_have_no_distance(num_fakes: int, num_reals: int, is_defined: bool) -> None:
    assert isnan(distance(normal(num_fakes), normal(num_reals))) is not is_defined


def test_the_interval_contains_the_value_and_narrows_with_more_images() -> None:
    few, many = (
        fid(with_features(normal(n, shift=0.5, seed=1)), with_features(normal(n)), CONDITION) for n in (100, 1600)
    )
    assert few.low < few.value < few.high
    assert many.high - many.low < (few.high - few.low) / 2
