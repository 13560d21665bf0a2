import pytest
import torch
from torch import Tensor
from torch.nn.functional import softplus

from batches import FakeOnlyBatch, KnownBatch, losses_of
from condgan.conditions import Class
from condgan.networks.gan import DiscriminatorOutput
from condgan.objectives import (
    Batch,
    Objective,
    hinge,
    mismatched,
    non_saturating,
    relativistic,
    saturating,
    target_game,
    wasserstein,
)

GAMES = {
    "non_saturating": non_saturating,
    "saturating": saturating,
    "hinge": hinge,
    "wasserstein": wasserstein,
    "relativistic": relativistic,
    "target_game": target_game((0.7, 1), (0, 0.3), 0.1),
}
games = pytest.mark.parametrize("name", GAMES)


def scores(n: int = 64) -> tuple[Tensor, Tensor]:
    random = torch.Generator().manual_seed(0)
    return torch.randn(n, generator=random) * 3, torch.randn(n, generator=random) * 3


def recovered_targets(game: Objective, n: int = 64) -> tuple[Tensor, Tensor]:
    """Targets of real and fake images: the derivative of a cross-entropy is sigmoid(score) - target."""
    real, fake = (score.requires_grad_() for score in scores(n))
    losses_of(game, KnownBatch(real, fake))[1].sum().backward()
    assert real.grad is not None
    assert fake.grad is not None
    return (real.sigmoid() - real.grad).detach(), (fake.sigmoid() - fake.grad).detach()


@games
def test_losses_on_real_and_fake_images_are_separate_terms(name: str) -> None:
    game, batch = GAMES[name], KnownBatch(*scores())
    pair = ["relativistic"], ["relativistic"]  # each loss is of a pair of a real and a fake image
    expected = pair if name == "relativistic" else (["fake"], ["real", "fake"])
    assert (list(game.generator), list(game.discriminator)) == expected
    for term in [*game.generator.values(), *game.discriminator.values()]:
        assert term(batch).shape == (64,)


@games
def test_generator_loss_decreases_with_the_fake_score(name: str) -> None:
    real, fake = scores()
    before, after = (losses_of(GAMES[name], KnownBatch(real, fake + shift))[0] for shift in (0.0, 0.5))
    assert (after < before).all()


@pytest.mark.parametrize("name", ["non_saturating", "wasserstein", "relativistic"])
def test_discriminator_loss_decreases_with_the_margin_between_real_and_fake(name: str) -> None:
    real, fake = scores()
    before, after = (losses_of(GAMES[name], KnownBatch(real + shift, fake - shift))[1] for shift in (0.0, 0.5))
    assert (after < before).all()


@pytest.mark.parametrize("name", ["hinge", "non_saturating", "wasserstein", "target_game"])
def test_the_real_term_ignores_fake_images_and_the_fake_term_real_ones(name: str) -> None:
    real, fake = (score.requires_grad_() for score in scores())
    batch = KnownBatch(real, fake)
    terms = GAMES[name].discriminator
    for term, own, other in (("real", real, fake), ("fake", fake, real)):
        gradients = torch.autograd.grad(terms[term](batch).sum(), (own, other), allow_unused=True)
        assert gradients[0].any()
        assert gradients[1] is None


def test_non_saturating_agrees_with_the_formula() -> None:
    real, fake = (score.double() for score in scores())
    generator, discriminator = losses_of(non_saturating, KnownBatch(real, fake))
    torch.testing.assert_close(generator, -fake.sigmoid().log(), check_dtype=False)
    torch.testing.assert_close(discriminator, -real.sigmoid().log() - (1 - fake.sigmoid()).log(), check_dtype=False)


def test_saturating_is_the_printed_minimax_game() -> None:
    real, fake = (score.double() for score in scores())
    generator, discriminator = losses_of(saturating, KnownBatch(real, fake))
    torch.testing.assert_close(generator, (1 - fake.sigmoid()).log(), check_dtype=False)
    torch.testing.assert_close(discriminator, losses_of(non_saturating, KnownBatch(real, fake))[1])


def test_targets_of_the_generator_are_in_their_range() -> None:
    """The derivative of a cross-entropy is sigmoid(score) - target."""
    fake = scores(1000)[1].requires_grad_()
    target_game((1, 1), (0, 0), 0, generator=(0.8, 0.9)).generator["fake"](FakeOnlyBatch(fake)).sum().backward()
    assert fake.grad is not None
    targets = fake.sigmoid() - fake.grad
    assert targets.min().item() == pytest.approx(0.8, abs=1e-3)
    assert targets.max().item() == pytest.approx(0.9, abs=1e-3)


def test_non_saturating_stays_finite_at_extreme_scores() -> None:
    extreme = torch.tensor([-1e4, 1e4])
    assert all(loss.isfinite().all() for loss in losses_of(non_saturating, KnownBatch(extreme, -extreme)))


