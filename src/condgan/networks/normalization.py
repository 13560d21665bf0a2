"""Normalisation of activations, with and without the condition, and of weights."""

from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from condgan.conditions import Condition
from condgan.networks.gan import Discriminator


class ConditionalBatchNorm(nn.Module):
    """Batch norm with scale 1 + Vc and shift Wc + b. De Vries et al. 2017, section 4.1."""

    def __init__(self, channels: int, condition: Condition):
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.scale = nn.Linear(condition.dim, channels, bias=False)
        self.shift = nn.Linear(condition.dim, channels)

    def forward(self, h: Tensor, c: Tensor) -> Tensor:
        scale, shift = 1 + self.scale(c), self.shift(c)
        return self.norm(h) * scale[:, :, None, None] + shift[:, :, None, None]  # type: ignore[no-any-return]


def with_spectral_norm(discriminator: Discriminator) -> Discriminator:
    """Divides the weight of every convolution and linear layer by its largest singular value, in place.

    Returns the discriminator. Miyato et al. 2018, eq. 8.
    """
    for module in discriminator.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            spectral_norm(module)
    return discriminator


def mixes_samples(network: nn.Module) -> bool:
    """Whether a layer computes statistics over the batch, so that concatenating two batches would change its output."""
    return any(isinstance(module, nn.modules.batchnorm._BatchNorm) for module in network.modules())
