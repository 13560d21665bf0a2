"""What codes that nobody labelled have come to mean, and how reliably."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment

from condgan.metrics.estimate import Estimate, proportion


class Matching(NamedTuple):
    """Which reading stands for each code, and how often it is read where that code was drawn."""

    meaning: dict[str, str]
    accuracy: Estimate


def code_accuracy(codes: Sequence[str], readings: Sequence[str]) -> Matching:
    """Matches codes to what a judge read in their images, one to one, so that most agree, and scores the match.

    Matched on every second sample and scored on the others, so that the best match of noise is not taken for meaning.
    A code that finds no partner is never right. Kuhn 1955; Chen et al. 2016, section 7.2, score their codes so.
    """
    meaning = _match(codes[::2], readings[::2])
    pairs = list(zip(codes[1::2], readings[1::2], strict=True))
    right = torch.tensor([meaning.get(code) == reading for code, reading in pairs])
    return Matching(meaning, proportion(right, torch.ones(len(right))))


def _match(codes: Sequence[str], readings: Sequence[str]) -> dict[str, str]:
    rows, columns = sorted(set(codes)), sorted(set(readings))
    counted = Counter(zip(codes, readings, strict=True))
    table = np.array([[counted[row, column] for column in columns] for row in rows])
    matched = linear_sum_assignment(table, maximize=True)
    return {rows[i]: columns[j] for i, j in zip(*matched, strict=True)}
