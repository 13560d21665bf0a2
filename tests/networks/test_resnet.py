import torch
from torch import nn

from condgan.conditions import Class
from condgan.networks import resnet
from condgan.networks.layers import downsample
from condgan.networks.normalization import ConditionalBatchNorm

CONDITION = Class("ab")


def test_the_generator_has_two_conditional_batch_norms_in_each_block() -> None:
    generator = resnet.generator(CONDITION, 32, width=2, latent_dim=4)
    blocks = [m for m in generator.modules() if isinstance(m, resnet.UpBlock)]
    assert len(blocks) == 3
    assert [sum(isinstance(m, ConditionalBatchNorm) for m in block.modules()) for block in blocks] == [2, 2, 2]


def test_channels_double_as_the_side_halves() -> None:
    generator, discriminator = resnet.generator(CONDITION, 32, width=2), resnet.discriminator(CONDITION, 32, width=2)
    up = [m.conv1 for m in generator.modules() if isinstance(m, resnet.UpBlock)]
    assert [(conv.in_channels, conv.out_channels) for conv in up] == [(16, 8), (8, 4), (4, 2)]
    down = [m.conv1 for m in discriminator.modules() if isinstance(m, resnet.FirstBlock | resnet.DownBlock)]
    assert [(conv.in_channels, conv.out_channels) for conv in down] == [(3, 2), (2, 4), (4, 8), (8, 16)]


def test_blocks_without_residual_are_their_shortcut() -> None:
    up, first, down = (
        resnet.UpBlock(2, 4, CONDITION),
        resnet.FirstBlock(2, 4),
        resnet.DownBlock(2, 4, downsample),
    )
    for block in (up, first, down):
        for parameter in block.conv2.parameters():
            nn.init.zeros_(parameter)
    h, c = torch.randn(3, 2, 8, 8), torch.eye(2)[[0, 1, 0]]
    torch.testing.assert_close(up(h, c), up.skip(h).repeat_interleave(2, 2).repeat_interleave(2, 3))
    torch.testing.assert_close(first(h), first.skip(downsample(h)))
    torch.testing.assert_close(down(h), downsample(down.skip(h)))


def test_every_layer_of_the_discriminator_has_spectral_norm_and_none_of_the_generator() -> None:
    generator, discriminator = resnet.generator(CONDITION, 16, width=2), resnet.discriminator(CONDITION, 16, width=2)
    layers = [m for m in discriminator.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    assert len(layers) == 3 * 3 + 2
    assert all(nn.utils.parametrize.is_parametrized(layer, "weight") for layer in layers)
    assert not any(nn.utils.parametrize.is_parametrized(module) for module in generator.modules())
