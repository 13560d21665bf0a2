"""The two networks of a GAN: how the condition enters, a body, and for the discriminator a head."""

from typing import NamedTuple, TypeVar

from torch import Tensor, nn


class DiscriminatorOutput(NamedTuple):
    """What a discriminator returns, unbounded: sigmoids and softmaxes belong to the losses.

    `score` (N,): how real the image looks; higher is more real. `logits` (N, num_logits): the condition predicted from
    the image, or (N, 0) from a discriminator without an auxiliary head.
    """

    score: Tensor
    logits: Tensor


class Generator(nn.Module):
    """Maps a latent z (N, latent_dim) and an encoded condition c (N, dim) to images (N, C, R, R) in [-1, 1]."""

    def __init__(self, latent_dim: int, conditioning: nn.Module, body: nn.Module):
        super().__init__()
        self.latent_dim, self.conditioning, self.body = latent_dim, conditioning, body

    def forward(self, z: Tensor, c: Tensor) -> Tensor:
        return self.body(self.conditioning(z, c), c)  # type: ignore[no-any-return]


class Discriminator(nn.Module):
    """Maps images (N, C, R, R) in [-1, 1] and an encoded condition c (N, dim) to a DiscriminatorOutput."""

    def __init__(self, conditioning: nn.Module, body: nn.Module, head: nn.Module):
        super().__init__()
        self.conditioning, self.body, self.head = conditioning, body, head

    def forward(self, image: Tensor, c: Tensor) -> DiscriminatorOutput:
        return self.head(self.body(self.conditioning(image, c), c), c)  # type: ignore[no-any-return]


Network = TypeVar("Network", Generator, Discriminator)


def init_normal(network: Network, std: float = 0.02) -> Network:
    """Draws weights of convolutions from N(0, std) and scales of batch norm from N(1, std), in place.

    Returns the network. Radford et al. 2016, section 4.
    """
    for module in network.modules():
        if isinstance(module, nn.modules.conv._ConvNd):
            nn.init.normal_(module.weight, 0.0, std)
        elif isinstance(module, nn.modules.batchnorm._BatchNorm):
            nn.init.normal_(module.weight, 1.0, std)
            nn.init.zeros_(module.bias)
    return network
