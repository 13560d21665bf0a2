"""How the condition enters a network's input.

A layer is built as `Conditioning(channels, condition)` and called as `layer(h, c)` with the encoded condition c (N,
condition.dim); its attribute `channels` is the number of channels it returns.
"""

import torch
from torch import Tensor, nn

from condgan.conditions import Condition


class Conditioning(nn.Module):
    """Base class of all conditioning layers. All take the condition, so that any can replace any other."""

    channels: int


class Unconditional(Conditioning):
    """Returns the input unchanged: the condition does not enter here."""

    def __init__(self, channels: int, condition: Condition):
        super().__init__()
        self.channels = channels

    def forward(self, h: Tensor, c: Tensor) -> Tensor:
        return h


class Concat(Conditioning):
    """Concatenates [z, c]. Chen et al. 2016, section 4."""

    def __init__(self, channels: int, condition: Condition):
        super().__init__()
        self.channels = channels + condition.dim

    def forward(self, h: Tensor, c: Tensor) -> Tensor:
        return torch.cat([h, c], dim=1)


class ConcatUniform(Concat):
    """Concatenates [u, c], where u = erf(z / sqrt(2)) is uniform in (-1, 1) if z is from N(0, 1)."""

    def forward(self, h: Tensor, c: Tensor) -> Tensor:
        return super().forward(torch.erf(h / 2**0.5), c)


class ConcatEmbedding(Conditioning):
    """Concatenates [LeakyReLU(Wc + b), z]."""

    def __init__(self, channels: int, condition: Condition, embedding_dim: int):
        super().__init__()
        self.channels = embedding_dim + channels
        self.label_embed = nn.Sequential(nn.Linear(condition.dim, embedding_dim), nn.LeakyReLU(0.2))

    def forward(self, h: Tensor, c: Tensor) -> Tensor:
        return torch.cat([self.label_embed(c), h], dim=1)


class ConcatAttributeEmbeddings(Conditioning):
    """Concatenates [z, one linear embedding for each attribute]."""

    def __init__(self, channels: int, condition: Condition, embedding_dim: int):
        super().__init__()
        self.sizes = list(condition.sizes)
        self.channels = channels + embedding_dim * len(self.sizes)
        self.label_embeds = nn.ModuleList(nn.Linear(size, embedding_dim, bias=False) for size in self.sizes)

    def forward(self, h: Tensor, c: Tensor) -> Tensor:
        parts = zip(self.label_embeds, c.split(self.sizes, dim=1), strict=True)
        return torch.cat([h, *(embed(part) for embed, part in parts)], dim=1)


class AddEmbedding(Conditioning):
    """Adds a linear embedding of the condition to the latent: z + Wc + b."""

    def __init__(self, channels: int, condition: Condition):
        super().__init__()
        self.channels = channels
        self.label_embed = nn.Linear(condition.dim, channels)

    def forward(self, h: Tensor, c: Tensor) -> Tensor:
        return h + self.label_embed(c)  # type: ignore[no-any-return]


class LabelChannel(Conditioning):
    """Concatenates one channel to an image (N, C, R, R): a linear map of the condition to R x R values."""

    def __init__(self, channels: int, condition: Condition, resolution: int):
        super().__init__()
        self.channels = channels + 1
        self.label_embed = nn.Linear(condition.dim, resolution**2)

    def forward(self, h: Tensor, c: Tensor) -> Tensor:
        return torch.cat([h, self.label_embed(c).view(-1, 1, *h.shape[2:])], dim=1)
