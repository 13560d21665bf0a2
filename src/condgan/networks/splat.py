"""Objects as Gaussian spots of features with a place and a size, drawn onto maps: Epstein et al. 2022 (BlobGAN)."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from condgan.errors import InputError


class Layout(NamedTuple):
    """Objects of a batch: features (N, K, F), places (N, K, 2) as x and y, sizes (N, K, 1), and a mask (N, K).

    The image spans [-1, 1] in x and in y, from its left and upper edge; a size is the standard deviation of the spot.
    """

    features: Tensor
    place: Tensor
    size: Tensor
    exists: Tensor

    def moved(self, names: Sequence[str], places: Mapping[str, tuple[float, float]]) -> "Layout":
        """Returns the layout with objects at the given places, by name; `names` are those of the objects, in order."""
        place = self.place.clone()
        for k, name in enumerate(names):
            if name in places:
                place[:, k] = place.new_tensor(places[name])
        return self._replace(place=place)


class Splat(nn.Module):
    """Draws a layout onto maps (N, C, side, side).

    Each object is a Gaussian spot times [1, dx, dy], coordinates relative to its place and size, times a linear map of
    its features; the objects are summed. `blur` multiplies all sizes.
    """

    grid: Tensor

    def __init__(self, side: int, features: int, channels: int, blur: float = 1.0):
        super().__init__()
        self.side, self.channels, self.blur = side, channels, blur
        self.values = nn.Linear(features, 3 * channels)
        center = (torch.arange(side) + 0.5) / side * 2 - 1
        y, x = torch.meshgrid(center, center, indexing="ij")
        self.register_buffer("grid", torch.stack([x, y], dim=-1).flatten(0, 1), persistent=False)

    def extra_repr(self) -> str:
        return f"side={self.side}, blur={self.blur}"

    def forward(self, layout: Layout) -> Tensor:
        offset = (self.grid - layout.place[:, :, None]) / (layout.size[:, :, None] * self.blur)  # (N, K, side^2, 2)
        spot = torch.exp(-0.5 * offset.square().sum(-1)) * layout.exists[:, :, None]
        basis = torch.stack([spot, spot * offset[..., 0], spot * offset[..., 1]], dim=2).flatten(1, 2)
        values = self.values(layout.features).unflatten(2, (3, self.channels)).flatten(1, 2)
        maps = torch.bmm(basis.to(values.dtype).mT, values)  # (N, side^2, C): channels last in memory
        drawn: Tensor = maps.unflatten(1, (self.side, self.side)).permute(0, 3, 1, 2)
        return drawn


def keep_apart(place: Tensor, exists: Tensor, distance: float) -> Tensor:
    """Moves places (N, K, 2) that are closer than `distance` to each other apart; the mask `exists` is (N, K).

    Each of two moves by half of what is missing, so that a pair ends at that distance. A third one near them can leave
    less. Places that coincide stay, as they have no direction to move in. No place leaves [-1, 1].

    >>> keep_apart(torch.tensor([[[0.0, 0.0], [0.1, 0.0]]]), torch.tensor([[True, True]]), 0.3)
    tensor([[[-0.1000,  0.0000],
             [ 0.2000,  0.0000]]])
    """
    offset = place[:, :, None] - place[:, None]  # (N, K, K, 2), 0 from a place to itself
    length = offset.norm(dim=-1, keepdim=True).clamp(min=1e-4)
    missing = (distance - length).clamp(min=0) * (exists[:, :, None] & exists[:, None])[..., None]
    apart: Tensor = (place + (missing * offset / length).sum(2) / 2).clamp(-1, 1)
    return apart


def check_layout(layout: Layout, num_images: int) -> None:
    """Raises InputError unless the layout is of so many images and can be drawn."""
    objects = num_images, layout.features.shape[1]
    if len(layout.features) != num_images:
        raise InputError(f"layout: found {len(layout.features)} images, expected {num_images}, one for each condition")
    shapes = {"place": (*objects, 2), "size": (*objects, 1), "exists": objects}
    for name, expected in shapes.items():
        if (found := tuple(getattr(layout, name).shape)) != expected:
            raise InputError(f"layout: {name} has shape {found}, expected {expected}")
    if not layout.place.isfinite().all():
        raise InputError("layout: found a place that is not finite, expected numbers, usually in [-1, 1]")
    if not (layout.size.isfinite() & (layout.size > 0)).all():
        raise InputError("layout: found a size that is not positive, expected standard deviations, e.g. 0.16")
