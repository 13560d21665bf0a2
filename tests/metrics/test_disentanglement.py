"""Scores of codes that are known: a factor each, in another order, rotated, and random."""

from collections.abc import Callable
from math import log

import numpy as np
import pytest
import torch
from torch import Tensor

from condgan.conditions import Codes
from condgan.metrics import dci, factor_vae_score, information_bound, mig
from condgan.metrics.dci import completeness, disentanglement
from condgan.metrics.discretised import discretised
from condgan.metrics.mig import mutual_information

N = 2000
RANDOM = torch.Generator().manual_seed(0)
FACTORS = torch.stack([torch.randint(size, (N,), generator=RANDOM) for size in (4, 3, 5)], dim=1)
NOISE = torch.randn(N, 3, generator=RANDOM).double()
CENTERED = (FACTORS.double() - FACTORS.double().mean(0)) / FACTORS.double().std(0)
PERFECT = CENTERED + 0.01 * NOISE
ROTATION = torch.linalg.qr(torch.tensor([[2.0, 2, 1], [-2, 1, 2], [1, -2, 2]]).double()).Q  # mixes all three alike
CHANCE = (1 / 4 + 1 / 3 + 1 / 5) / 3
CASES = {
    "perfect": PERFECT,
    "permuted": PERFECT[:, [2, 0, 1]],
    "renamed": torch.stack([FACTORS[:, 0] * 7 % 4, 2 - FACTORS[:, 1], FACTORS[:, 2]], dim=1),
    "rotated": PERFECT @ ROTATION,
    "random": NOISE,
}


def scores_of(codes: Tensor) -> dict[str, float]:
    found = dci(codes[:1000], FACTORS[:1000])  # slower than the others
    return {
        "mig": mig(codes, FACTORS).value,
        "factor_vae": factor_vae_score(codes, FACTORS).value,
        "disentanglement": found.disentanglement.value,
        "completeness": found.completeness.value,
        "informativeness": found.informativeness.value,
    }


@pytest.fixture(scope="module")
def scores() -> dict[str, dict[str, float]]:
    return {name: scores_of(codes) for name, codes in CASES.items()}


@pytest.mark.parametrize("case", ["perfect", "permuted", "renamed"])
def test_a_code_for_each_factor_scores_one(scores: dict[str, dict[str, float]], case: str) -> None:
    found = scores[case]
    assert found["mig"] > 0.98
    assert found["factor_vae"] == 1
    assert found["disentanglement"] > 0.95
    assert found["completeness"] > 0.95
    assert found["informativeness"] > 0.98


def test_rotated_codes_are_informative_and_not_disentangled(scores: dict[str, dict[str, float]]) -> None:
    found, best = scores["rotated"], scores["perfect"]
    assert found["mig"] < 0.3
    assert found["factor_vae"] < 0.95
    assert found["disentanglement"] < best["disentanglement"] - 0.3
    assert found["completeness"] < best["completeness"] - 0.3
    assert found["informativeness"] > CHANCE + 0.1


def test_random_codes_score_at_chance(scores: dict[str, dict[str, float]]) -> None:
    found = scores["random"]
    assert found["mig"] < 0.02
    assert found["factor_vae"] == pytest.approx(1 / 3, abs=0.1)
    assert found["disentanglement"] == found["completeness"] == 0
    assert found["informativeness"] == pytest.approx(CHANCE, abs=0.05)


def test_two_codes_for_one_factor_have_no_gap_and_are_disentangled() -> None:
    codes = torch.cat([PERFECT, PERFECT[:, :1] + 0.01 * NOISE[:, 1:2]], dim=1)
    assert mig(codes, FACTORS).value == pytest.approx(2 / 3, abs=0.03)
    found = dci(codes[:1000], FACTORS[:1000])
    assert found.disentanglement.value > 0.95
    assert found.completeness.value < 0.95


