"""Condition accuracy: how much of the wanted condition the judge recognises in the image."""

from condgan.conditions import Condition
from condgan.judge import Samples
from condgan.metrics.estimate import UNDEFINED, Estimate, proportion


def condition_accuracy(fakes: Samples, reals: Samples, condition: Condition) -> Estimate:
    """The i-CLEVR lab's score: the share of wanted labels among the k largest logits, k the number of wanted labels.

    In [0, 1]; 1 is best. It does not penalise extra objects and is easily fooled by adversarial patterns: report it
    together with `exact_accuracy` and KID. The interval is clustered by image. Undefined if nothing is wanted.
    """
    hits, wanted = condition.hits(fakes.logits, fakes.c), condition.wanted(fakes.c)
    return proportion(hits.sum(1), wanted.sum(1)) if wanted.any() else UNDEFINED


def exact_accuracy(fakes: Samples, reals: Samples, condition: Condition) -> Estimate:
    """Share of images in which the judge recognises exactly the wanted condition and nothing else, in [0, 1].

    Undefined without images.
    """
    if not len(fakes):
        return UNDEFINED
    exact = condition.exact_match(condition.predict(fakes.logits), fakes.c)
    return proportion(exact, exact.new_ones(len(exact)))
