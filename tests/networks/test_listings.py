"""The weights of each recipe at its defaults against the listing that its report prints, top to bottom."""

import pytest
import torch
from torch import nn

from condgan.conditions import Attributes, Class, Condition, MultiLabel
from condgan.networks.attention import SelfAttention
from condgan.networks.gan import Discriminator, Generator
from condgan.recipes import build
from condgan.rendering.scenes import LABELS

OBJECTS = MultiLabel(LABELS)
DIGITS = Class([str(digit) for digit in range(10)])
FACES = Attributes({"hair": [f"h{i}" for i in range(12)], "eyes": [f"e{i}" for i in range(10)]})

# recipe -> its data (labels, resolution, channels), and the weights of G and of D
LISTINGS: dict[str, tuple[tuple[Condition, int, int], list[tuple[int, ...]], list[tuple[int, ...]]]] = {
    "cdcgan": (  # report 000
        (OBJECTS, 64, 3),
        [
            (128, 24), (128,),  # label_embed: Linear(24, 128)
            (8192, 128),  # l1: Linear(128, 8192, bias=False)
            (8192,), (8192,),  # BatchNorm1d(8192)
            (512, 256, 5, 5),  # ConvTranspose2d(512, 256, bias=False)
            (256,), (256,),
            (256, 128, 5, 5),
            (128,), (128,),
            (128, 64, 5, 5),
            (64,), (64,),
            (64, 3, 5, 5), (3,),  # the last one has a bias
        ],
        [
            (4096, 24), (4096,),  # label_embed: Linear(24, 4096)
            (64, 4, 5, 5), (64,),  # Conv2d(4, 64), no batch norm
            (128, 64, 5, 5), (128,),
            (128,), (128,),
            (256, 128, 5, 5), (256,),
            (256,), (256,),
            (512, 256, 5, 5), (512,),
            (512,), (512,),
            (1, 512, 4, 4), (1,),  # Conv2d(512, 1, 4)
        ],
    ),
    "acgan": (  # report 001, with nc = nz = 100, n_classes = 24, ngf = 128, ndf = 16
        (OBJECTS, 64, 3),
        [
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
        ],
        [
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
        ],
    ),
    "acgan_attributes": (  # report 002, with 12 colours of hair and 10 of eyes
        (FACES, 64, 3),
        [
            (5, 12),  # Embedding(hair_len, 5)
            (5, 10),  # Embedding(eyes_len, 5)
            (110, 512, 4, 4), (512,),  # Conv2DTranspose(512, (4, 4), "valid")
            (512,), (512,),
            (512, 256, 4, 4), (256,),
            (256,), (256,),
            (256, 128, 4, 4), (128,),
            (128,), (128,),
            (128, 64, 4, 4), (64,),
            (64,), (64,),
            (64, 64, 3, 3), (64,),  # Conv2DTranspose(64, (3, 3), strides=(1, 1))
            (64,), (64,),
            (64, 3, 4, 4), (3,),
        ],
        [
            (64, 3, 3, 3), (64,),  # Conv2D(64, (3, 3)), no batch norm
            (128, 64, 3, 3), (128,),
            (128,), (128,),
            (256, 128, 3, 3), (256,),
            (256,), (256,),
            (512, 256, 3, 3), (512,),
            (512,), (512,),
            (1024, 512, 3, 3), (1024,),
            (1024,), (1024,),
            (1, 4096), (1,),  # Dense(1)
            (22, 4096), (22,),  # Dense(hair_len) and Dense(eyes_len)
        ],
    ),
    "infogan": (  # report 003; Q is not printed
        (DIGITS, 28, 1),
        [
            (74, 512, 4, 4),  # ConvTranspose2d(74, 512, 4, 1, 0, bias=False)
            (512,), (512,),
            (512, 256, 4, 4),
            (256,), (256,),
            (256, 128, 4, 4),
            (128,), (128,),
            (128, 1, 4, 4),  # ConvTranspose2d(128, 1, 4, 2, 3, bias=False)
        ],
        [
            (64, 1, 4, 4), (64,),  # FE: Conv2d(1, 64, 4, 2, 1)
            (128, 64, 4, 4),  # Conv2d(64, 128, 4, 2, 1, bias=False)
            (128,), (128,),
            (1024, 128, 7, 7),  # Conv2d(128, 1024, 7, bias=False)
            (1024,), (1024,),
            (1, 1024, 1, 1), (1,),  # D: Conv2d(1024, 1, 1)
            (128, 1024, 1, 1),  # Q: 1024 -> 128, batch norm, LeakyReLU, 10 + 2 means + 2 log-variances
            (128,), (128,),
            (14, 128, 1, 1), (14,),
        ],
    ),
    "sagan": (  # report 004, its state read from the end; D is not printed
        (OBJECTS, 64, 3),
        [
            (200, 24), (200,),  # conditionExpand.0
            (300, 512, 4, 4), (512,),  # l1.0
            (512,), (512,),  # l1.1
            (512, 256, 4, 4), (256,),
            (256,), (256,),
            (256, 128, 4, 4), (128,),
            (128,), (128,),
            (1,),  # attn1.gamma
            (16, 128, 1, 1), (16,),  # attn1.query_conv
            (16, 128, 1, 1), (16,),  # attn1.key_conv
            (128, 128, 1, 1), (128,),  # attn1.value_conv
            (128, 64, 4, 4), (64,),
            (64,), (64,),
            (1,),  # attn2.gamma
            (8, 64, 1, 1), (8,),
            (8, 64, 1, 1), (8,),
            (64, 64, 1, 1), (64,),
            (64, 3, 4, 4), (3,),  # l5
        ],
        [
            (64, 4, 4, 4), (64,),  # the mirror image, with the label plane
            (1,), (8, 64, 1, 1), (8,), (8, 64, 1, 1), (8,), (64, 64, 1, 1), (64,),
            (128, 64, 4, 4), (128,),
            (1,), (16, 128, 1, 1), (16,), (16, 128, 1, 1), (16,), (128, 128, 1, 1), (128,),
            (256, 128, 4, 4), (256,),
            (512, 256, 4, 4), (512,),
            (1, 512, 4, 4), (1,),
            (4096, 24), (4096,),
        ],
    ),
}  # fmt: skip

