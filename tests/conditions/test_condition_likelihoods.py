import math

import pytest
import torch
from torch.distributions import Independent, Normal
from torch.nn.functional import binary_cross_entropy, cross_entropy

from condgan.conditions import Class, Codes, MultiLabel
from known_conditions import DIGIT, FACE, FRUIT


def test_nll_of_a_class_is_cross_entropy() -> None:
    logits, c = torch.randn(5, 4), torch.tensor([0, 3, 1, 1, 2])
    by_hand = -torch.stack([logits[i].softmax(0)[c[i]].log() for i in range(5)])
    torch.testing.assert_close(Class(FRUIT).nll(logits, c), by_hand)


def test_nll_of_labels_is_the_sum_of_binary_cross_entropies() -> None:
    logits, c = torch.randn(5, 4), torch.randint(0, 2, (5, 4), dtype=torch.uint8)
    by_hand = binary_cross_entropy(logits.sigmoid(), c.float(), reduction="none").sum(1)
    torch.testing.assert_close(MultiLabel(FRUIT).nll(logits, c), by_hand)


def test_nll_of_attributes_is_the_sum_of_their_cross_entropies() -> None:
    logits, c = torch.randn(3, 5), torch.tensor([[0, 2], [1, 0], [1, 1]])
    hair, eyes = logits[:, :2], logits[:, 2:]
    by_hand = cross_entropy(hair, c[:, 0], reduction="none") + cross_entropy(eyes, c[:, 1], reduction="none")
    torch.testing.assert_close(FACE.nll(logits, c), by_hand)


def test_continuous_codes_have_a_gaussian_likelihood() -> None:
    codes = Codes({}, ("slant", "width"))
    c, mean, log_variance = torch.rand(6, 2) * 2 - 1, torch.randn(6, 2), torch.randn(6, 2)
    gaussian = Independent(Normal(mean, (log_variance / 2).exp()), 1)
    torch.testing.assert_close(codes.nll(torch.cat([mean, log_variance], 1), c), -gaussian.log_prob(c))


def test_the_variance_of_a_continuous_code_is_clipped() -> None:
    codes, c = Codes({}, ("slant",)), torch.tensor([[0.5]])
    at = {v: codes.nll(torch.tensor([[0.5, v]]), c).item() for v in (-100.0, -6.0, 6.0, 100.0)}
    assert at[-100.0] == at[-6.0] == pytest.approx(-Normal(0, math.exp(-3)).log_prob(torch.tensor(0.0)).item())
    assert at[100.0] == at[6.0] == pytest.approx(-Normal(0, math.exp(3)).log_prob(torch.tensor(0.0)).item())


def test_nll_of_codes_is_the_sum_of_the_categorical_and_the_continuous() -> None:
    c = torch.tensor([[3.0, 1.0, -0.5, 0.25]])
    logits = torch.randn(1, DIGIT.num_logits)
    categorical = Codes({"digit": 10, "style": 3}).nll(logits[:, :13], c[:, :2])
    continuous = Codes({}, ("slant", "width")).nll(logits[:, 13:], c[:, 2:])
    torch.testing.assert_close(DIGIT.nll(logits, c), categorical + continuous)


def test_continuous_weight_multiplies_the_gaussian_only() -> None:
    c, logits = torch.tensor([[3.0, 1.0, -0.5, 0.25]]), torch.randn(1, DIGIT.num_logits)
    none, whole, half = (
        Codes({"digit": 10, "style": 3}, ("slant", "width"), weight).nll(logits, c) for weight in (0, 1, 0.5)
    )
    torch.testing.assert_close(half, (none + whole) / 2)
    torch.testing.assert_close(none, Codes({"digit": 10, "style": 3}).nll(logits[:, :13], c[:, :2]))
