"""ACGAN bodies for several attributes, as printed in report 002, with the defaults of Keras that it leaves unsaid.

Those are: a bias in every layer, weights from Glorot and Bengio's uniform distribution, epsilon 0.001 in batch norm,
and `same` padding, which for a stride of 2 on an even side is one row and one column at the far end. Its batch norm
momentum is the share that is kept, here the share that is replaced; at the printed 0.5 they agree.
"""

from collections.abc import Callable
from functools import partial

from torch import nn

from condgan.conditions import Condition
from condgan.networks.entrances import Entrance, Hide, JoinEmbeddings
from condgan.networks.heads import Auxiliary
from condgan.networks.parts import Blind, Discriminator, Generator, Player, num_doublings

norm = partial(nn.BatchNorm2d, eps=1e-3, momentum=0.5)


def generator(
    condition: Condition,
    resolution: int,
    channels: int = 3,
    *,
    width: int = 64,
    latent_dim: int = 100,
    entrance: Callable[..., Entrance],
) -> Generator:
    """Latent and embeddings as a 1x1 map, then 4x4 transposed convolutions that double from 4x4; a 3x3 before the last.

    `width` is that of the two finest hidden maps.
    """
    front = entrance(latent_dim, condition)
    hidden = width * 2 ** (num_doublings(resolution) - 1)
    up = partial(nn.ConvTranspose2d, kernel_size=4, stride=2, padding=1)
    layers: list[nn.Module] = [nn.Unflatten(1, (front.channels, 1, 1)), nn.ConvTranspose2d(front.channels, hidden, 4)]
    while hidden > width:
        layers += [norm(hidden), nn.LeakyReLU(0.2), up(hidden, hidden // 2)]
        hidden //= 2
    layers += [norm(width), nn.LeakyReLU(0.2), nn.ConvTranspose2d(width, width, 3, padding=1)]
    layers += [norm(width), nn.LeakyReLU(0.2), up(width, channels), nn.Tanh()]
    return _init_as_keras(Generator(latent_dim, front, Blind(*layers)))


def discriminator(
    condition: Condition,
    resolution: int,
    channels: int = 3,
    *,
    width: int = 64,
    entrance: Callable[..., Entrance] = Hide,
    head: Callable[..., nn.Module] = Auxiliary,
) -> Discriminator:
    """3x3 convolutions, each halving the side down to 2x2 and doubling the channels; no batch norm on the first."""
    front = entrance(channels, condition)
    down = partial(nn.Conv2d, kernel_size=3, stride=2)
    far_end = (0, 1, 0, 1)
    layers: list[nn.Module] = [nn.ZeroPad2d(far_end), down(front.channels, width), nn.LeakyReLU(0.2)]
    hidden = width
    for _ in range(num_doublings(resolution)):
        layers += [nn.ZeroPad2d(far_end), down(hidden, hidden * 2), norm(hidden * 2), nn.LeakyReLU(0.2)]
        hidden *= 2
    return _init_as_keras(Discriminator(front, Blind(*layers), head(hidden, 2, condition)))


def _init_as_keras(network: Player) -> Player:
    """Glorot and Bengio 2010, eq. 16, and biases of zero; embeddings uniform in [-0.05, 0.05]."""
    for module in reversed(list(network.modules())):  # parts before what they are part of
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.xavier_uniform_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        if isinstance(module, JoinEmbeddings):
            for embedding in module.parameters():
                nn.init.uniform_(embedding, -0.05, 0.05)
    return network
