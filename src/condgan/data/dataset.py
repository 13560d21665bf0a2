"""A data set in memory, or mapped from disk: images with their labels."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import log2
from typing import Any, Literal

import torch
from torch import Tensor

from condgan.conditions import Condition, to_json
from condgan.data.image_files import ImageFiles
from condgan.errors import InputError

MAX_RESOLUTION = 4096


@dataclass(frozen=True)
class Images:
    """A data set: `images` (N, C, R, R) uint8 and `labels`, a batch of conditions, or (N, 0) without labels.

    C is 3, or 1 for grey images. `held_out` (N,) bool marks images that are not trained on. `scenes` (N,) int64 groups
    images of the same scene, which are on the same side of this split. `condition_lists` are batches of conditions to
    generate and score, by name. `symmetric` tells whether a mirrored image has the same label: true for faces, false
    for digits. `files` are the image files, empty if images do not come from files. `notices` are sentences about files
    and rows that were left out, and about how the files were understood where they leave a choice. `reading` are the
    options of `load_images` that read the same labels and the same split again.
    """

    images: Tensor
    labels: Tensor
    condition: Condition
    scenes: Tensor
    held_out: Tensor
    condition_lists: Mapping[str, Tensor] = field(default_factory=dict)
    symmetric: bool = False
    files: ImageFiles = field(default_factory=ImageFiles)
    notices: Sequence[str] = ()
    reading: Mapping[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.images)

    @property
    def resolution(self) -> int:
        """Side length in pixels."""
        return self.images.shape[-1]

    @property
    def channels(self) -> Literal[1, 3]:
        """3 for colour, 1 for grey."""
        return 1 if self.images.shape[1] == 1 else 3

    @property
    def num_training(self) -> int:
        """Number of images that are not held out."""
        return len(self.training)

    @cached_property
    def training(self) -> Tensor:
        """Indices of the images that are not held out, in order."""
        return torch.nonzero(~self.held_out).squeeze(1)

    def batch(self, indices: Tensor) -> tuple[Tensor, Tensor]:
        """Returns pixels and labels of the images at these indices."""
        return self.images[indices], self.labels[indices]

    def part(self, *, held_out: bool) -> "Images":
        """Returns the held-out images, or the training images."""
        return self.at(torch.nonzero(self.held_out == held_out).squeeze(1))

    def at(self, indices: Tensor) -> "Images":
        """Returns the images at these indices."""
        return replace(
            self,
            images=self.images[indices],
            labels=self.labels[indices],
            scenes=self.scenes[indices],
            held_out=self.held_out[indices],
            files=self.files.at(indices.tolist()) if self.files else self.files,
        )

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 of pixels, labels, vocabulary and split; independent of the files' paths."""
        digest = hashlib.sha256(json.dumps(to_json(self.condition), sort_keys=True).encode())
        for tensor in (self.images, self.labels, self.held_out):
            digest.update(str(tuple(tensor.shape)).encode())
            digest.update(tensor.contiguous().numpy().data)  # no copy, as pixels may be many and on the disk
        return digest.hexdigest()


def to_float(images: Tensor) -> Tensor:
    """Converts uint8 images to floats in [-1, 1]."""
    return images.float().div_(127.5).sub_(1)


def to_uint8(images: Tensor) -> Tensor:
    """Converts floats in [-1, 1] to uint8 images, rounded to the nearest value."""
    return images.add(1).mul_(127.5).round_().clamp_(0, 255).to(torch.uint8)


def check_resolution(resolution: int) -> None:
    """Raises InputError unless the resolution is a power of two from 8 to MAX_RESOLUTION, before images are decoded."""
    if not 8 <= resolution <= MAX_RESOLUTION or resolution & (resolution - 1):
        example = min(max(8, 2 ** round(log2(max(resolution, 1)))), MAX_RESOLUTION)
        expected = f"expected a power of two of at least 8 and at most {MAX_RESOLUTION}"
        raise InputError(f"resolution {resolution}: {expected}, e.g. {example}")