def test_relativistic_ignores_a_shift_of_all_scores() -> None:
    real, fake = (score.double() for score in scores())
    before, after = (losses_of(relativistic, KnownBatch(real + shift, fake + shift)) for shift in (0, 3))
    torch.testing.assert_close(before, after)


def test_relativistic_swaps_the_losses_if_real_and_fake_are_swapped() -> None:
    real, fake = scores()
    torch.testing.assert_close(
        losses_of(relativistic, KnownBatch(real, fake)), losses_of(relativistic, KnownBatch(fake, real))[::-1]
    )


def test_hinge_is_zero_beyond_the_margins_and_linear_within() -> None:
    real, fake = torch.tensor([1.0, 2.5, 0.5, 1.0]), torch.tensor([-1.0, -4.0, -1.0, 0.25])
    assert losses_of(hinge, KnownBatch(real, fake))[1].tolist() == [0, 0, 0.5, 1.25]


@pytest.mark.parametrize("name", ["hinge", "non_saturating", "wasserstein", "target_game"])
def test_the_generator_loss_does_not_use_real_images(name: str) -> None:
    fake = scores()[1]
    assert GAMES[name].generator["fake"](FakeOnlyBatch(fake)).shape == fake.shape


def test_wasserstein_changes_sign_if_real_and_fake_are_swapped() -> None:
    real, fake = scores()
    there, back = (losses_of(wasserstein, KnownBatch(*pair))[1] for pair in ((real, fake), (fake, real)))
    torch.testing.assert_close(there, -back)


@games
def test_only_games_of_cross_entropy_have_probabilities(name: str) -> None:
    real, fake = scores()
    statistics = GAMES[name].statistics
    if name in ("non_saturating", "saturating", "target_game"):
        assert list(statistics) == ["D(x)", "D(G(z))"]
        assert torch.equal(statistics["D(x)"](KnownBatch(real, fake)), real.sigmoid())
        assert torch.equal(statistics["D(G(z))"](KnownBatch(real, fake)), fake.sigmoid())
    else:
        assert not statistics


def test_hard_targets_without_flips_give_the_non_saturating_game() -> None:
    batch = KnownBatch(*scores())
    torch.testing.assert_close(losses_of(target_game((1, 1), (0, 0), 0), batch), losses_of(non_saturating, batch))


def test_flipped_hard_targets_give_the_game_with_real_and_fake_swapped() -> None:
    real, fake = scores()
    flipped = losses_of(target_game((1, 1), (0, 0), 1), KnownBatch(real, fake))[1]
    torch.testing.assert_close(flipped, losses_of(non_saturating, KnownBatch(fake, real))[1])


def test_a_probability_of_zero_flips_no_batch_whatever_is_drawn() -> None:
    batch = KnownBatch(*scores())
    batch.__dict__["uniform"] = 0.0
    torch.testing.assert_close(losses_of(target_game((1, 1), (0, 0), 0), batch), losses_of(non_saturating, batch))


@pytest.mark.parametrize("flip", [0.0, 1.0])
def test_soft_targets_are_uniform_in_their_ranges(flip: float) -> None:
    torch.manual_seed(0)
    on_real, on_fake = recovered_targets(target_game((0.7, 1.0), (0.0, 0.3), flip), 400)
    high, low = (on_fake, on_real) if flip else (on_real, on_fake)
    for target, start in ((high, 0.7), (low, 0.0)):
        assert target.min() >= start - 1e-5
        assert target.max() <= start + 0.3 + 1e-5
        assert target.mean().item() == pytest.approx(start + 0.15, abs=0.02)
        assert target.std().item() == pytest.approx(0.3 / 12**0.5, rel=0.1)


def test_targets_of_real_and_fake_images_flip_together_for_a_whole_batch() -> None:
    torch.manual_seed(0)
    game, flips = target_game((1, 1), (0, 0), 0.25), []
    for _ in range(400):
        on_real, on_fake = (targets.round() for targets in recovered_targets(game, 4))
        assert torch.equal(on_real, 1 - on_fake)
        assert len(on_real.unique()) == 1
        flips.append(float(on_fake[0]))
    assert sum(flips) / 400 == pytest.approx(0.25, abs=0.07)


def test_mismatched_conditions_of_real_images_count_as_fake() -> None:
    def discriminator(image: Tensor, vector: Tensor) -> DiscriminatorOutput:
        return DiscriminatorOutput(image.flatten(1).mean(1) + vector @ torch.tensor([1.0, 2.0]), vector[:, :0])

    c = torch.tensor([0, 1])
    real = torch.tensor([5.0, -3.0])[:, None, None, None].expand(2, 3, 4, 4)
    batch = Batch(discriminator, Class("ab"), c, real, torch.zeros(2, 3, 4, 4))
    wrong = torch.tensor([5.0 + 2, -3.0 + 1])  # the scores with the other class
    assert list(mismatched.discriminator) == ["mismatched"]
    assert not mismatched.generator
    torch.testing.assert_close(mismatched.discriminator["mismatched"](batch), softplus(wrong))
