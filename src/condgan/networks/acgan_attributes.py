"""ACGAN for several attributes, as printed in report 002, with Keras's defaults where the report prints none.

Keras's defaults: a bias in every layer, Glorot uniform weights, epsilon 0.001 in batch norm, and `same` padding, which
for stride 2 on an even side pads one row and one column at the end. Keras's batch norm momentum is the share that is
kept, PyTorch's the share that is replaced; at the printed 0.5 they agree.
"""

from collections.abc import Callable
from functools import partial

from torch import nn

from condgan.conditions import Condition
from condgan.networks.conditioning import ConcatAttributeEmbeddings, Conditioning, Unconditional
from condgan.networks.gan import Discriminator, Generator, Network
from condgan.networks.heads import AuxiliaryHead
from condgan.networks.layers import IgnoreCondition, num_upsamplings

norm = partial(nn.BatchNorm2d, eps=1e-3, momentum=0.5)


def generator(
    condition: Condition,
    resolution: int,
    channels: int = 3,
    *,
    width: int = 64,
    latent_dim: int = 100,
    conditioning: Callable[..., Conditioning],
) -> Generator:
    """4x4 transposed convolutions that upsample by 2 from 4x4 maps, and a 3x3 before the last.

    `width` is the number of channels of the two largest hidden maps. Raises InputError unless the resolution is a power
    of two >= 8.
    """
    conditioner = conditioning(latent_dim, condition)
    hidden = width * 2 ** (num_upsamplings(resolution) - 1)
    up = partial(nn.ConvTranspose2d, kernel_size=4, stride=2, padding=1)
    layers: list[nn.Module] = [
        nn.Unflatten(1, (conditioner.channels, 1, 1)),
        nn.ConvTranspose2d(conditioner.channels, hidden, 4),
    ]
    while hidden > width:
        layers += [norm(hidden), nn.LeakyReLU(0.2), up(hidden, hidden // 2)]
        hidden //= 2
    layers += [norm(width), nn.LeakyReLU(0.2), nn.ConvTranspose2d(width, width, 3, padding=1)]
    layers += [norm(width), nn.LeakyReLU(0.2), up(width, channels), nn.Tanh()]
    return _init_as_keras(Generator(latent_dim, conditioner, IgnoreCondition(*layers)))


def discriminator(
    condition: Condition,
    resolution: int,
    channels: int = 3,
    *,
    width: int = 64,
    extra_layers: int = 0,
    conditioning: Callable[..., Conditioning] = Unconditional,
    head: Callable[..., nn.Module] = AuxiliaryHead,
) -> Discriminator:
    """3x3 convolutions of stride 2 down to 2x2 maps, each doubling the channels; batch norm on all but the first.

    So many `extra_layers` of stride 1 follow, which keep the size of the maps. Raises InputError unless the resolution
    is a power of two >= 8.
    """
    conditioner = conditioning(channels, condition)
    down = partial(nn.Conv2d, kernel_size=3, stride=2)
    at_the_end = (0, 1, 0, 1)  # left, right, top, bottom
    layers: list[nn.Module] = [nn.ZeroPad2d(at_the_end), down(conditioner.channels, width), nn.LeakyReLU(0.2)]
    hidden = width
    for _ in range(num_upsamplings(resolution)):
        layers += [nn.ZeroPad2d(at_the_end), down(hidden, hidden * 2), norm(hidden * 2), nn.LeakyReLU(0.2)]
        hidden *= 2
    for _ in range(extra_layers):
        layers += [nn.Conv2d(hidden, hidden, 3, padding=1), norm(hidden), nn.LeakyReLU(0.2)]
    return _init_as_keras(Discriminator(conditioner, IgnoreCondition(*layers), head(hidden, 2, condition)))


def _init_as_keras(network: Network) -> Network:
    """Glorot uniform weights (Glorot and Bengio 2010, eq. 16), biases of zero, embeddings uniform in [-0.05, 0.05]."""
    for module in reversed(list(network.modules())):  # children first, so that embeddings are drawn last
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.xavier_uniform_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        if isinstance(module, ConcatAttributeEmbeddings):
            for embedding in module.parameters():
                nn.init.uniform_(embedding, -0.05, 0.05)
    return network
