"""Code accuracy: which labels the values of unsupervised codes correspond to, and how reliably."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment

from condgan.metrics.estimate import Estimate, proportion


class Matching(NamedTuple):
    """The label matched to each code, and the share of samples in which it is recognised."""

    meaning: dict[str, str]
    accuracy: Estimate


def code_accuracy(codes: Sequence[str], predictions: Sequence[str]) -> Matching:
    """Matches codes one to one to the labels that a judge predicts for their images, and scores the matching.

    `codes` and `predictions` are one text for each image. The matching is made on every second image and scored on the
    others, so that the best matching of noise does not score above chance. A code without a label is never right. Kuhn
    1955; Chen et al. 2016, section 7.2.

    >>> code_accuracy(["a", "a", "b", "b"] * 9, ["7", "7", "1", "1"] * 9).meaning
    {'a': '7', 'b': '1'}
    """
    meaning = _match(codes[::2], predictions[::2])
    pairs = list(zip(codes[1::2], predictions[1::2], strict=True))
    right = torch.tensor([meaning.get(code) == label for code, label in pairs])
    return Matching(meaning, proportion(right, torch.ones(len(right))))


def _match(codes: Sequence[str], predictions: Sequence[str]) -> dict[str, str]:
    rows, columns = sorted(set(codes)), sorted(set(predictions))
    counts = Counter(zip(codes, predictions, strict=True))
    table = np.array([[counts[row, column] for column in columns] for row in rows])
    matched = linear_sum_assignment(table, maximize=True)
    return {rows[i]: columns[j] for i, j in zip(*matched, strict=True)}
