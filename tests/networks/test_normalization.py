import pytest
import torch
from torch import nn

from condgan.conditions import Class, MultiLabel
from condgan.networks import dcgan, resnet
from condgan.networks.heads import ProjectionHead
from condgan.networks.normalization import ConditionalBatchNorm, with_spectral_norm

CONDITION = MultiLabel("abc")


def test_weights_have_a_largest_singular_value_of_one() -> None:
    torch.manual_seed(0)
    network = with_spectral_norm(dcgan.discriminator(CONDITION, 16, width=8, norm=None))
    for _ in range(50):
        network(torch.randn(2, 3, 16, 16), torch.eye(3)[:2])
    layers = [m for m in network.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    assert len(layers) == 4
    for layer in layers:
        assert torch.linalg.matrix_norm(layer.weight.flatten(1), 2).item() == pytest.approx(1, abs=0.02)


def test_two_passes_before_one_backward_are_allowed() -> None:
    network = with_spectral_norm(dcgan.discriminator(CONDITION, 16, width=4, norm=None, num_attention=1))
    image, c = torch.randn(2, 3, 16, 16), torch.eye(3)[:2]
    (network(image, c).score.sum() + network(2 * image, c).score.sum()).backward()
    assert all(weight.grad is not None for weight in network.parameters())


def test_conditional_batch_norm_scales_and_shifts_what_batch_norm_leaves() -> None:
    norm = ConditionalBatchNorm(4, CONDITION)
    h, c = torch.randn(6, 4, 3, 3), torch.eye(3).repeat(2, 1)
    plain = nn.BatchNorm2d(4, affine=False)(h)
    expected = plain * (1 + norm.scale(c))[:, :, None, None] + norm.shift(c)[:, :, None, None]
    torch.testing.assert_close(norm(h, c), expected)


def test_a_projection_is_linear_in_the_condition() -> None:
    """Of a set of labels it adds a term for each."""
    head = ProjectionHead(5, 2, CONDITION)
    h = torch.randn(1, 5, 2, 2)
    nothing, a, b, both = (
        head(h, torch.tensor([c])).score for c in ([0.0, 0, 0], [1.0, 0, 0], [0, 1.0, 0], [1.0, 1, 0])
    )
    torch.testing.assert_close(both - nothing, (a - nothing) + (b - nothing), atol=1e-5, rtol=1e-4)


def test_the_residual_generator_meets_the_condition_in_every_block() -> None:
    generator = resnet.generator(Class("ab"), 32, width=2, latent_dim=4)
    norms = [m for m in generator.modules() if isinstance(m, ConditionalBatchNorm)]
    assert len(norms) == 2 * 3
