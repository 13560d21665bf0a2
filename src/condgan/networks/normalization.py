"""Norms of activations that know the condition, and a norm of weights."""

from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from condgan.conditions import Condition
from condgan.networks.parts import Discriminator


class ConditionalBatchNorm(nn.Module):
    """Batch norm whose scale 1 + Vc and shift Wc follow from the condition. De Vries et al. 2017, section 4.1."""

    def __init__(self, channels: int, condition: Condition):
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.scale = nn.Linear(condition.dim, channels, bias=False)
        self.shift = nn.Linear(condition.dim, channels)

    def forward(self, h: Tensor, c: Tensor) -> Tensor:
        scale, shift = 1 + self.scale(c), self.shift(c)
        return self.norm(h) * scale[:, :, None, None] + shift[:, :, None, None]  # type: ignore[no-any-return]


def spectrally_normed(discriminator: Discriminator) -> Discriminator:
    """The same network, the weight of each layer divided by its largest singular value. Miyato et al. 2018, eq. 8."""
    for module in discriminator.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            spectral_norm(module)
    return discriminator
