import torch
from torch import nn

from condgan.conditions import MultiLabel
from condgan.data.scenes import LABELS
from condgan.networks import acgan
from condgan.networks.heads import Auxiliary
from condgan.networks.parts import Dropout

CONDITION = MultiLabel(LABELS)

# Report 001 as printed, with nc = nz = 100, n_classes = 24, ngf = 128, ndf = 16.
GENERATOR = [
    (100, 24), (100,),  # label_emb: Linear(n_classes, nc)
    (200, 1024, 4, 4),  # ConvTranspose2d(nz + nc, ngf * 8)
    (1024,), (1024,),
    (1024, 512, 4, 4),
    (512,), (512,),
    (512, 256, 4, 4),
    (256,), (256,),
    (256, 128, 4, 4),
    (128,), (128,),
    (128, 3, 4, 4),
]  # fmt: skip
DISCRIMINATOR = [
    (16, 3, 3, 3),  # Conv2d(3, ndf), no batch norm
    (32, 16, 3, 3),
    (32,), (32,),
    (64, 32, 3, 3),
    (64,), (64,),
    (128, 64, 3, 3),
    (128,), (128,),
    (256, 128, 3, 3),
    (256,), (256,),
    (512, 256, 3, 3),
    (512,), (512,),
    (1, 12800), (1,),  # fc_dis: Linear(5 * 5 * ndf * 32, 1)
    (24, 12800), (24,),  # fc_aux: Linear(5 * 5 * ndf * 32, n_classes)
]  # fmt: skip


def shapes(network: nn.Module) -> list[tuple[int, ...]]:
    return [tuple(parameter.shape) for parameter in network.parameters()]


def test_the_generator_has_the_weights_that_report_001_prints() -> None:
    assert shapes(acgan.generator(CONDITION, 64)) == GENERATOR


def test_the_discriminator_has_the_weights_that_report_001_prints() -> None:
    assert shapes(acgan.discriminator(CONDITION, 64)) == DISCRIMINATOR


def test_strides_and_paddings_are_those_that_report_001_prints() -> None:
    first, *up = [m for m in acgan.generator(CONDITION, 64).modules() if isinstance(m, nn.ConvTranspose2d)]
    assert (first.stride, first.padding) == ((1, 1), (0, 0))
    assert [(m.stride, m.padding) for m in up] == [((2, 2), (1, 1))] * 4
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
    generator = acgan.generator(CONDITION, 16, width=4, latent_dim=8, embedding_dim=6)
    z, c = torch.randn(2, 8), torch.eye(24)[:2]
    h = generator.entrance(z, c)
    assert h.shape == (2, 14)
    assert torch.equal(h[:, 6:], z)
    torch.testing.assert_close(h[:, :6], generator.entrance.label_embed(c))


def test_score_and_logits_are_linear_in_the_features() -> None:
    head = Auxiliary(2, 3, CONDITION)
    a, b = torch.randn(4, 2, 3, 3), torch.randn(4, 2, 3, 3)
    for of_sum, of_a, of_b, of_zero in zip(*(head(h, a) for h in (a + b, a, b, 0 * a)), strict=True):
        torch.testing.assert_close(of_sum + of_zero, of_a + of_b, atol=1e-5, rtol=1e-4)
