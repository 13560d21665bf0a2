"""Augmentations in front of a discriminator, on real and generated images alike."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from condgan.draws import normal_like, per_batch, per_sample


class RandomAffine(nn.Module):
    """Rotates, shifts and scales each image (N, C, R, R) at random, in training only; borders are replicated.

    Rotates by up to `strength` radians, shifts along each axis by up to a quarter of `strength` times the side, and
    scales each axis by up to half of `strength`. As real and generated images are augmented alike, G still learns the
    distribution of unaugmented images. Zhao et al. 2020; Karras et al. 2020, appendix B.
    """

    def __init__(self, strength: float):
        super().__init__()
        self.strength = strength

    def extra_repr(self) -> str:
        return f"strength={self.strength}"

    def forward(self, image: Tensor) -> Tensor:
        if not self.training:
            return image

        def draw(n: int) -> Tensor:
            return torch.rand(5, n, device=image.device).T

        angle, *rest = self.strength * (2 * per_sample(draw, len(image)).T - 1)
        (dx, dy), (scale_x, scale_y) = [part / 2 for part in rest[:2]], [1 + part / 2 for part in rest[2:]]
        x_row = torch.stack([scale_x * angle.cos(), -scale_x * angle.sin(), dx], dim=1)
        y_row = torch.stack([scale_y * angle.sin(), scale_y * angle.cos(), dy], dim=1)
        grid = functional.affine_grid(torch.stack([x_row, y_row], dim=1), list(image.shape), align_corners=False)
        return functional.grid_sample(image.float(), grid, padding_mode="border", align_corners=False)


class RandomShift(nn.Module):
    """Shifts a batch of images (N, C, R, R) by up to `max_shift` pixels along each axis, in training only.

    One shift for the whole batch, drawn anew for each; borders are replicated. Zhao et al. 2020.
    """

    def __init__(self, max_shift: int):
        super().__init__()
        self.max_shift = max_shift

    def extra_repr(self) -> str:
        return f"max_shift={self.max_shift}"

    def forward(self, image: Tensor) -> Tensor:
        if not self.training or not self.max_shift:
            return image
        height, width = image.shape[2:]
        padded = functional.pad(image, (self.max_shift,) * 4, mode="replicate")
        y, x = per_batch(lambda: torch.randint(0, 2 * self.max_shift + 1, (2,))).tolist()
        return padded[:, :, y : y + height, x : x + width]


def with_noise(image: Tensor, scale: float) -> Tensor:
    """Adds normal noise of a random standard deviation up to `scale` to each image (N, C, R, R)."""
    strength = per_sample(lambda n: torch.rand(n, 1, 1, 1, device=image.device), len(image))
    return image + scale * strength * normal_like(image)
