"""What a judge recognises in images."""

from torch import Tensor

from condgan.conditions import Condition
from condgan.judge import Samples


def recognised(samples: Samples, condition: Condition) -> Tensor:
    """Returns which discrete values the judge recognises in each image, (N, len(values)) bool."""
    return condition.wanted(condition.predict(samples.logits))


def is_set(condition: Condition) -> bool:
    """Whether images may show any number of values, so that a judge can recognise too few or too many."""
    return any(control.multiple for control in condition.controls)
