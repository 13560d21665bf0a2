import pytest
import torch
from torch import Tensor

from batches import FakeOnlyBatch, KnownBatch, losses_of
from condgan.objectives import Objective, hinge, non_saturating, relativistic, target_game, wasserstein

GAMES = {
    "non_saturating": non_saturating,
    "hinge": hinge,
    "wasserstein": wasserstein,
    "relativistic": relativistic,
    "target_game": target_game((0.7, 1), (0, 0.3), 0.1),
}
games = pytest.mark.parametrize("game", GAMES.values(), ids=GAMES)


def scores(n: int = 64) -> tuple[Tensor, Tensor]:
    random = torch.Generator().manual_seed(0)
    return torch.randn(n, generator=random) * 3, torch.randn(n, generator=random) * 3


def recovered_targets(game: Objective, n: int = 64) -> tuple[Tensor, Tensor]:
    """The slope of a cross-entropy over a score is sigmoid(score) - target."""
    real, fake = (score.requires_grad_() for score in scores(n))
    losses_of(game, KnownBatch(real, fake))[1].sum().backward()
    assert real.grad is not None
    assert fake.grad is not None
    return (real.sigmoid() - real.grad).detach(), (fake.sigmoid() - fake.grad).detach()


@games
def test_a_game_has_one_term_a_player_and_one_loss_a_sample(game: Objective) -> None:
    assert list(game.generator) == list(game.discriminator) == ["adversarial"]
    assert all(loss.shape == (64,) for loss in losses_of(game, KnownBatch(*scores())))


@games
def test_the_generator_pays_less_the_more_real_its_images_look(game: Objective) -> None:
    real, fake = scores()
    before, after = (losses_of(game, KnownBatch(real, fake + shift))[0] for shift in (0.0, 0.5))
    assert (after < before).all()


@pytest.mark.parametrize("name", ["non_saturating", "wasserstein", "relativistic"])
def test_the_discriminator_pays_less_the_better_it_tells_them_apart(name: str) -> None:
    real, fake = scores()
    before, after = (losses_of(GAMES[name], KnownBatch(real + shift, fake - shift))[1] for shift in (0.0, 0.5))
    assert (after < before).all()


def test_non_saturating_is_the_textbook_form() -> None:
    real, fake = (score.double() for score in scores())
    generator, discriminator = losses_of(non_saturating, KnownBatch(real, fake))
    torch.testing.assert_close(generator, -fake.sigmoid().log())
    torch.testing.assert_close(discriminator, -real.sigmoid().log() - (1 - fake.sigmoid()).log())


def test_non_saturating_stays_finite_at_extreme_scores() -> None:
    extreme = torch.tensor([-1e4, 1e4])
    assert all(loss.isfinite().all() for loss in losses_of(non_saturating, KnownBatch(extreme, -extreme)))


def test_relativistic_ignores_a_shift_of_all_scores() -> None:
    real, fake = (score.double() for score in scores())
    for before, after in zip(
        losses_of(relativistic, KnownBatch(real, fake)),
        losses_of(relativistic, KnownBatch(real + 3, fake + 3)),
        strict=True,
    ):
        torch.testing.assert_close(before, after)


def test_relativistic_swaps_players_as_it_swaps_real_and_fake() -> None:
    real, fake = scores()
    torch.testing.assert_close(
        losses_of(relativistic, KnownBatch(real, fake)), losses_of(relativistic, KnownBatch(fake, real))[::-1]
    )


def test_hinge_costs_nothing_beyond_the_margins_and_one_a_unit_within() -> None:
    real, fake = torch.tensor([1.0, 2.5, 0.5, 1.0]), torch.tensor([-1.0, -4.0, -1.0, 0.25])
    assert losses_of(hinge, KnownBatch(real, fake))[1].tolist() == [0, 0, 0.5, 1.25]


@pytest.mark.parametrize("name", ["hinge", "non_saturating", "wasserstein", "target_game"])
def test_the_generator_never_looks_at_real_images(name: str) -> None:
    fake = scores()[1]
    assert GAMES[name].generator["adversarial"](FakeOnlyBatch(fake)).shape == fake.shape


def test_wasserstein_changes_sign_as_real_and_fake_swap() -> None:
    real, fake = scores()
    there, back = (losses_of(wasserstein, KnownBatch(*pair))[1] for pair in ((real, fake), (fake, real)))
    torch.testing.assert_close(there, -back)


def test_hard_targets_without_flips_are_the_non_saturating_game() -> None:
    r = KnownBatch(*scores())
    torch.testing.assert_close(losses_of(target_game((1, 1), (0, 0), 0), r), losses_of(non_saturating, r))


def test_flipped_hard_targets_are_the_game_with_real_and_fake_swapped() -> None:
    real, fake = scores()
    flipped = losses_of(target_game((1, 1), (0, 0), 1), KnownBatch(real, fake))[1]
    torch.testing.assert_close(flipped, losses_of(non_saturating, KnownBatch(fake, real))[1])


@pytest.mark.parametrize("flip", [0.0, 1.0])
def test_soft_targets_stay_in_their_ranges_and_vary(flip: float) -> None:
    torch.manual_seed(0)
    on_real, on_fake = recovered_targets(target_game((0.7, 1.0), (0.0, 0.3), flip), 400)
    high, low = (on_fake, on_real) if flip else (on_real, on_fake)
    for target, start in ((high, 0.7), (low, 0.0)):
        assert target.min() >= start - 1e-5
        assert target.max() <= start + 0.3 + 1e-5
        assert target.mean().item() == pytest.approx(start + 0.15, abs=0.02)
        assert target.std().item() == pytest.approx(0.3 / 12**0.5, rel=0.1)


def test_a_whole_batch_flips_as_often_as_asked() -> None:
    torch.manual_seed(0)
    game = target_game((1, 1), (0, 0), 0.25)
    flips = [recovered_targets(game, 4)[0].round() for _ in range(400)]
    assert all(len(targets.unique()) == 1 for targets in flips)
    assert sum(float(targets[0] == 0) for targets in flips) / 400 == pytest.approx(0.25, abs=0.07)
