from dataclasses import FrozenInstanceError

import pytest
import torch
from torch import Tensor, nn

from batches import KnownBatch, losses_of
from condgan.conditions import Class, MultiLabel
from condgan.networks.conditioning import Unconditional
from condgan.networks.gan import Discriminator, DiscriminatorOutput
from condgan.networks.heads import AuxiliaryHead
from condgan.networks.layers import IgnoreCondition
from condgan.objectives import (
    Batch,
    Objective,
    classification,
    gradient_penalty,
    hinge,
    information,
    lazy,
    mismatched,
    non_saturating,
    per_logit,
    r1,
    real_classification,
)
from condgan.schedules import linear

REAL, FAKE = torch.randn(5), torch.randn(5)


class CountingDiscriminator:
    """Scores images by their mean, and keeps the vectors it was called with."""

    def __init__(self) -> None:
        self.vectors: list[Tensor] = []

    def __call__(self, image: Tensor, vector: Tensor) -> DiscriminatorOutput:
        self.vectors.append(vector)
        return DiscriminatorOutput(image.flatten(1).mean(1), image.new_zeros(len(image), 4))


def batch_of(discriminator: CountingDiscriminator, step: int = 0, one_pass: bool = False) -> Batch:
    image = torch.randn(3, 3, 4, 4)
    return Batch(discriminator, Class("abcd"), torch.tensor([0, 1, 2]), image, -image, step=step, one_pass=one_pass)


def test_a_sum_holds_the_terms_of_both_objectives() -> None:
    both = non_saturating + classification
    assert list(both.generator) == ["fake", "classification_fake"]
    assert list(both.discriminator) == ["real", "fake", "classification_real", "classification_fake"]
    assert list(both.statistics) == ["D(x)", "D(G(z))", "accuracy_real", "accuracy_fake"]
    assert both.generator["fake"] is non_saturating.generator["fake"]


def test_an_objective_cannot_be_changed() -> None:
    """All recipes share `hinge` and the others."""
    with pytest.raises(FrozenInstanceError):
        hinge.generator = {}  # type: ignore[misc]
    _ = 2 * hinge + classification
    assert list(hinge.generator) == ["fake"]


@pytest.mark.parametrize(
    ("a", "b", "name"),
    [
        (hinge, non_saturating, "fake"),
        (classification, real_classification, "classification_fake"),
        (r1, r1, "r1"),
        (Objective(statistics=information.statistics), information, "accuracy_fake"),
    ],
)
def test_a_sum_of_two_terms_of_the_same_name_is_refused(a: Objective, b: Objective, name: str) -> None:
    with pytest.raises(ValueError, match=f"two terms are named '{name}'"):
        a + b


def test_a_weight_multiplies_every_term() -> None:
    batch = KnownBatch(REAL, FAKE)
    for once, thrice in zip(losses_of(hinge, batch), losses_of(3 * hinge, batch), strict=True):
        torch.testing.assert_close(thrice, 3 * once)
    assert (0.5 * r1).discriminator.keys() == {"r1"}


def test_a_schedule_multiplies_every_term_by_its_value_at_the_progress_of_the_batch() -> None:
    ramp = linear(1, 3) * hinge
    for progress, weight in ((0.0, 1.0), (0.25, 1.5), (1.0, 3.0)):
        batch = KnownBatch(REAL, FAKE, progress=progress, step=7)
        for plain, weighted in zip(losses_of(hinge, batch), losses_of(ramp, batch), strict=True):
            torch.testing.assert_close(weighted, weight * plain)


def test_weights_and_schedules_multiply() -> None:
    batch = KnownBatch(REAL, FAKE, progress=0.5)
    product = 2 * (linear(0, 1) * ((lambda progress: 10 * progress) * hinge))
    torch.testing.assert_close(losses_of(product, batch), losses_of(5 * hinge, batch))


@pytest.mark.parametrize(
    "changed",
    [3 * non_saturating, linear(0, 5) * non_saturating, lazy(non_saturating, 2), per_logit(non_saturating)],
    ids=["weight", "schedule", "lazy", "per_logit"],
)
def test_statistics_are_not_weighted(changed: Objective) -> None:
    batch = KnownBatch(REAL, FAKE, step=1, progress=0.5)
    assert changed.statistics.keys() == non_saturating.statistics.keys()
    for name, term in changed.statistics.items():
        assert torch.equal(term(batch), non_saturating.statistics[name](batch))


