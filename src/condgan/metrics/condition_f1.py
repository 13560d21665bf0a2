"""Precision, recall and F1 of the recognised set against the wanted one: unlike condition accuracy, extras count."""

from torch import Tensor

from condgan.conditions import Condition
from condgan.judge import Samples
from condgan.metrics.estimate import UNDEFINED, Estimate, proportion
from condgan.metrics.recognised import is_set, recognised


def condition_precision(fakes: Samples, reals: Samples, condition: Condition) -> Estimate:
    """Share of recognised values that are wanted, in [0, 1]; extra objects lower it.

    Undefined if the judge recognises nothing, and where images have a fixed number of values: precision, recall and F1
    would all be the condition accuracy. Intervals are clustered by image.
    """
    return _share(fakes, condition, recognised_weight=1, wanted_weight=0)


def condition_recall(fakes: Samples, reals: Samples, condition: Condition) -> Estimate:
    """Share of wanted values that are recognised, in [0, 1]; missing objects lower it. Undefined as precision is."""
    return _share(fakes, condition, recognised_weight=0, wanted_weight=1)


def condition_f1(fakes: Samples, reals: Samples, condition: Condition) -> Estimate:
    """Harmonic mean of precision and recall over all images, in [0, 1]: 2 hits over recognised plus wanted values.

    Undefined as precision is. van Rijsbergen 1979, chapter 7.
    """
    return _share(fakes, condition, recognised_weight=1, wanted_weight=1)


def count_accuracy(fakes: Samples, reals: Samples, condition: Condition) -> Estimate:
    """Share of images in which as many values are recognised as wanted, whichever they are. Undefined as precision."""
    if not is_set(condition) or not len(fakes):
        return UNDEFINED
    right = recognised(fakes, condition).sum(1) == condition.wanted(fakes.c).sum(1)
    return proportion(right, right.new_ones(len(right)))


def f1(hits: Tensor, found: Tensor, wanted: Tensor) -> Estimate:
    """F1 from the numbers of hits, of found and of wanted things in each image, all (N,); undefined without any."""
    return proportion(2 * hits, found + wanted) if (found + wanted).any() else UNDEFINED


def _share(fakes: Samples, condition: Condition, *, recognised_weight: int, wanted_weight: int) -> Estimate:
    if not is_set(condition):
        return UNDEFINED
    found, wanted = recognised(fakes, condition), condition.wanted(fakes.c)
    trials = recognised_weight * found.sum(1) + wanted_weight * wanted.sum(1)
    hits = (recognised_weight + wanted_weight) * (found & wanted).sum(1)
    return proportion(hits, trials) if trials.any() else UNDEFINED
