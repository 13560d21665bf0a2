"""Parts of which the bodies are built, and the two players that hold them.

A part that may look at the condition is built as `Part(channels, condition)` and called as `part(h, c)`, with c the
encoded condition (N, condition.dim); one that ignores it still takes it, so that parts swap by a keyword.
"""

from math import log2
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from condgan.errors import InputError
from condgan.networks.heads import Verdict


class Blind(nn.Sequential):
    """Layers that have no use for the condition, as one part."""

    def forward(self, h: Tensor, c: Tensor) -> Tensor:  # type: ignore[override]
        return super().forward(h)  # type: ignore[no-any-return]


class Dropout(nn.Module):
    """Zeroes each value with probability p and scales the rest by 1 / (1 - p). Srivastava et al. 2014.

    What `nn.Dropout` does, at a quarter of its cost on a CPU, where that draws one number after the other for each
    value: here each 64 random bits decide four, in the order in which channels-last maps lie in memory. p is rounded to
    a multiple of 2^-16.
    """

    def __init__(self, p: float):
        super().__init__()
        self.p = p

    def forward(self, h: Tensor) -> Tensor:
        if not self.training or not self.p:
            return h
        rows = h.permute(0, 2, 3, 1)
        bits = torch.empty(-(-h.numel() // 4), dtype=torch.int64, device=h.device).random_(-(2**63), None)
        kept = bits.view(torch.int16)[: h.numel()].view(rows.shape) >= round(self.p * 2**16) - 2**15
        return (rows * (kept.to(h.dtype) / (1 - self.p))).permute(0, 3, 1, 2)


class RandomAffine(nn.Module):
    """In training, turns, shifts and stretches each image (N, C, R, R) at random; the border fills what comes free.

    Turned by up to `strength` radians, shifted along each axis by up to a quarter of it of the side, stretched along
    each by up to half of it. Before a discriminator's first layer, on real and generated images alike, it leaves the
    game its aim: generated images that look real when so disturbed. Zhao et al. 2020; Karras et al. 2020, appendix B.
    """

    def __init__(self, strength: float):
        super().__init__()
        self.strength = strength

    def forward(self, image: Tensor) -> Tensor:
        if not self.training:
            return image
        angle, *rest = self.strength * (2 * torch.rand(5, len(image), device=image.device) - 1)
        (dx, dy), (wider, higher) = [part / 2 for part in rest[:2]], [1 + part / 2 for part in rest[2:]]
        across = torch.stack([wider * angle.cos(), -wider * angle.sin(), dx], dim=1)
        down = torch.stack([higher * angle.sin(), higher * angle.cos(), dy], dim=1)
        grid = functional.affine_grid(torch.stack([across, down], dim=1), list(image.shape), align_corners=False)
        return functional.grid_sample(image.float(), grid, padding_mode="border", align_corners=False)


class Generator(nn.Module):
    """(z, c) -> image in [-1, 1], (N, C, R, R), from a latent z (N, latent_dim)."""

    def __init__(self, latent_dim: int, entrance: nn.Module, body: nn.Module):
        super().__init__()
        self.latent_dim, self.entrance, self.body = latent_dim, entrance, body

    def forward(self, z: Tensor, c: Tensor) -> Tensor:
        return self.body(self.entrance(z, c), c)  # type: ignore[no-any-return]


class Discriminator(nn.Module):
    """(image, c) -> Verdict, from an image (N, C, R, R) in [-1, 1]."""

    def __init__(self, entrance: nn.Module, body: nn.Module, head: nn.Module):
        super().__init__()
        self.entrance, self.body, self.head = entrance, body, head

    def forward(self, image: Tensor, c: Tensor) -> Verdict:
        return self.head(self.body(self.entrance(image, c), c), c)  # type: ignore[no-any-return]


Player = TypeVar("Player", Generator, Discriminator)


def num_doublings(resolution: int, smallest: int = 8) -> int:
    """How often 4 doubles to reach the resolution. Raises InputError unless it is a power of two >= `smallest`."""
    doublings = round(log2(max(resolution, 1))) - 2
    if 4 * 2.0**doublings != resolution or resolution < smallest:
        near = max(smallest, 2 ** round(log2(max(resolution, 1))))
        raise InputError(f"resolution {resolution}: expected a power of two of at least {smallest}, e.g. {near}")
    return doublings


def mixes_samples(network: nn.Module) -> bool:
    """Whether a layer computes statistics over the batch, so that joining two batches would change its output."""
    return any(isinstance(module, nn.modules.batchnorm._BatchNorm) for module in network.modules())


def init_normal(network: Player, std: float = 0.02) -> Player:
    """Convolutions from N(0, std), batch norm scales from N(1, std). Radford et al. 2016, section 4."""
    for module in network.modules():
        if isinstance(module, nn.modules.conv._ConvNd):
            nn.init.normal_(module.weight, 0.0, std)
        elif isinstance(module, nn.modules.batchnorm._BatchNorm):
            nn.init.normal_(module.weight, 1.0, std)
            nn.init.zeros_(module.bias)
    return network
