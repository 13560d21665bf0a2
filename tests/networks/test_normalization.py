import pytest
import torch
from torch import nn

from condgan.conditions import MultiLabel
from condgan.networks import dcgan
from condgan.networks.normalization import ConditionalBatchNorm, mixes_samples, with_spectral_norm

CONDITION = MultiLabel("abc")


def test_spectral_norm_makes_the_largest_singular_value_one() -> None:
    torch.manual_seed(0)
    network = with_spectral_norm(dcgan.discriminator(CONDITION, 16, width=8, norm=None))
    for _ in range(50):
        network(torch.randn(2, 3, 16, 16), torch.eye(3)[:2])
    layers = [m for m in network.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    assert len(layers) == 4
    for layer in layers:
        assert torch.linalg.matrix_norm(layer.weight.flatten(1), 2).item() == pytest.approx(1, abs=0.02)


def test_spectral_norm_allows_two_passes_before_one_backward() -> None:
    network = with_spectral_norm(dcgan.discriminator(CONDITION, 16, width=4, norm=None, num_attention=1))
    image, c = torch.randn(2, 3, 16, 16), torch.eye(3)[:2]
    (network(image, c).score.sum() + network(2 * image, c).score.sum()).backward()
    assert all(weight.grad is not None for weight in network.parameters())


def test_conditional_batch_norm_scales_and_shifts_the_output_of_batch_norm() -> None:
    norm = ConditionalBatchNorm(4, CONDITION)
    h, c = torch.randn(6, 4, 3, 3), torch.eye(3).repeat(2, 1)
    normalized = nn.BatchNorm2d(4, affine=False)(h)
    scale, shift = 1 + c @ norm.scale.weight.T, c @ norm.shift.weight.T + norm.shift.bias
    torch.testing.assert_close(norm(h, c), normalized * scale[:, :, None, None] + shift[:, :, None, None])


def test_only_batch_norm_mixes_samples() -> None:
    assert mixes_samples(nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)))
    assert mixes_samples(ConditionalBatchNorm(3, CONDITION))
    assert not mixes_samples(nn.Sequential(nn.Conv2d(3, 3, 1), nn.LayerNorm(3), nn.GroupNorm(1, 3)))


def test_scale_and_shift_of_conditional_batch_norm_come_from_the_condition_alone() -> None:
    norm = ConditionalBatchNorm(4, CONDITION)
    shapes = {name: tuple(parameter.shape) for name, parameter in norm.named_parameters()}
    assert shapes == {"scale.weight": (4, 3), "shift.weight": (4, 3), "shift.bias": (4,)}
