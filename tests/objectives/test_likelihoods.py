import torch

from batches import KnownBatch, losses_of
from condgan.conditions import MultiLabel
from condgan.objectives import classification, information, per_logit, real_classification

LABELS = MultiLabel("abc")
C = torch.tensor([[1, 0, 0], [1, 1, 0]], dtype=torch.uint8)
REAL, FAKE = torch.randn(2, 3), torch.randn(2, 3)


def round_of_labels() -> KnownBatch:
    zero = torch.zeros(2)
    return KnownBatch(zero, zero, condition=LABELS, c=C, real_logits=REAL, fake_logits=FAKE)


def test_information_is_what_both_players_pay_for_the_fakes() -> None:
    generator, discriminator = losses_of(information, round_of_labels())
    torch.testing.assert_close(generator, LABELS.nll(FAKE, C))
    torch.testing.assert_close(discriminator, LABELS.nll(FAKE, C))


def test_classification_costs_the_generator_for_fakes_and_the_discriminator_for_both() -> None:
    generator, discriminator = losses_of(classification, round_of_labels())
    torch.testing.assert_close(generator, LABELS.nll(FAKE, C))
    torch.testing.assert_close(discriminator, LABELS.nll(FAKE, C) + LABELS.nll(REAL, C))


def test_real_classification_costs_the_discriminator_for_reals_alone() -> None:
    generator, discriminator = losses_of(real_classification, round_of_labels())
    torch.testing.assert_close(generator, LABELS.nll(FAKE, C))
    torch.testing.assert_close(discriminator, LABELS.nll(REAL, C))


def test_per_logit_divides_by_the_width_of_the_head() -> None:
    for whole, mean in zip(
        losses_of(classification, round_of_labels()),
        losses_of(per_logit(classification), round_of_labels()),
        strict=True,
    ):
        torch.testing.assert_close(mean, whole / 3)
