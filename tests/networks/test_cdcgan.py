from collections.abc import Callable

import pytest
import torch
from torch import nn

from condgan.conditions import MultiLabel
from condgan.networks import cdcgan
from condgan.networks.conditioning import LabelChannel
from condgan.rendering.scenes import LABELS

CONDITION = MultiLabel(LABELS)


def test_hidden_layers_are_those_that_report_000_prints() -> None:
    up = [m for m in cdcgan.generator(CONDITION, 64).modules() if isinstance(m, nn.ConvTranspose2d)]
    assert {(m.stride, m.padding, m.output_padding) for m in up} == {((2, 2), (2, 2), (1, 1))}
    discriminator = cdcgan.discriminator(CONDITION, 64)
    *down, last = [m for m in discriminator.modules() if isinstance(m, nn.Conv2d)]
    assert {(m.stride, m.padding) for m in down} == {((2, 2), (2, 2))}
    assert (last.stride, last.padding) == ((1, 1), (0, 0))
    assert [m.negative_slope for m in discriminator.modules() if isinstance(m, nn.LeakyReLU)] == [0.2] * 4


@pytest.mark.parametrize("build", [cdcgan.generator, cdcgan.discriminator])
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
    plane = LabelChannel(3, CONDITION, 16)
    image, c = torch.randn(2, 3, 16, 16), torch.eye(24)[:2]
    h = plane(image, c)
    assert plane.channels == 4
    assert torch.equal(h[:, :3], image)
    torch.testing.assert_close(h[:, 3].flatten(1), plane.label_embed.weight.T[:2] + plane.label_embed.bias)


def test_the_label_embedding_is_added_to_the_latent() -> None:
    generator = cdcgan.generator(CONDITION, 16, width=4, latent_dim=8)
    z, c = torch.randn(2, 8), torch.eye(24)[:2]
    torch.testing.assert_close(generator.conditioning(z, c) - z, generator.conditioning.label_embed(c))
