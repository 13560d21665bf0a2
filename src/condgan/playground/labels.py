"""What a judge recognises in images, beside what was wanted."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

import torch
from torch import Tensor

from condgan.conditions import Condition
from condgan.judge import Judge
from condgan.metrics.recognised import recognised


class Mark(Enum):
    """How the label of an image is shown: a sign, and what it means."""

    FOUND = "✓", "wanted, and the judge finds it"
    MISSED = "✗", "wanted, but the judge does not find it"
    EXTRA = "+", "not wanted, but the judge finds it"
    WANTED = "", "wanted"
    SEEN = "", "the judge finds it"

    def __init__(self, sign: str, meaning: str):
        self.sign, self.meaning = sign, meaning


@dataclass(frozen=True)
class Label:
    """A discrete value of the vocabulary beside an image."""

    name: str
    mark: Mark


# By whether a value is wanted and found, None where that is unknown. Values that are neither have no label.
MARKS = {
    (True, True): Mark.FOUND,
    (True, False): Mark.MISSED,
    (False, True): Mark.EXTRA,
    (True, None): Mark.WANTED,
    (None, True): Mark.SEEN,
}


def labels(condition: Condition, images: Tensor, c: Tensor | None, judge: Judge | None) -> list[list[Label]]:
    """Returns the labels of each image (N, C, R, R) uint8: those of `c`, then others that the judge finds.

    Without conditions, as between two of them, nothing is wanted in particular.
    """
    wanted = None if c is None else condition.wanted(c)
    found = None
    if judge is not None:
        found = recognised(judge.classify(images, torch.empty(len(images), 0) if c is None else c), condition)
    rows = zip(_rows(wanted, len(images)), _rows(found, len(images)), strict=True)
    return [sorted(_row(condition, *row), key=lambda label: label.mark is Mark.EXTRA) for row in rows]


def exact(labels: list[Label]) -> bool:
    """Whether the judge finds in an image what was wanted, and nothing else."""
    return all(label.mark is Mark.FOUND for label in labels)


def _rows(values: Tensor | None, num_images: int) -> list[list[bool] | None]:
    return [None] * num_images if values is None else values.tolist()


def _row(condition: Condition, wanted: list[bool] | None, found: list[bool] | None) -> Iterator[Label]:
    for i, name in enumerate(condition.values):
        key = None if wanted is None else wanted[i], None if found is None else found[i]
        if key in MARKS:
            yield Label(name, MARKS[key])