def test_a_lazy_objective_is_zero_between_and_equal_on_average() -> None:
    rare = lazy(hinge, every=4)
    by_step = [losses_of(rare, KnownBatch(REAL, FAKE, step=step)) for step in range(8)]
    for step, losses in enumerate(by_step):
        assert all(bool(loss.any()) == (step % 4 == 0) for loss in losses)
        assert all(loss.shape == (5,) for loss in losses)
    plain = losses_of(hinge, KnownBatch(REAL, FAKE))
    for network in (0, 1):
        torch.testing.assert_close(torch.stack([losses[network] for losses in by_step]).mean(0), plain[network])


def test_a_lazy_term_does_not_call_the_discriminator_between() -> None:
    discriminator = CountingDiscriminator()
    term = lazy(gradient_penalty, every=2).discriminator["gradient_penalty"]
    assert term(batch_of(discriminator, step=1)).tolist() == [0, 0, 0]
    assert not discriminator.vectors
    term(batch_of(discriminator, step=2))
    assert len(discriminator.vectors) == 1


def convolutional(condition: MultiLabel) -> Discriminator:
    torch.manual_seed(0)
    return Discriminator(
        Unconditional(3, condition),
        IgnoreCondition(nn.Conv2d(3, 4, 3, padding=1), nn.LeakyReLU()),
        AuxiliaryHead(4, 8, condition),
    )


def test_one_pass_equals_two_if_no_layer_mixes_samples() -> None:
    labels = MultiLabel("abc")
    discriminator = convolutional(labels)
    c = torch.tensor([[1, 0, 0], [0, 1, 1]], dtype=torch.uint8)
    real, fake = torch.randn(2, 3, 8, 8), torch.randn(2, 3, 8, 8)
    one, two = (Batch(discriminator, labels, c, real, fake, one_pass=flag) for flag in (True, False))
    for together, apart in ((one.real, two.real), (one.fake, two.fake)):
        torch.testing.assert_close(together.score, apart.score)
        torch.testing.assert_close(together.logits, apart.logits)
    assert not torch.allclose(one.real.score, one.fake.score)


@pytest.mark.parametrize(("one_pass", "num_calls"), [(True, 1), (False, 2)])
def test_terms_share_the_outputs_of_the_discriminator(one_pass: bool, num_calls: int) -> None:
    discriminator = CountingDiscriminator()
    batch = batch_of(discriminator, one_pass=one_pass)
    losses_of(non_saturating + classification, batch)
    assert len(discriminator.vectors) == num_calls
    assert all(torch.equal(vector[:3], batch.vector) for vector in discriminator.vectors)


def test_by_default_a_batch_is_the_first_of_the_training_and_needs_two_passes() -> None:
    discriminator = CountingDiscriminator()
    image = torch.randn(3, 3, 4, 4)
    batch = Batch(discriminator, Class("abcd"), torch.tensor([0, 1, 2]), image, -image)
    assert (batch.step, batch.progress, batch.one_pass) == (0, 0, False)
    losses_of(lazy(linear(1, 0) * hinge, every=2), batch)
    assert [len(vector) for vector in discriminator.vectors] == [3, 3]


def test_the_output_on_mismatched_conditions_is_computed_only_if_used_and_once() -> None:
    discriminator = CountingDiscriminator()
    batch = batch_of(discriminator)
    losses_of(non_saturating, batch)
    assert len(discriminator.vectors) == 2
    losses_of(non_saturating + mismatched, batch)
    losses_of(mismatched, batch)
    assert batch.mismatched is batch.mismatched
    assert len(discriminator.vectors) == 3
    wrong = discriminator.vectors[-1]
    assert (wrong.sum(1) == 1).all()
    assert not (wrong * batch.vector).any()  # no class is the wanted one


def test_uniform_is_one_random_number_for_a_batch() -> None:
    torch.manual_seed(0)
    batches = [KnownBatch(REAL, FAKE) for _ in range(200)]
    numbers = [batch.uniform for batch in batches]
    assert numbers == [batch.uniform for batch in batches]
    assert 0 <= min(numbers) < 0.1 < 0.9 < max(numbers) < 1
    assert len(set(numbers)) == 200


def test_the_reader_sees_fake_images_once() -> None:
    seen: list[Tensor] = []

    def reader(image: Tensor) -> Tensor:
        seen.append(image)
        return image.flatten(1)[:, :4]

    batch = batch_of(CountingDiscriminator())
    batch.reader = reader
    assert torch.equal(batch.fake_reading, batch.fake_image.flatten(1)[:, :4])
    assert batch.fake_reading is batch.fake_reading
    assert [image is batch.fake_image for image in seen] == [True]


def test_a_batch_without_a_reader_has_no_reading() -> None:
    with pytest.raises(ValueError, match="no reader"):
        _ = batch_of(CountingDiscriminator()).fake_reading
