"""Interpolates between latents and between conditions."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor

from condgan.generate import LoadedGenerator


def slerp(a: Tensor, b: Tensor, share: Tensor) -> Tensor:
    """Spherical linear interpolation, which keeps the norm typical of latents. White 2016, section 2.1.

    Between equal or opposite latents, where the angle has no sine to divide by, it is linear.
    """
    angle = torch.acos(((a / a.norm()) @ (b / b.norm())).clamp(-1, 1))
    if torch.sin(angle) < 1e-4:
        return a.lerp(b, share)
    return (torch.sin((1 - share) * angle) * a + torch.sin(share * angle) * b) / torch.sin(angle)


def walk(
    generator: LoadedGenerator, settings: Sequence[tuple[str, int]], frames: int, truncation: float = 1.0
) -> Tensor:
    """Returns images (N, C, R, R) uint8 that go from each condition and seed to the next in so many `frames`.

    N is (len(settings) - 1) * frames + 1. Slerp between the first latents of the seeds, linear between encoded
    conditions. Every `frames`-th image is that of a setting. For `truncation` see `LoadedGenerator.latents`.
    """
    z = torch.cat([generator.latents(1, seed, truncation) for _, seed in settings])
    vector = generator.condition.encode(generator.batch([condition for condition, _ in settings]))
    share = torch.arange(frames)[:, None] / frames
    latents = [slerp(a, b, share) for a, b in pairwise(z)]
    vectors = [a.lerp(b, share) for a, b in pairwise(vector)]
    return generator.from_latents(torch.cat([*latents, z[-1:]]), torch.cat([*vectors, vector[-1:]]))
