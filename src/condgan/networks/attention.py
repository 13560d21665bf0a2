"""Self-attention over the places of a map."""

import torch
from torch import Tensor, nn


class SelfAttention(nn.Module):
    """h + gamma * attention(h), gamma learned from 0. Zhang et al. 2019, section 3.

    Query and key have an eighth of the channels, at least one. Written out, as fused attention has no second
    derivative, which penalties need.
    """

    def __init__(self, channels: int):
        super().__init__()
        self.query = nn.Conv2d(channels, max(channels // 8, 1), 1)
        self.key = nn.Conv2d(channels, max(channels // 8, 1), 1)
        self.value = nn.Conv2d(channels, channels, 1)
        self.gamma = nn.Parameter(torch.zeros(1))

    def weights(self, h: Tensor) -> Tensor:
        """How much each place looks at every other, (N, HW, HW); rows sum to 1."""
        return torch.bmm(self.query(h).flatten(2).mT, self.key(h).flatten(2)).softmax(dim=2)

    def forward(self, h: Tensor) -> Tensor:
        # Weights before values: with both transposed, the other way round, the gradients take twice as long on a CPU.
        seen = torch.bmm(self.weights(h), self.value(h).flatten(2).mT)
        attended: Tensor = h + self.gamma * seen.mT.unflatten(2, h.shape[2:])
        return attended
