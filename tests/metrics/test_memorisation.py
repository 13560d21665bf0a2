import pytest
import torch

from condgan.metrics import memorisation
from feature_samples import normal


def test_the_score_agrees_with_a_hand_computed_case() -> None:
    training, held_out = torch.tensor([[0.0], [10]]), torch.tensor([[1.0], [8]])
    found = memorisation(torch.tensor([[0.5], [12], [5], [10]]), training, held_out)
    assert found.nearest.tolist()[:2] + found.nearest.tolist()[3:] == [0, 1, 1]
    assert found.distance.tolist() == pytest.approx([0.5, 2, 5, 0])
    # Held-out distances 1 and 2: of the eight pairs, 0.5 and 0 are nearer twice each, 2 is nearer half a time
    assert found.memorisation.value == pytest.approx((2 + 0.5 + 0 + 2) / 8)


def test_copies_of_training_images_score_one_and_are_found() -> None:
    training = normal(50)
    found = memorisation(training.flip(0), training, normal(30, seed=1))
    assert found.memorisation.value == 1
    assert found.memorisation.low > 0.8
    assert found.nearest.tolist() == list(range(49, -1, -1))
    assert found.distance.max() < 1e-6


def test_new_images_of_the_distribution_score_a_half() -> None:
    estimate = memorisation(normal(500, seed=2), normal(200), normal(500, seed=1)).memorisation
    assert estimate.low < 0.5 < estimate.high
    assert estimate.value == pytest.approx(0.5, abs=0.05)


def test_unrealistic_images_score_near_zero() -> None:
    assert memorisation(normal(50, shift=9), normal(50), normal(50, seed=1)).memorisation.value == 0


def test_the_score_rises_with_the_share_of_copies() -> None:
    training, others, new = normal(100), normal(100, seed=1), normal(100, seed=2)
    mixtures = [torch.cat([training[:n], new[n:]]) for n in (0, 25, 50, 100)]
    scores = [memorisation(fakes, training, others).memorisation.value for fakes in mixtures]
    assert scores == sorted(scores)
    assert scores[2] == pytest.approx(0.75, abs=0.05)


def test_held_out_images_that_are_copies_too_leave_the_score_at_a_half() -> None:
    training = torch.arange(20.0)[:, None]
    assert memorisation(training, training, training).memorisation.value == 0.5


@pytest.mark.parametrize("empty", range(3))
def test_an_empty_set_is_refused(empty: int) -> None:
    sets = [normal(0 if i == empty else 9) for i in range(3)]
    with pytest.raises(ValueError, match="empty set"):
        memorisation(*sets)


def test_one_image_of_each_kind_has_a_score() -> None:
    estimate = memorisation(normal(1), normal(1, seed=1), normal(1, seed=2)).memorisation
    assert 0 <= estimate.low <= estimate.value <= estimate.high <= 1


def test_a_single_held_out_image_leaves_the_score_open() -> None:
    """Where it falls among the fakes is chance, so the interval is as wide as that of one trial."""
    estimate = memorisation(normal(200), normal(200, seed=1), normal(1, seed=2)).memorisation
    assert estimate.low < 0.5 < estimate.high
