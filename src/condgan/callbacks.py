"""Scores at every save of a run, as curves over training. They are never used to select a checkpoint."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from condgan.conditions import Condition
from condgan.data.dataset import Images
from condgan.generate import LoadedGenerator
from condgan.judge import Judge
from condgan.metrics import code_accuracy, condition_accuracy, exact_accuracy, kid

Callback = Callable[[LoadedGenerator], Mapping[str, float]]

ACCURACIES = ("condition_accuracy", "exact_accuracy", "code_accuracy")
KID = "kid[judge]"
NUM_LABELS = 200
NUM_CODES = 400  # more, as half of them only serve to match codes to labels


def accuracy_at_saves(images: Images, judge: Judge, condition: Condition) -> Callback | None:
    """Returns a callback that scores a generator of `condition` on held-out images, always from the same latents.

    Condition and exact accuracy on the conditions of up to 200 held-out images; for codes, which no image is labelled
    with, the accuracy of up to 400 codes. Either way KID in the features of the judge. Each point has an error of a few
    hundredths; `evaluate` uses more images and gives intervals. Returns None if the condition cannot be scored: neither
    the data set's own nor categorical codes.
    """
    held_out = images.part(held_out=True)
    if condition == images.condition:
        return _of_labels(held_out, judge)
    if not condition.is_labelled and condition.values:
        return _of_codes(held_out, judge, condition)
    return None


def _of_labels(held_out: Images, judge: Judge) -> Callback:
    condition = held_out.condition
    reals = judge.classify(held_out.images, held_out.labels)
    c = _evenly(held_out, NUM_LABELS)

    def score(generator: LoadedGenerator) -> dict[str, float]:
        fakes = judge.classify(generator.generate(c), c)
        return {
            "condition_accuracy": condition_accuracy(fakes, reals, condition).value,
            "exact_accuracy": exact_accuracy(fakes, reals, condition).value,
            KID: kid(fakes, reals, condition).value,
        }

    return score


def _of_codes(held_out: Images, judge: Judge, codes: Condition) -> Callback:
    reals = judge.classify(held_out.images, held_out.labels)
    labels = _evenly(held_out, NUM_CODES)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        c = codes.sample(labels)

    def score(generator: LoadedGenerator) -> dict[str, float]:
        fakes = judge.classify(generator.generate(c), labels)
        predicted = held_out.condition.describe_all(held_out.condition.predict(fakes.logits))
        return {
            "code_accuracy": code_accuracy(codes.categories(c), predicted).accuracy.value,
            KID: kid(fakes, reals, held_out.condition).value,
        }

    return score


def _evenly(images: Images, most: int) -> Tensor:
    """Returns the labels of up to so many images, evenly spaced over the data set."""
    return images.labels[torch.linspace(0, len(images) - 1, min(len(images), most)).long()]
