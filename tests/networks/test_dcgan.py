from collections.abc import Callable

import pytest
import torch
from torch import nn

from condgan.conditions import MultiLabel
from condgan.data.scenes import LABELS
from condgan.networks import dcgan
from condgan.networks.parts import LabelPlane

CONDITION = MultiLabel(LABELS)

# Report 000, as printed, top to bottom.
GENERATOR = [
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
]  # fmt: skip
DISCRIMINATOR = [
    (4096, 24), (4096,),  # label_embed: Linear(24, 4096)
    (64, 4, 5, 5), (64,),  # Conv2d(4, 64), no batch norm
    (128, 64, 5, 5), (128,),
    (128,), (128,),
    (256, 128, 5, 5), (256,),
    (256,), (256,),
    (512, 256, 5, 5), (512,),
    (512,), (512,),
    (1, 512, 4, 4), (1,),  # Conv2d(512, 1, 4)
]  # fmt: skip


def shapes(network: nn.Module) -> list[tuple[int, ...]]:
    return [tuple(parameter.shape) for parameter in network.parameters()]


def test_the_generator_has_the_weights_that_report_000_prints() -> None:
    assert shapes(dcgan.generator(CONDITION, 64)) == GENERATOR


def test_the_discriminator_has_the_weights_that_report_000_prints() -> None:
    assert shapes(dcgan.discriminator(CONDITION, 64)) == DISCRIMINATOR


def test_hidden_layers_are_those_that_report_000_prints() -> None:
    up = [m for m in dcgan.generator(CONDITION, 64).modules() if isinstance(m, nn.ConvTranspose2d)]
    assert {(m.stride, m.padding, m.output_padding) for m in up} == {((2, 2), (2, 2), (1, 1))}
    discriminator = dcgan.discriminator(CONDITION, 64)
    *down, last = [m for m in discriminator.modules() if isinstance(m, nn.Conv2d)]
    assert {(m.stride, m.padding) for m in down} == {((2, 2), (2, 2))}
    assert (last.stride, last.padding) == ((1, 1), (0, 0))
    assert [m.negative_slope for m in discriminator.modules() if isinstance(m, nn.LeakyReLU)] == [0.2] * 4


@pytest.mark.parametrize("build", [dcgan.generator, dcgan.discriminator])
def test_weights_start_as_report_000_draws_them(build: Callable[..., nn.Module]) -> None:
    torch.manual_seed(0)
    network = build(CONDITION, 64)
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            if module.weight.numel() > 4000:
                assert module.weight.std().item() == pytest.approx(0.02, rel=0.05)
                assert abs(module.weight.mean().item()) < 0.002
        elif isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            assert module.weight.mean().item() == pytest.approx(1, abs=0.01)
            assert module.weight.std().item() == pytest.approx(0.02, rel=0.35)
            assert not module.bias.any()


def test_the_label_plane_is_a_fourth_channel_linear_in_the_condition() -> None:
    plane = LabelPlane(3, CONDITION, 16)
    image, c = torch.randn(2, 3, 16, 16), torch.eye(24)[:2]
    h = plane(image, c)
    assert plane.channels == 4
    assert torch.equal(h[:, :3], image)
    torch.testing.assert_close(h[:, 3].flatten(1), plane.label_embed.weight.T[:2] + plane.label_embed.bias)


def test_the_label_embedding_is_added_to_the_latent() -> None:
    generator = dcgan.generator(CONDITION, 16, width=4, latent_dim=8)
    z, c = torch.randn(2, 8), torch.eye(24)[:2]
    torch.testing.assert_close(generator.entrance(z, c) - z, generator.entrance.label_embed(c))
