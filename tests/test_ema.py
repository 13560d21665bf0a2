import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from condgan.ema import averaged, ema_decay


def test_a_weight_has_half_faded_after_a_half_life() -> None:
    assert ema_decay(0.1, 1e6, 1.0) ** 10 == pytest.approx(0.5)


def test_early_the_half_life_is_a_tenth_of_the_training_so_far() -> None:
    assert ema_decay(0.1, 10, 1000) ** 10 == pytest.approx(0.5)


@given(st.floats(0.001, 10), st.floats(0.001, 1e4), st.floats(0, 1e4))
def test_the_decay_is_a_share_that_grows_with_the_half_life(step: float, kimg: float, half_life: float) -> None:
    assert 0 <= ema_decay(step, kimg, half_life) < 1
    assert ema_decay(step, kimg, half_life) <= ema_decay(step, kimg, half_life + 1)
    assert ema_decay(step, kimg, half_life) <= ema_decay(step, kimg + 1, half_life)


def test_a_half_life_of_zero_disables_averaging() -> None:
    assert ema_decay(0.1, 100, 0) == 0
    assert ema_decay(0.1, 0, 5) == 0  # before the first image


def with_weights(value: float) -> nn.BatchNorm1d:
    network = nn.BatchNorm1d(3)
    for tensor in (*network.parameters(), network.running_mean):
        assert tensor is not None
        nn.init.constant_(tensor, value)
    return network


def test_the_first_update_copies_the_network() -> None:
    average, network = averaged(with_weights(7), lambda: 0.9), with_weights(1)
    average.update_parameters(network)
    for a, b in zip(average.module.parameters(), network.parameters(), strict=True):
        assert torch.equal(a, b)


def test_an_update_moves_parameters_by_one_minus_the_decay_and_copies_buffers() -> None:
    decay = 0.9
    average = averaged(with_weights(0), lambda: decay)
    average.update_parameters(with_weights(0))
    average.update_parameters(with_weights(1))
    torch.testing.assert_close(average.module.weight, torch.full((3,), 0.1))
    assert average.module.state_dict()["running_mean"].tolist() == [1, 1, 1]
    decay = 0.5  # read before each update
    average.update_parameters(with_weights(1))
    torch.testing.assert_close(average.module.weight, torch.full((3,), 0.55))


def test_the_average_is_a_copy() -> None:
    network = with_weights(1)
    average = averaged(network, lambda: 0.5)
    average.update_parameters(network)
    for a, b in zip(average.module.state_dict().values(), network.state_dict().values(), strict=True):
        assert a.data_ptr() != b.data_ptr()
