import pytest
import torch
from torch import nn

from condgan.errors import InputError
from condgan.networks.layers import (
    Dropout,
    IgnoreCondition,
    check_even,
    conv3,
    downsample,
    num_upsamplings,
    upsample,
)


def test_num_upsamplings_counts_from_4x4() -> None:
    assert [num_upsamplings(side) for side in (8, 16, 32, 64, 128)] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("resolution", [0, -4, -64, 12, 4])
def test_num_upsamplings_refuses_other_numbers(resolution: int) -> None:
    with pytest.raises(InputError, match=f"resolution {resolution}: expected a power of two of at least 8"):
        num_upsamplings(resolution)


def test_num_upsamplings_names_the_smallest_resolution() -> None:
    assert num_upsamplings(16, smallest=16) == 2
    expected = "a power of two of at least 16; resize the images with --resolution 16"
    with pytest.raises(InputError, match=f"resolution 8: expected {expected}"):
        num_upsamplings(8, smallest=16)


def test_check_even_accepts_even_numbers_from_8() -> None:
    check_even(8)
    check_even(50)
    for resolution in (6, 0, -8, 9):
        with pytest.raises(InputError, match=f"resolution {resolution}: expected an even number of at least 8"):
            check_even(resolution)


def test_ignore_condition_is_a_sequence_of_layers() -> None:
    h = torch.randn(2, 3)
    first, second = nn.Linear(3, 4), nn.Linear(4, 5)
    assert torch.equal(IgnoreCondition(first, second)(h, torch.randn(2, 7)), second(first(h)))


def test_downsampling_inverts_upsampling() -> None:
    h = torch.randn(1, 2, 3, 5)
    assert upsample(h).shape == (1, 2, 6, 10)
    torch.testing.assert_close(downsample(upsample(h)), h)


def test_conv3_keeps_the_side() -> None:
    layer = conv3(2, 4)
    assert layer.weight.shape == (4, 2, 3, 3)
    assert layer(torch.zeros(1, 2, 5, 7)).shape == (1, 4, 5, 7)


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("p", [0.3, 0.5])
def test_dropout_zeroes_a_share_of_p_and_keeps_the_mean(memory_format: torch.memory_format, p: float) -> None:
    torch.manual_seed(0)
    dropped = Dropout(p)(torch.ones(64, 16, 15, 15).contiguous(memory_format=memory_format))
    assert (dropped == 0).float().mean().item() == pytest.approx(p, abs=0.005)
    assert dropped[dropped > 0].unique().tolist() == [pytest.approx(1 / (1 - p))]


@pytest.mark.parametrize("axis", range(4))
def test_dropout_draws_each_value_independently(axis: int) -> None:
    torch.manual_seed(0)
    dropped = (Dropout(0.5)(torch.ones(16, 16, 16, 16)) == 0).movedim(axis, 0)
    assert (dropped[1:] == dropped[:-1]).float().mean().item() == pytest.approx(0.5, abs=0.01)


def test_dropout_passes_the_gradient_of_the_values_kept() -> None:
    h = torch.rand(4, 3, 5, 5).add(1).requires_grad_()
    dropped = Dropout(0.5)(h)
    dropped.sum().backward()
    assert h.grad is not None
    torch.testing.assert_close(h.grad, (dropped != 0).float() * 2)


def test_dropout_does_nothing_in_evaluation_or_with_p_of_zero() -> None:
    h = torch.rand(4, 3, 5, 5)
    assert Dropout(0.5).eval()(h) is h
    assert Dropout(0.0)(h) is h


def test_dropout_prints_its_probability() -> None:
    assert str(Dropout(0.25)) == "Dropout(p=0.25)"


@pytest.mark.parametrize(("p", "dropped"), [(2**-18, 0), (2**-16, 64), (1 - 2**-16, 2**22 - 64)])
def test_dropout_rounds_its_probability_to_a_multiple_of_a_65536th(p: float, dropped: int) -> None:
    torch.manual_seed(0)
    num_zeros = (Dropout(p)(torch.ones(4, 16, 256, 256)) == 0).sum().item()
    assert num_zeros == pytest.approx(dropped, abs=40)  # of 2^22 values: five standard deviations
    assert bool(num_zeros) is bool(dropped)
    assert num_zeros < 2**22
