"""How obedience grows while a run trains: a curve to look at. Nothing is selected by it."""

import torch

from condgan.conditions import Codes, Condition
from condgan.data.dataset import Images
from condgan.generate import LoadedGenerator
from condgan.judge import Judge
from condgan.metrics import code_accuracy, condition_accuracy, exact_accuracy
from condgan.run import Watch

ACCURACIES = ("condition_accuracy", "exact_accuracy", "code_accuracy")  # the curves that it leaves
NUM_DRAWS = 200  # of labels
NUM_CODES = 400  # more, as half of them only say which code means what


def obedience(images: Images, judge: Judge, condition: Condition) -> Watch:
    """How well what obeys `condition` does so, always from the same latents; a point is worth a few hundredths.

    Official and exact accuracy on the conditions of up to NUM_DRAWS held-out images; of codes, which no image is
    labelled with, the accuracy of up to NUM_CODES of the prior. `evaluate` draws more, and gives intervals.
    """
    held_out = images.part(held_out=True)
    if isinstance(condition, Codes):
        return _of_codes(held_out, judge, condition)
    labels = _evenly(held_out, NUM_DRAWS)
    c = condition.draw(labels)

    def watch(generator: LoadedGenerator) -> dict[str, float]:
        seen = judge.read(generator.generate(c), c)
        return {
            "condition_accuracy": condition_accuracy(seen, seen, condition).value,
            "exact_accuracy": exact_accuracy(seen, seen, condition).value,
        }

    return watch


def _of_codes(held_out: Images, judge: Judge, codes: Codes) -> Watch:
    labels = _evenly(held_out, NUM_CODES)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        c = codes.draw(labels)

    def watch(generator: LoadedGenerator) -> dict[str, float]:
        seen = judge.read(generator.generate(c), labels)
        readings = held_out.condition.describe_all(held_out.condition.read(seen.logits))
        return {"code_accuracy": code_accuracy(codes.name_categories(c), readings).accuracy.value}

    return watch


def _evenly(images: Images, most: int) -> torch.Tensor:
    """Labels of up to so many of the images, evenly over all."""
    return images.labels[torch.linspace(0, len(images) - 1, min(len(images), most)).long()]
