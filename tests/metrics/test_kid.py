from math import isnan

import pytest
import torch
from torch import Tensor
from torchmetrics.image.kid import KernelInceptionDistance

from condgan.conditions import MultiLabel
from condgan.judge import Samples
from condgan.metrics import kid
from condgan.metrics.estimate import Z95

LABELS = MultiLabel("ab")


def samples(shift: float = 0.0, seed: int = 0, num: int = 300) -> Samples:
    features = torch.randn(num, 16, generator=torch.Generator().manual_seed(seed)) + shift
    return Samples(torch.zeros(num, 2), torch.zeros(num, 2), features)


def test_the_distance_of_a_set_from_itself_is_zero() -> None:
    # The estimator is unbiased for independent sets; of a set and itself it is slightly negative.
    assert -0.1 < kid(samples(), samples(), LABELS).value <= 0.01


def test_the_distance_of_two_samples_of_one_distribution_is_almost_zero() -> None:
    assert kid(samples(seed=0), samples(seed=1), LABELS).value == pytest.approx(0, abs=0.1)


def test_the_distance_grows_with_a_shift_of_the_features() -> None:
    distances = [kid(samples(shift, seed=1), samples(), LABELS).value for shift in (0, 0.5, 1, 2)]
    assert distances == sorted(distances)
    assert distances[-1] > 10 * abs(distances[0])


def test_the_distance_agrees_with_the_formula_of_the_paper() -> None:
    fakes, reals = samples(0.5, seed=1, num=400), samples(num=400)

    def kernel(a: Tensor, b: Tensor) -> Tensor:
        return (a @ b.T / 16 + 1) ** 3

    scale = reals.features.square().mean().sqrt()
    x, y = (fakes.features / scale).double(), (reals.features / scale).double()
    off = 1 - torch.eye(400)
    expected = ((kernel(x, x) + kernel(y, y)) * off).sum() / (400 * 399) - 2 * kernel(x, y).mean()
    assert kid(fakes, reals, LABELS).value == pytest.approx(float(expected), rel=0.02)


@pytest.mark.parametrize(("num_fakes", "num_reals", "size"), [(40, 61, 20), (61, 30, 15), (2400, 2600, 1000)])
def test_fifty_subsets_have_half_the_images_and_at_most_a_thousand(
    num_fakes: int, num_reals: int, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []

    def noted(distance: KernelInceptionDistance) -> tuple[Tensor, Tensor]:
        found.append((distance.subsets, distance.subset_size))
        return torch.tensor(3.0), torch.tensor(0.5)

    monkeypatch.setattr(KernelInceptionDistance, "compute", noted)
    estimate = kid(samples(num=num_fakes), samples(num=num_reals), LABELS)
    assert found == [(50, size)]
    assert estimate == pytest.approx((3, 3 - 0.5 * Z95, 3 + 0.5 * Z95))  # 95 % of a normal distribution


def test_the_distance_is_the_same_in_each_call_and_leaves_the_global_generator_unchanged() -> None:
    fakes, reals, found = samples(0.5, seed=1, num=40), samples(num=40), []
    for seed in (1, 2):
        torch.manual_seed(seed)
        state = torch.get_rng_state()
        found.append(kid(fakes, reals, LABELS))
        assert torch.equal(torch.get_rng_state(), state)
    assert found[0] == found[1]


@pytest.mark.parametrize(("num_fakes", "num_reals"), [(1, 300), (300, 1), (3, 300), (0, 0)])
def test_fewer_than_four_images_have_no_distance(num_fakes: int, num_reals: int) -> None:
    assert isnan(kid(samples(num=num_fakes), samples(num=num_reals), LABELS).value)


def test_sets_may_differ_in_size() -> None:
    assert kid(samples(seed=1, num=50), samples(), LABELS).value == pytest.approx(0, abs=0.3)


def test_the_distance_does_not_depend_on_the_scale_of_the_features() -> None:
    fakes, reals = samples(0.5, seed=1), samples()
    large_fakes, large_reals = (Samples(s.c, s.logits, 100 * s.features) for s in (fakes, reals))
    assert kid(large_fakes, large_reals, LABELS).value == pytest.approx(kid(fakes, reals, LABELS).value, rel=1e-4)


def test_the_interval_has_a_positive_width() -> None:
    estimate = kid(samples(0.5, seed=1), samples(), LABELS)
    assert estimate.low < estimate.value < estimate.high
