"""Layers that several families of networks share, and the arithmetic of resolutions."""

from functools import partial
from math import log2

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate

from condgan.draws import per_sample
from condgan.errors import InputError

conv3 = partial(nn.Conv2d, kernel_size=3, padding=1)
upsample = partial(interpolate, scale_factor=2, mode="nearest")
downsample = partial(avg_pool2d, kernel_size=2)


class IgnoreCondition(nn.Sequential):
    """A sequence of layers that takes the encoded condition like every body and ignores it."""

    def forward(self, h: Tensor, c: Tensor) -> Tensor:  # type: ignore[override]
        return super().forward(h)  # type: ignore[no-any-return]


class Dropout(nn.Module):
    """Sets each value to zero with probability p and scales the others by 1 / (1 - p), in training only.

    Same as `nn.Dropout` at a quarter of its cost on CPUs, where PyTorch draws one number after the other: here every 64
    random bits decide four values, in the memory order of channels-last maps. p is rounded to a multiple of 2^-16.
    Takes and returns (N, C, H, W). Srivastava et al. 2014.
    """

    def __init__(self, p: float):
        super().__init__()
        self.p = p

    def extra_repr(self) -> str:
        return f"p={self.p}"

    def forward(self, h: Tensor) -> Tensor:
        if not self.training or not self.p:
            return h
        rows = h.permute(0, 2, 3, 1)

        def draw(n: int) -> Tensor:
            numel = n * rows[0].numel()
            bits = torch.empty(-(-numel // 4), dtype=torch.int64, device=h.device).random_(-(2**63), None)
            return bits.view(torch.int16)[:numel].view(n, *rows.shape[1:])

        kept = per_sample(draw, len(h)) >= round(self.p * 2**16) - 2**15
        return (rows * (kept.to(h.dtype) / (1 - self.p))).permute(0, 3, 1, 2)


def wrong_resolution(resolution: int, expected: str, example: int = 64) -> InputError:
    """Returns the error for images whose side length a network cannot have."""
    advice = f"resize the images with --resolution {example}"
    return InputError(f"resolution {resolution}: expected {expected}; {advice}")


def num_upsamplings(resolution: int, smallest: int = 8) -> int:
    """Returns how many times 4x4 maps must be upsampled by 2 to reach the resolution.

    Raises InputError unless the resolution is a power of two and at least `smallest`.
    """
    exponent = round(log2(max(resolution, 1)))
    if 2.0**exponent != resolution or resolution < smallest:
        example = max(smallest, 2**exponent)
        raise wrong_resolution(resolution, f"a power of two of at least {smallest}", example)
    return exponent - 2


def check_even(resolution: int) -> None:
    """Raises InputError unless the resolution is even and at least 8."""
    if resolution < 8 or resolution % 2:
        raise wrong_resolution(resolution, "an even number of at least 8")
