from typing import Any

import pytest
import torch
from torch import Tensor
from torch.optim import AdamW

from condgan.data import Images
from condgan.objectives import Batch
from condgan.state import TrainState
from condgan.train import pretrain
from contracts import leaves, run_steps, tiny_state

LOSSES = {
    "D/relativistic",
    "D/relativistic_labels",
    "D/classification_real",
    "D/r1_r2",
    "G/relativistic",
    "G/relativistic_labels",
    "G/reader",
}


@pytest.fixture
def training() -> tuple[TrainState, Images]:
    return tiny_state("layout", "multi_label")


def test_the_losses_are_named_by_their_terms(training: tuple[TrainState, Images]) -> None:
    (losses,) = run_steps(*training, num_steps=1)
    assert set(losses) == LOSSES


def test_penalties_are_computed_in_every_fourth_step(training: tuple[TrainState, Images]) -> None:
    penalties = [losses["D/r1_r2"] for losses in run_steps(*training, num_steps=6)]
    assert [penalty > 0 for penalty in penalties] == [True, False, False, False, True, False]


def test_the_reader_is_pretrained_before_the_discriminator_for_as_long_as_asked() -> None:
    state, images = tiny_state("layout", "multi_label", reader_kimg=0.064, discriminator_kimg=0.032)
    progress = [(p.phase, p.kimg) for p in pretrain(state, images)]
    assert progress == [("reader", 0.032), ("reader", 0.064), ("discriminator", 0.032)]


def test_rates_of_pretraining_rise_from_zero_and_fall_to_zero(training: tuple[TrainState, Images]) -> None:
    for phase in training[0].phases:
        assert isinstance(phase.optimizer, AdamW)
        (group,), (rate,) = phase.optimizer.param_groups, phase.rates
        assert group["weight_decay"] > 0
        assert {id(weight) for weight in group["params"]} == {id(weight) for weight in phase.network.parameters()}
        assert callable(rate)
        rates = [rate(i / 100) for i in range(101)]
        assert rates[0] == rates[-1] == 0
        peak = rates.index(max(rates))
        assert rates[: peak + 1] == sorted(rates[: peak + 1])
        assert rates[peak:] == sorted(rates[peak:], reverse=True)
        assert 0 < peak < 50


def test_images_of_pretraining_are_noisy_to_different_degrees(training: tuple[TrainState, Images]) -> None:
    """A constant image does not show that the reader's are also shifted."""
    for phase in training[0].phases:
        noise = phase.pretraining.augment(torch.full((200, 3, 16, 16), 0.5)) - 0.5
        deviation = noise.flatten(1).std(dim=1).sort().values
        assert noise.mean().abs() < 0.001
        assert deviation[-1] < 0.1
        torch.testing.assert_close(deviation, torch.linspace(0, 1, 200) * deviation[-1], atol=0.01, rtol=0)


def test_only_images_of_the_reader_are_shifted(training: tuple[TrainState, Images]) -> None:
    """The noise is small compared with the difference of two pixels."""
    x = torch.linspace(-10, 10, 16).expand(1, 3, 16, 16)

    def is_shifted(image: Tensor) -> bool:
        return bool((image - x).abs().max() > 1)

    found = [[is_shifted(phase.pretraining.augment(x)) for _ in range(20)] for phase in training[0].phases]
    assert any(found[0])
    assert not any(found[1])


@pytest.mark.parametrize(
    ("options", "phases"),
    [
        ({"reader_weight": 0}, ["discriminator"]),
        ({"discriminator_kimg": 0}, ["reader"]),
        ({"reader_weight": 0, "discriminator_kimg": 0}, []),
    ],
)
def test_a_phase_that_is_switched_off_does_not_exist(options: dict[str, Any], phases: list[str]) -> None:
    state, images = tiny_state("layout", "multi_label", **options)
    (losses,) = run_steps(state, images, num_steps=1)
    assert [phase.name for phase in state.phases] == phases
    assert (state.reader is not None) is ("reader" in phases)
    assert set(losses) == (LOSSES if "reader" in phases else LOSSES - {"G/reader"})


def test_without_its_weight_the_discriminator_does_not_learn_to_classify() -> None:
    state, images = tiny_state("layout", "multi_label", classification_weight=0)
    (losses,) = run_steps(state, images, num_steps=1)
    assert set(losses) == LOSSES - {"D/classification_real"}


def test_the_likelihood_of_the_head_trains_the_generator_and_not_the_discriminator() -> None:
    (plain, images), (state, _) = (tiny_state("layout", "multi_label", head_weight=weight) for weight in (0, 0.5))
    (losses,), (found,) = run_steps(plain, images, num_steps=1), run_steps(state, images, num_steps=1)
    assert found == losses | {"G/classification_fake": found["G/classification_fake"]}
    assert found["G/classification_fake"] > 0
    before, after = (list(each.discriminator.parameters()) for each in (plain, state))
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))  # D's step comes first
    left, right = (leaves(each.generator.state_dict()) for each in (plain, state))
    assert any(not torch.equal(left[name], right[name]) for name in left)


def test_the_loss_of_the_head_is_the_likelihood_under_the_logits_of_the_discriminator() -> None:
    state, images = tiny_state("layout", "multi_label", head_weight=0.5)
    c, image = images.labels[:3], torch.rand(3, 3, 16, 16)
    batch = Batch(state.discriminator, state.condition, c, image, image)
    loss = state.recipe.objective.generator["classification_fake"](batch)
    torch.testing.assert_close(loss, 0.5 * state.condition.nll(batch.fake.logits, c))


@pytest.mark.parametrize("projection", [True, False])
def test_the_score_depends_on_the_condition_through_the_projection_alone(projection: bool) -> None:
    state, images = tiny_state("layout", "multi_label", projection=projection)
    discriminator, c = state.discriminator.eval(), state.condition.encode(images.labels[:4])  # without random shifts
    image = torch.rand(4, 3, 16, 16) * 2 - 1
    a, b = discriminator(image, c), discriminator(image, 1 - c)
    assert torch.equal(a.logits, b.logits)
    assert bool((a.score == b.score).any()) is not projection
    assert bool((a.score == b.score).all()) is not projection
