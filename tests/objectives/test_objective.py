import pytest
import torch
from torch import Tensor, nn

from batches import KnownBatch, losses_of
from condgan.conditions import MultiLabel
from condgan.networks.conditioning import Unconditional
from condgan.networks.gan import Discriminator
from condgan.networks.heads import AuxiliaryHead
from condgan.networks.layers import IgnoreCondition
from condgan.objectives import Batch, classification, hinge, lazy, non_saturating, r1, relativistic

REAL, FAKE = torch.randn(5), torch.randn(5)


def test_a_sum_holds_the_terms_of_both() -> None:
    both = non_saturating + classification
    assert list(both.generator) == ["adversarial", "information"]
    assert list(both.discriminator) == ["adversarial", "information", "classification"]
    assert both.generator["adversarial"] is non_saturating.generator["adversarial"]


def test_a_sum_of_two_terms_of_one_name_is_refused() -> None:
    with pytest.raises(ValueError, match="adversarial"):
        hinge + relativistic


def test_a_weight_scales_every_term_of_both_players() -> None:
    r = KnownBatch(REAL, FAKE)
    for once, thrice in zip(losses_of(hinge, r), losses_of(3 * hinge, r), strict=True):
        torch.testing.assert_close(thrice, 3 * once)
    assert (0.5 * r1).discriminator.keys() == {"r1"}


def test_a_weight_may_follow_the_step() -> None:
    ramp = weighted(lambda r: r.step / 10, hinge)
    for step in (0, 5, 10):
        paid = losses_of(ramp, KnownBatch(REAL, FAKE, step=step))[0]
        torch.testing.assert_close(paid, step / 10 * -FAKE)


def test_a_lazy_objective_is_idle_between_and_equal_on_average() -> None:
    idle = lazy(hinge, every=4)
    by_step = [losses_of(idle, KnownBatch(REAL, FAKE, step=step)) for step in range(8)]
    for step, losses in enumerate(by_step):
        assert all(bool(loss.any()) == (step % 4 == 0) for loss in losses)
        assert all(loss.shape == (5,) for loss in losses)
    plain = losses_of(hinge, KnownBatch(REAL, FAKE))
    for player in (0, 1):
        torch.testing.assert_close(torch.stack([losses[player] for losses in by_step]).mean(0), plain[player])


def test_an_idle_term_does_not_ask_the_discriminator() -> None:
    def never(image: Tensor, c: Tensor) -> None:
        raise AssertionError("the discriminator was asked")

    labels = MultiLabel("ab")
    r = Batch(never, labels, torch.zeros(3, 2), torch.zeros(3, 3, 4, 4), torch.zeros(3, 3, 4, 4), step=1)  # type: ignore[arg-type]
    assert lazy(r1, every=2).discriminator["r1"](r).tolist() == [0, 0, 0]


def critic(condition: MultiLabel) -> Discriminator:
    torch.manual_seed(0)
    return Discriminator(
        Unconditional(3, condition),
        IgnoreCondition(nn.Conv2d(3, 4, 3, padding=1), nn.LeakyReLU()),
        AuxiliaryHead(4, 8, condition),
    )


def test_one_pass_equals_two_where_no_layer_mixes_samples() -> None:
    labels = MultiLabel("abc")
    discriminator = critic(labels)
    c = torch.tensor([[1, 0, 0], [0, 1, 1]], dtype=torch.uint8)
    real, fake = torch.randn(2, 3, 8, 8), torch.randn(2, 3, 8, 8)
    one, two = (Batch(discriminator, labels, c, real, fake, one_pass=flag) for flag in (True, False))
    for together, apart in ((one.real, two.real), (one.fake, two.fake)):
        torch.testing.assert_close(together.score, apart.score)
        torch.testing.assert_close(together.logits, apart.logits)
    assert not torch.allclose(one.real.score, one.fake.score)


@pytest.mark.parametrize(("one_pass", "calls"), [(True, 1), (False, 2)])
def test_verdicts_are_asked_for_once(one_pass: bool, calls: int) -> None:
    labels, count = MultiLabel("abc"), []
    discriminator = critic(labels)
    discriminator.register_forward_hook(lambda *_: count.append(1))
    image = torch.randn(2, 3, 8, 8)
    r = Batch(discriminator, labels, torch.zeros(2, 3), image, -image, one_pass=one_pass)
    losses_of(non_saturating + classification, r)
    assert len(count) == calls
