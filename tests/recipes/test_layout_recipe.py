import pytest
import torch
from torch import Tensor
from torch.optim import AdamW

from condgan.data import Images
from condgan.state import TrainState
from condgan.train import pretrain
from contracts import run_steps, tiny_state


@pytest.fixture
def training() -> tuple[TrainState, Images]:
    return tiny_state("layout", "multi_label")


def test_the_losses_are_named_by_their_terms(training: tuple[TrainState, Images]) -> None:
    (losses,) = run_steps(*training, num_steps=1)
    assert set(losses) == {
        "D/relativistic",
        "D/relativistic_labels",
        "D/classification_real",
        "D/r1_r2",
        "G/relativistic",
        "G/relativistic_labels",
        "G/reader",
    }


def test_penalties_are_computed_in_every_fourth_step(training: tuple[TrainState, Images]) -> None:
    penalties = [losses["D/r1_r2"] for losses in run_steps(*training, num_steps=6)]
    assert [penalty > 0 for penalty in penalties] == [True, False, False, False, True, False]


def test_the_reader_is_pretrained_before_the_discriminator_for_as_long_as_asked() -> None:
    state, images = tiny_state("layout", "multi_label", reader_kimg=0.128, discriminator_kimg=0.032)
    progress = [(p.phase, p.kimg) for p in pretrain(state, images)]
    assert progress == [("reader", 0.064), ("reader", 0.128), ("discriminator", 0.032)]


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