listed = pytest.mark.parametrize("recipe", LISTINGS)


def state(recipe: str) -> tuple[Generator, Discriminator]:
    (labels, resolution, channels), _, _ = LISTINGS[recipe]
    built = build(recipe, {})
    with torch.device("meta"):
        shape = built.condition(labels), resolution, channels
        return built.generator(*shape), built.discriminator(*shape)


def shapes(network: nn.Module) -> list[tuple[int, ...]]:
    return [tuple(parameter.shape) for parameter in network.parameters()]


@listed
def test_the_generator_has_the_weights_that_the_report_prints(recipe: str) -> None:
    _, generator, _ = LISTINGS[recipe]
    assert shapes(state(recipe)[0]) == generator


@listed
def test_the_discriminator_has_the_weights_that_the_report_prints(recipe: str) -> None:
    _, _, discriminator = LISTINGS[recipe]
    found = shapes(state(recipe)[1])
    # Spectral norm moves a weight to the end of its layer and layers are registered as they come.
    assert sorted(found) == sorted(discriminator) if recipe == "sagan" else found == discriminator


@pytest.mark.parametrize(
    ("recipe", "paddings"),
    [("acgan", [0, 1, 1, 1, 1]), ("infogan", [0, 1, 1, 3]), ("sagan", [0, 1, 1, 1, 1])],
)
def test_transposed_convolutions_pad_as_the_reports_print(recipe: str, paddings: list[int]) -> None:
    first, *up = [m for m in state(recipe)[0].modules() if isinstance(m, nn.ConvTranspose2d)]
    assert [m.padding for m in (first, *up)] == [(padding, padding) for padding in paddings]
    assert first.stride == (1, 1)
    assert {m.stride for m in up} == {(2, 2)}


def test_attention_stands_behind_the_two_maps_that_report_004_prints() -> None:
    generator, discriminator = state("sagan")
    kinds = [type(layer) for layer in generator.body]
    assert [kinds[i - 1] for i, kind in enumerate(kinds) if kind is SelfAttention] == [nn.ReLU, nn.ReLU]
    widths = [m.value.in_channels for m in generator.modules() if isinstance(m, SelfAttention)]
    assert widths == [128, 64]
    assert [m.value.in_channels for m in discriminator.modules() if isinstance(m, SelfAttention)] == [64, 128]


def test_layers_of_report_002_translate_the_conventions_of_keras() -> None:
    generator, discriminator = state("acgan_attributes")
    norms = [m for network in (generator, discriminator) for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    assert {(m.momentum, m.eps) for m in norms} == {(0.5, 1e-3)}
    down = [m for m in discriminator.body if isinstance(m, nn.ZeroPad2d | nn.Conv2d)]
    assert [m.padding for m in down] == [(0, 1, 0, 1), (0, 0)] * 5
    refine = generator.body[-5]
    assert (refine.kernel_size, refine.stride, refine.padding) == ((3, 3), (1, 1), (1, 1))
    slopes = [m.negative_slope for n in (generator, discriminator) for m in n.modules() if isinstance(m, nn.LeakyReLU)]
    assert slopes == [0.2] * 10


def test_weights_of_report_002_start_as_keras_draws_them() -> None:
    torch.manual_seed(0)
    generator = build("acgan_attributes", {}).generator(FACES, 64, 3)
    first = next(m for m in generator.modules() if isinstance(m, nn.ConvTranspose2d))
    bound = (6 / (16 * (110 + 512))) ** 0.5
    assert first.weight.abs().max().item() == pytest.approx(bound, rel=1e-3)
    assert not first.bias.any()
    for embedding in generator.conditioning.parameters():
        assert 0.03 < embedding.abs().max() <= 0.05


def test_slopes_of_report_003_are_a_tenth() -> None:
    slopes = [m.negative_slope for m in state("infogan")[1].modules() if isinstance(m, nn.LeakyReLU)]
    assert slopes == [0.1] * 4


def test_d_learns_at_2e_4_and_g_and_q_at_1e_3_in_report_003() -> None:
    generator, discriminator = state("infogan")
    recipe = build("infogan", {})
    assert {group["lr"] for group in recipe.generator_optimizer(generator).param_groups} == {1e-3}
    groups = recipe.discriminator_optimizer(discriminator).param_groups
    assert [(group["lr"], len(group["params"])) for group in groups] == [(2e-4, 10), (1e-3, 5)]
    assert {id(w) for group in groups for w in group["params"]} == {id(w) for w in discriminator.parameters()}
