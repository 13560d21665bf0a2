"""Obedience: how much of the wanted condition a judge reads back from the image."""

from condgan.conditions import Condition
from condgan.judge import Samples
from condgan.metrics.estimate import Estimate, proportion


def condition_accuracy(fakes: Samples, reals: Samples, condition: Condition) -> Estimate:
    """The official score: of each image's k wanted labels those among the k largest logits, over all wanted labels.

    It does not punish extra objects and is easily fooled: read it beside `exact_accuracy` and KID. The interval is
    clustered by image.
    """
    hits, wanted = condition.hits(fakes.logits, fakes.c)
    return proportion(hits.sum(1), wanted.sum(1))


def exact_accuracy(fakes: Samples, reals: Samples, condition: Condition) -> Estimate:
    """Share of images in which the judge reads the wanted condition, all of it and nothing else."""
    right = condition.agree(condition.read(fakes.logits), fakes.c)
    return proportion(right, right.new_ones(len(right)))
