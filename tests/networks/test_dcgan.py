import pytest
import torch
from torch import nn

from condgan.conditions import Class
from condgan.networks import dcgan
from condgan.networks.attention import SelfAttention
from condgan.networks.conditioning import Concat, Unconditional

CONDITION = Class("ab")


@pytest.mark.parametrize("num_attention", [0, 1, 2])
def test_attention_follows_the_largest_maps(num_attention: int) -> None:
    generator = dcgan.generator(CONDITION, 32, width=4, conditioning=Concat, num_attention=num_attention)
    discriminator = dcgan.discriminator(CONDITION, 32, width=4, num_attention=num_attention)
    in_generator, in_discriminator = (
        [m.value.in_channels for m in network.modules() if isinstance(m, SelfAttention)]
        for network in (generator, discriminator)
    )
    assert in_discriminator == [4, 8][:num_attention]
    assert in_generator == in_discriminator[::-1]


def test_layers_of_the_discriminator_have_a_bias_where_no_norm_follows() -> None:
    def biases(norm: type[nn.BatchNorm2d] | None) -> list[bool]:
        network = dcgan.discriminator(CONDITION, 32, width=4, norm=norm)
        return [m.bias is not None for m in network.modules() if isinstance(m, nn.Conv2d)]

    assert biases(nn.BatchNorm2d) == [True, False, False, True]  # the head last
    assert biases(None) == [True, True, True, True]


def test_the_norm_of_the_discriminator_follows_all_layers_but_the_first() -> None:
    network = dcgan.discriminator(CONDITION, 32, width=4, norm=lambda channels: nn.GroupNorm(1, channels))
    kinds = [type(m) for m in network.body.children()]
    assert kinds == [nn.Conv2d, nn.LeakyReLU] + 2 * [nn.Conv2d, nn.GroupNorm, nn.LeakyReLU]


def test_the_last_layer_crops_to_the_resolution() -> None:
    generator = dcgan.generator(CONDITION, 28, 1, width=2, latent_dim=3, conditioning=Concat)
    larger = dcgan.generator(CONDITION, 32, 1, width=2, latent_dim=3, conditioning=Concat)
    generator.load_state_dict(larger.state_dict())
    z, c = torch.randn(2, 3), torch.eye(2)
    torch.testing.assert_close(generator(z, c), larger(z, c)[:, :, 2:-2, 2:-2])


@pytest.mark.parametrize(
    ("resolution", "side"), [(8, 4), (10, 2), (12, 3), (16, 4), (18, 4), (20, 2), (28, 3), (50, 3), (64, 4)]
)
def test_the_discriminator_halves_maps_until_their_side_is_4_or_less(resolution: int, side: int) -> None:
    body = dcgan.discriminator(CONDITION, resolution, 1, width=2, conditioning=Unconditional).body
    assert body(torch.zeros(2, 1, resolution, resolution), torch.eye(2)).shape[2:] == (side, side)
