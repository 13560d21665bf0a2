"""Self-attention over the positions of a feature map."""

import torch
from torch import Tensor, nn


class SelfAttention(nn.Module):
    """Returns h + gamma * attention(h) for maps h (N, C, H, W), gamma learned from 0. Zhang et al. 2019, section 3.

    Queries and keys have C / 8 channels, at least one. Written out rather than fused: fused attention has no second
    derivative, which gradient penalties need.
    """

    def __init__(self, channels: int):
        super().__init__()
        self.query = nn.Conv2d(channels, max(channels // 8, 1), 1)
        self.key = nn.Conv2d(channels, max(channels // 8, 1), 1)
        self.value = nn.Conv2d(channels, channels, 1)
        self.gamma = nn.Parameter(torch.zeros(1))

    def weights(self, h: Tensor) -> Tensor:
        """Returns the attention of every position to every other, (N, HW, HW); each row sums to 1."""
        return torch.bmm(self.query(h).flatten(2).mT, self.key(h).flatten(2)).softmax(dim=2)

    def forward(self, h: Tensor) -> Tensor:
        # (weights @ values^T)^T rather than values @ weights^T: the same product, half the time in backward on a CPU.
        attended = torch.bmm(self.weights(h), self.value(h).flatten(2).mT)
        result: Tensor = h + self.gamma * attended.mT.unflatten(2, h.shape[2:])
        return result