def test_the_gap_agrees_with_the_formula_of_the_paper() -> None:
    codes = torch.stack([FACTORS[:, 0], FACTORS[:, 0] // 2, FACTORS[:, 1] * 2 + FACTORS[:, 0] % 2], dim=1)

    def entropy(*columns: np.ndarray) -> float:
        shares = np.unique(np.stack(columns, 1), axis=0, return_counts=True)[1] / N
        return float(-(shares * np.log(shares)).sum())

    gaps = []
    for factor in FACTORS.numpy().T:
        informations = [entropy(code) + entropy(factor) - entropy(code, factor) for code in codes.numpy().T]
        second, first = sorted(informations)[-2:]
        gaps.append((first - second) / entropy(factor))
    assert mig(codes, FACTORS).value == pytest.approx(np.mean(gaps))


def test_mutual_information_of_a_code_and_itself_is_its_entropy() -> None:
    found = mutual_information(discretised(FACTORS), discretised(FACTORS))
    assert found.diagonal().tolist() == pytest.approx([log(4), log(3), log(5)], abs=0.01)
    assert found.fill_diagonal_(0).max() < 0.01


def test_disentanglement_and_completeness_agree_with_the_formulas_of_the_paper() -> None:
    importance = np.array([[3.0, 1.0], [0.0, 2.0], [1.0, 1.0], [0.0, 0.0]])

    def entropy(shares: np.ndarray, base: int) -> float:
        shares = shares[shares > 0] / shares.sum()
        return float(-(shares * np.log(shares)).sum() / np.log(base))

    weights = importance.sum(1) / importance.sum()
    expected = sum(w * (1 - entropy(row, 2)) for w, row in zip(weights, importance, strict=True) if w)
    assert disentanglement(torch.tensor(importance)) == pytest.approx(expected)
    assert completeness(torch.tensor(importance)) == pytest.approx(np.mean([1 - entropy(c, 4) for c in importance.T]))


def test_codes_without_importance_score_zero() -> None:
    assert disentanglement(torch.zeros(3, 2)) == completeness(torch.zeros(3, 2)) == 0


def test_numbers_are_binned_and_categories_are_not() -> None:
    columns = torch.stack([torch.linspace(0, 1, 100), torch.arange(100.0) % 20], dim=1)
    bins, categories = discretised(columns).T
    assert torch.bincount(bins).tolist() == [5] * 20
    assert torch.equal(categories, (torch.arange(100) % 20))


@pytest.mark.parametrize("score", [mig, dci])
def test_few_images_are_refused(score: Callable[[Tensor, Tensor], object]) -> None:
    with pytest.raises(ValueError, match="found 19 images"):
        score(PERFECT[:19], FACTORS[:19])


@pytest.mark.parametrize("score", [mig, factor_vae_score])
def test_factors_that_do_not_vary_are_refused(score: Callable[[Tensor, Tensor], object]) -> None:
    with pytest.raises(ValueError, match="that varies"):
        score(PERFECT, torch.ones_like(FACTORS))


def test_factors_that_do_not_vary_are_left_out() -> None:
    more = torch.cat([FACTORS, torch.ones(N, 1, dtype=torch.int64)], dim=1)
    assert mig(PERFECT, more).value == pytest.approx(mig(PERFECT, FACTORS).value)
    assert factor_vae_score(PERFECT, more).value == 1


def test_a_code_that_does_not_vary_gets_no_votes() -> None:
    assert factor_vae_score(torch.cat([torch.zeros(N, 1), PERFECT], dim=1), FACTORS).value == 1


CODES = Codes({"digit": 4, "style": 2}, ("slant",), continuous_weight=0.1)


def certain(c: Tensor, strength: float) -> Tensor:
    """Logits that predict the codes, the surer the stronger; the Gaussian is as narrow as the likelihood allows."""
    hot = CODES.encode(c)[:, :6] * strength
    return torch.cat([hot, c[:, 2:], torch.full((len(c), 1), -strength)], dim=1)


def test_codes_that_can_be_read_have_all_of_their_information() -> None:
    c = CODES.sample(torch.zeros(200, 1))
    found = information_bound(CODES, certain(c, 50.0), c)
    assert found["digit"].value == pytest.approx(log(4))
    assert found["style"].value == pytest.approx(log(2))
    assert found["slant"].value == pytest.approx(log(2) - 0.5 * (log(2 * np.pi) - 6))  # the variance is at least e^-6


def test_a_network_that_predicts_the_prior_has_no_information() -> None:
    c = CODES.sample(torch.zeros(200, 1))
    found = information_bound(CODES, certain(c, 0.0), c)
    assert found["digit"].value == found["style"].value == pytest.approx(0, abs=1e-6)


def test_the_bound_agrees_with_a_hand_computed_case() -> None:
    codes = Codes({"digit": 2})
    logits = torch.tensor([[0.8, 0.2], [0.4, 0.6]]).log()
    found = information_bound(codes, logits, torch.tensor([[0.0], [1.0]]))["digit"]
    values = [log(2) + log(0.8), log(2) + log(0.6)]
    assert found.value == pytest.approx(np.mean(values))
    assert found.low < found.value < found.high


def test_wrong_predictions_are_below_zero() -> None:
    c = torch.tensor([[0.0, 0.0, 0.0]])
    assert information_bound(CODES, certain(c + torch.tensor([1.0, 1, 0]), 3.0), c)["digit"].value < 0


def test_a_factor_that_varies_in_one_part_of_the_images_adds_little_noise() -> None:
    factors = torch.stack([torch.arange(500) % 5, torch.arange(500) == 250], dim=1).long()
    estimate = mig(factors[:, :1], factors)
    assert estimate.high - estimate.low < 0.6
