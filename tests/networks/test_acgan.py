import torch
from torch import nn

from condgan.conditions import MultiLabel
from condgan.networks import acgan
from condgan.networks.conditioning import ConcatEmbedding
from condgan.networks.heads import AuxiliaryHead
from condgan.networks.layers import Dropout
from condgan.rendering.scenes import LABELS

CONDITION = MultiLabel(LABELS)


def test_strides_and_paddings_are_those_that_report_001_prints() -> None:
    down = [m for m in acgan.discriminator(CONDITION, 64).modules() if isinstance(m, nn.Conv2d)]
    assert [(m.stride, m.padding) for m in down] == [((2, 2), (1, 1)), ((1, 1), (0, 0))] * 3


def test_every_convolution_of_the_discriminator_is_followed_by_leaky_relu_and_dropout() -> None:
    body = acgan.discriminator(CONDITION, 64).body
    kinds = [type(m).__name__ for m in body if not isinstance(m, nn.BatchNorm2d)]
    assert kinds == ["Conv2d", "LeakyReLU", "Dropout"] * 6
    assert {m.p for m in body if isinstance(m, Dropout)} == {0.5}
    assert {m.negative_slope for m in body if isinstance(m, nn.LeakyReLU)} == {0.2}


def test_the_sides_of_the_maps_are_those_that_report_001_prints() -> None:
    body, h, sides = acgan.discriminator(CONDITION, 64, width=2).body, torch.zeros(1, 3, 64, 64), []
    for layer in body:
        h = layer(h) if not isinstance(layer, nn.BatchNorm2d) else h
        if isinstance(layer, nn.Conv2d):
            sides.append(h.shape[-1])
    assert sides == [32, 30, 15, 13, 7, 5]


def test_the_embedding_stands_before_the_latent() -> None:
    conditioning = ConcatEmbedding(8, CONDITION, embedding_dim=6)
    z, c = torch.randn(2, 8), torch.eye(24)[:2]
    h = conditioning(z, c)
    assert h.shape == (2, conditioning.channels) == (2, 14)
    assert torch.equal(h[:, 6:], z)
    torch.testing.assert_close(h[:, :6], conditioning.label_embed(c))


def test_score_and_logits_are_linear_in_the_features() -> None:
    head = AuxiliaryHead(2, 3, CONDITION)
    a, b = torch.randn(4, 2, 3, 3), torch.randn(4, 2, 3, 3)
    for of_sum, of_a, of_b, of_zero in zip(*(head(h, a) for h in (a + b, a, b, 0 * a)), strict=True):
        torch.testing.assert_close(of_sum + of_zero, of_a + of_b, atol=1e-5, rtol=1e-4)
