import pytest
import torch
from torch import Tensor

from batches import FakeOnlyBatch, KnownBatch, losses_of
from condgan.conditions import Class, MultiLabel
from condgan.networks.gan import DiscriminatorOutput
from condgan.objectives import (
    Batch,
    Objective,
    classification,
    fake_likelihood,
    information,
    per_logit,
    reader_classification,
    real_classification,
    real_likelihood,
    relativistic_labels,
)

LABELS = MultiLabel("abc")
C = torch.tensor([[1, 0, 0], [1, 1, 0]], dtype=torch.uint8)
REAL = torch.tensor([[1.5, 0.5, -1.0], [0.25, -0.5, 1.0]])  # one of one wanted labels, and one of two
FAKE = torch.tensor([[-1.0, 2.0, 0.5], [1.0, 0.75, -2.0]])  # none, and both


def labelled_batch(c: Tensor = C) -> KnownBatch:
    zero = torch.zeros(2)
    return KnownBatch(zero, zero, condition=LABELS, c=c, real_logits=REAL, fake_logits=FAKE)


def test_information_is_minimised_by_both_networks_on_fake_images() -> None:
    generator, discriminator = losses_of(information, labelled_batch())
    torch.testing.assert_close(generator, LABELS.nll(FAKE, C))
    torch.testing.assert_close(discriminator, LABELS.nll(FAKE, C))


def test_classification_trains_the_discriminator_on_real_and_fake_images() -> None:
    generator, discriminator = losses_of(classification, labelled_batch())
    torch.testing.assert_close(generator, LABELS.nll(FAKE, C))
    torch.testing.assert_close(discriminator, LABELS.nll(FAKE, C) + LABELS.nll(REAL, C))
    assert list(classification.discriminator) == ["classification_real", "classification_fake"]
    torch.testing.assert_close(
        classification.discriminator["classification_real"](labelled_batch()), LABELS.nll(REAL, C)
    )


def test_real_classification_trains_the_discriminator_on_real_images_only() -> None:
    generator, discriminator = losses_of(real_classification, labelled_batch())
    torch.testing.assert_close(generator, LABELS.nll(FAKE, C))
    torch.testing.assert_close(discriminator, LABELS.nll(REAL, C))


def test_fake_likelihood_trains_the_generator_alone_by_the_discriminators_logits() -> None:
    """Real images are neither needed nor looked at."""
    batch = FakeOnlyBatch(torch.zeros(2))
    batch.condition, batch.c = LABELS, C
    batch.fake = DiscriminatorOutput(torch.zeros(2), FAKE)
    assert list(fake_likelihood.generator) == ["classification_fake"]
    assert not fake_likelihood.discriminator
    assert not fake_likelihood.statistics
    torch.testing.assert_close(fake_likelihood.generator["classification_fake"](batch), LABELS.nll(FAKE, C))


@pytest.mark.parametrize("added", [real_likelihood, relativistic_labels])
def test_fake_likelihood_can_be_added_to_what_the_discriminator_learns_from_real_images(added: Objective) -> None:
    separate, together = (losses_of(objective, labelled_batch()) for objective in (added, added + fake_likelihood))
    torch.testing.assert_close(together[0], separate[0] + LABELS.nll(FAKE, C))
    torch.testing.assert_close(together[1], separate[1])


@pytest.mark.parametrize("objective", [classification, real_classification, information, fake_likelihood])
def test_per_logit_divides_by_the_number_of_logits(objective: Objective) -> None:
    for whole, mean in zip(
        losses_of(objective, labelled_batch()), losses_of(per_logit(objective), labelled_batch()), strict=True
    ):
        torch.testing.assert_close(mean, whole / 3)


@pytest.mark.parametrize("objective", [classification, real_classification])
def test_accuracies_are_shares_of_the_wanted_values_of_each_image(objective: Objective) -> None:
    real = torch.tensor([[3.0, 1.0, 2.0], [1.0, 2.0, 3.0]])  # the first label is right; of two labels one is right
    fake = torch.tensor([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]])
    batch = KnownBatch(real[:, 0], fake[:, 0], condition=LABELS, c=C, real_logits=real, fake_logits=fake)
    assert list(objective.statistics) == ["accuracy_real", "accuracy_fake"]
    assert objective.statistics["accuracy_real"](batch).tolist() == [1.0, 0.5]
    assert objective.statistics["accuracy_fake"](batch).tolist() == [0.0, 1.0]


def test_accuracy_is_one_where_no_value_is_wanted() -> None:
    batch = labelled_batch(torch.zeros(2, 3, dtype=torch.uint8))
    assert classification.statistics["accuracy_real"](batch).tolist() == [1, 1]


def test_information_logs_the_accuracy_on_fake_images_only() -> None:
    batch = labelled_batch()
    assert list(information.statistics) == ["accuracy_fake"]
    found, expected = (objective.statistics["accuracy_fake"](batch) for objective in (information, classification))
    assert torch.equal(found, expected)
    assert not torch.equal(found, classification.statistics["accuracy_real"](batch))


def test_reader_classification_trains_the_generator_alone_by_the_readers_logits() -> None:
    batch = FakeOnlyBatch(torch.zeros(2))
    batch.condition, batch.c, batch.reader = LABELS, C, lambda image: FAKE
    assert list(reader_classification.generator) == ["reader"]
    assert not reader_classification.discriminator
    torch.testing.assert_close(reader_classification.generator["reader"](batch), LABELS.nll(FAKE, C))


def test_reader_classification_without_a_reader_is_refused() -> None:
    def discriminator(image: Tensor, c: Tensor) -> DiscriminatorOutput:
        raise AssertionError("the discriminator was called")

    image = torch.zeros(2, 3, 4, 4)
    batch = Batch(discriminator, Class("ab"), torch.tensor([0, 1]), image, image)
    with pytest.raises(ValueError, match="the recipe has no reader"):
        reader_classification.generator["reader"](batch)
