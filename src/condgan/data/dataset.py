"""The one form in which the game meets data: images in memory (or mapped from disk) with the labels they came with."""

import hashlib
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from condgan.conditions import Condition, to_json
from condgan.errors import InputError


@dataclass(frozen=True)
class Images:
    """A data set: `images` (N, C, R, R) uint8 and `labels`, a batch of condition values, or (N, 0) if unlabelled.

    C is 3, or 1 where all are grey. `scenes` (N,) int64 groups images that show the same thing; a scene is wholly
    training data or wholly `held_out` (N,) bool. `condition_lists` are batches of conditions to draw and to score, by
    name. `symmetric` says that a mirrored image obeys the same condition, as a face does and a digit does not. `files`
    are those that the images were read from, one each, or none.
    """

    images: Tensor
    labels: Tensor
    condition: Condition
    scenes: Tensor
    held_out: Tensor
    condition_lists: Mapping[str, Tensor] = field(default_factory=dict)
    symmetric: bool = False
    files: Sequence[Path | zipfile.Path] = ()

    def __len__(self) -> int:
        return len(self.images)

    @property
    def resolution(self) -> int:
        """Side length in pixels."""
        return self.images.shape[-1]

    @property
    def channels(self) -> int:
        """3 for colour, 1 for grey."""
        return self.images.shape[1]

    def part(self, *, held_out: bool) -> "Images":
        """The held-out images, or the training ones."""
        return self.at(torch.nonzero(self.held_out == held_out).squeeze(1))

    def at(self, indices: Tensor) -> "Images":
        """The images at these indices, all else the same."""
        return replace(
            self,
            images=self.images[indices],
            labels=self.labels[indices],
            scenes=self.scenes[indices],
            held_out=self.held_out[indices],
            files=[self.files[i] for i in indices.tolist()] if self.files else (),
        )

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 of pixels, labels, vocabulary and split: what a run was trained on, whatever its path."""
        digest = hashlib.sha256(json.dumps(to_json(self.condition), sort_keys=True).encode())
        for tensor in (self.images, self.labels, self.held_out):
            digest.update(str(tuple(tensor.shape)).encode() + tensor.contiguous().numpy().tobytes())
        return digest.hexdigest()


def to_float(images: Tensor) -> Tensor:
    """uint8 images as floats in [-1, 1]."""
    return images.float().div_(127.5).sub_(1)


def to_uint8(images: Tensor) -> Tensor:
    """Floats in [-1, 1] as uint8 images, rounded to the nearest."""
    return images.add(1).mul_(127.5).round_().clamp_(0, 255).to(torch.uint8)


class Readable(Protocol):
    """A file in a folder, or in a zip file."""

    def read_text(self, *, encoding: str) -> str: ...


def read_text(file: Readable) -> str:
    """The text of a file. Raises InputError if it is not UTF-8."""
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{file}: expected text in UTF-8 ({error}); save it anew as such") from None


def load_json(text: str, where: str) -> Any:
    """Parsed JSON. Raises InputError naming the file and the line."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(f"{where}, line {error.lineno}: {error.msg}; expected valid JSON") from None


def parse_conditions(text: str, where: str, condition: Condition) -> Tensor:
    """A batch of conditions from a JSON list whose entries are texts or lists of names, as in `[["red cube"], ...]`.

    Raises InputError naming the file and the entry.
    """
    entries = load_json(text, where)
    if not isinstance(entries, list) or not entries:
        raise InputError(f'{where}: expected a non-empty list of conditions, such as [["red cube", "blue cylinder"]]')
    values = []
    for i, entry in enumerate(entries):
        words = ", ".join(map(str, entry)) if isinstance(entry, list) else entry
        if not isinstance(words, str) or not words:
            raise InputError(f"{where}, entry {i}: found {entry!r}, expected a non-empty list of names")
        try:
            values.append(condition.parse(words))
        except InputError as error:
            raise InputError(f"{where}, entry {i}: {error}") from None
    return torch.stack(values)
