from math import log

import pytest
import torch

from condgan.conditions import Attributes, Class, Codes, Condition
from condgan.judge import Samples
from condgan.metrics.generated_codes import factor_scores, information
from known_conditions import confident_logits

CODES = Codes({"a": 4, "b": 3})
ATTRIBUTES = Attributes({"color": ("red", "green", "blue", "gray"), "shape": ("cube", "ball", "cone")})
CLASSES = Class(tuple("abcd"))


def drawn(num: int = 400) -> torch.Tensor:
    """Codes of the prior, (N, 2)."""
    random = torch.Generator().manual_seed(0)
    return torch.stack([torch.randint(size, (num,), generator=random) for size in (4, 3)], dim=1).float()


def seen(condition: Condition, shown: torch.Tensor) -> Samples:
    """Images in which the judge recognises the conditions `shown` with certainty."""
    return Samples(shown, confident_logits(condition, shown, 9.0), torch.zeros(len(shown), 1))


def test_codes_that_are_the_factors_have_the_best_scores() -> None:
    c = drawn()
    scores = factor_scores(CODES, c, seen(ATTRIBUTES, c.long()), ATTRIBUTES)
    assert {name: round(estimate.value, 1) for name, estimate in scores.items()} == dict.fromkeys(
        ("mig", "completeness", "informativeness", "factor_vae_score", "disentanglement"), 1.0
    )


def test_codes_that_the_images_do_not_show_have_the_worst_scores() -> None:
    c = drawn()
    scores = factor_scores(CODES, c, seen(ATTRIBUTES, c.long().flip(0)), ATTRIBUTES)
    assert scores["mig"].value < 0.1
    assert scores["informativeness"].value < 0.5


def test_a_class_is_a_single_factor_of_which_nothing_can_be_disentangled() -> None:
    c = drawn()
    scores = factor_scores(CODES, c, seen(CLASSES, c[:, 0].long()), CLASSES)
    assert scores.keys() == {"mig", "completeness", "informativeness"}
    assert scores["mig"].value == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("num", [19, 400])
def test_images_that_all_look_alike_or_are_too_few_have_no_scores(num: int) -> None:
    c = drawn(num)
    shown = c[:, 0].long() if num < 20 else torch.zeros(num, dtype=torch.int64)
    assert factor_scores(CODES, c, seen(CLASSES, shown), CLASSES) == {}


def test_the_information_bound_is_the_entropy_of_codes_that_features_show_and_0_of_others() -> None:
    c = drawn(2000)
    samples = Samples(c, torch.empty(2000, 0), torch.eye(4)[c[:, 0].long()] * 5)
    bounds = information(CODES, c, samples, CLASSES)
    assert bounds["a"].value == pytest.approx(log(4), abs=0.1)
    assert bounds["b"].value == pytest.approx(0, abs=0.05)


def test_continuous_codes_have_a_bound_too() -> None:
    codes, c = Codes({}, ("slant",)), torch.linspace(-1, 1, 400)[torch.randperm(400)][:, None]
    assert information(codes, c, Samples(c, c, c), CLASSES)["slant"].value > 1
