"""Entrances: how a player first meets the condition.

An entrance is built as `Entrance(channels, condition)` and called as `entrance(h, c)`, with c the encoded condition
(N, condition.dim); its `channels` says how wide it leaves the input.
"""

import torch
from torch import Tensor, nn

from condgan.conditions import Condition


class Entrance(nn.Module):
    """The one face of all entrances. One that ignores the condition still takes it, so that they swap by a keyword."""

    channels: int


class Hide(Entrance):
    """Leaves the condition out."""

    def __init__(self, channels: int, condition: Condition):
        super().__init__()
        self.channels = channels

    def forward(self, h: Tensor, c: Tensor) -> Tensor:
        return h


class Join(Entrance):
    """Sets the condition itself behind the latent. Chen et al. 2016, section 4."""

    def __init__(self, channels: int, condition: Condition):
        super().__init__()
        self.channels = channels + condition.dim

    def forward(self, h: Tensor, c: Tensor) -> Tensor:
        return torch.cat([h, c], dim=1)


class AddEmbedding(Entrance):
    """Adds a linear embedding of the condition to the latent, h + Wc + b."""

    def __init__(self, channels: int, condition: Condition):
        super().__init__()
        self.channels = channels
        self.label_embed = nn.Linear(condition.dim, channels)

    def forward(self, h: Tensor, c: Tensor) -> Tensor:
        return h + self.label_embed(c)  # type: ignore[no-any-return]


class JoinEmbedding(Entrance):
    """Sets an embedding of the condition, LeakyReLU(Wc + b), before the latent."""

    def __init__(self, channels: int, condition: Condition, embedding_dim: int):
        super().__init__()
        self.channels = embedding_dim + channels
        self.label_embed = nn.Sequential(nn.Linear(condition.dim, embedding_dim), nn.LeakyReLU(0.2))

    def forward(self, h: Tensor, c: Tensor) -> Tensor:
        return torch.cat([self.label_embed(c), h], dim=1)


class JoinEmbeddings(Entrance):
    """Sets a linear embedding of each part of the condition behind the latent: one for each attribute."""

    def __init__(self, channels: int, condition: Condition, embedding_dim: int):
        super().__init__()
        self.sizes = list(condition.sizes)
        self.channels = channels + embedding_dim * len(self.sizes)
        self.label_embeds = nn.ModuleList(nn.Linear(size, embedding_dim, bias=False) for size in self.sizes)

    def forward(self, h: Tensor, c: Tensor) -> Tensor:
        parts = zip(self.label_embeds, c.split(self.sizes, dim=1), strict=True)
        return torch.cat([h, *(embed(part) for embed, part in parts)], dim=1)


class LabelPlane(Entrance):
    """Appends one channel to an image: a linear map of the condition to a value for every pixel."""

    def __init__(self, channels: int, condition: Condition, resolution: int):
        super().__init__()
        self.channels = channels + 1
        self.label_embed = nn.Linear(condition.dim, resolution**2)

    def forward(self, h: Tensor, c: Tensor) -> Tensor:
        return torch.cat([h, self.label_embed(c).view(-1, 1, *h.shape[2:])], dim=1)
