"""Scores at every save of a run, for curves over training. They are not used to select checkpoints."""

from collections.abc import Callable, Mapping
from math import isfinite

import torch
from torch import Tensor

from condgan.conditions import Condition
from condgan.data.dataset import Images
from condgan.draws import fixed_seed
from condgan.generate import LoadedGenerator
from condgan.judge import Judge
from condgan.metrics import Estimate, code_accuracy, condition_accuracy, exact_accuracy, kid
from condgan.scores import KID

Callback = Callable[[LoadedGenerator], Mapping[str, float]]

ACCURACIES = ("condition_accuracy", "exact_accuracy", "code_accuracy")
NUM_LABELS = 200
NUM_CODES = 400  # twice as many, as half of them only serve to match codes to labels


def accuracy_at_saves(images: Images, judge: Judge, condition: Condition) -> Callback | None:
    """Returns a callback that scores a generator of `condition`, always with the same latents and conditions.

    The scores are condition and exact accuracy on the conditions of up to 200 held-out images, or for codes the code
    accuracy on up to 400 of them, and KID in the judge's features. Those that are undefined are left out, e.g. KID of
    fewer than four images. Each score has an error of a few hundredths; `evaluate` uses more images and gives
    intervals. Returns None without held-out images, of which codes need two, and if the condition is neither that of
    the data set nor has categorical codes.
    """
    held_out = images.part(held_out=True)
    if condition == images.condition and len(held_out):
        return _of_labels(held_out, judge)
    if not condition.is_labelled and condition.values and len(held_out) > 1:  # half are matched, the others scored
        return _of_codes(held_out, judge, condition)
    return None


def _of_labels(held_out: Images, judge: Judge) -> Callback:
    condition = held_out.condition
    reals = judge.classify(held_out.images, held_out.labels)
    c = _some_labels(held_out, NUM_LABELS)

    def score(generator: LoadedGenerator) -> dict[str, float]:
        fakes = judge.classify(generator.generate(c), c)
        metrics = {"condition_accuracy": condition_accuracy, "exact_accuracy": exact_accuracy, KID: kid}
        return _values({name: metric(fakes, reals, condition) for name, metric in metrics.items()})

    return score


def _of_codes(held_out: Images, judge: Judge, codes: Condition) -> Callback:
    reals = judge.classify(held_out.images, held_out.labels)
    labels = _some_labels(held_out, NUM_CODES)
    with fixed_seed(0):
        c = codes.sample(labels)

    def score(generator: LoadedGenerator) -> dict[str, float]:
        fakes = judge.classify(generator.generate(c), labels)
        predicted = held_out.condition.describe_all(held_out.condition.predict(fakes.logits))
        accuracy = code_accuracy(codes.categories(c), predicted).accuracy
        return _values({"code_accuracy": accuracy, KID: kid(fakes, reals, held_out.condition)})

    return score


def _values(estimates: Mapping[str, Estimate]) -> dict[str, float]:
    """The values of those that are defined: JSON has no NaN."""
    return {name: estimate.value for name, estimate in estimates.items() if isfinite(estimate.value)}


def _some_labels(images: Images, most: int) -> Tensor:
    """Returns the labels of up to `most` images in a fixed random order: regular steps may favour some conditions."""
    return images.labels[torch.randperm(len(images), generator=torch.Generator().manual_seed(0))[:most]]
