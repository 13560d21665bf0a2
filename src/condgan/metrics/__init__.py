"""What can be said of generated images, each with an interval: one metric per file."""

from collections.abc import Callable

from condgan.conditions import Condition
from condgan.judge import Samples
from condgan.metrics.code_accuracy import Matching, code_accuracy
from condgan.metrics.condition_accuracy import condition_accuracy, exact_accuracy
from condgan.metrics.estimate import Estimate
from condgan.metrics.kid import kid

# (fakes, reals, condition) -> estimate
METRICS: dict[str, Callable[[Samples, Samples, Condition], Estimate]] = {
    "condition_accuracy": condition_accuracy,
    "exact_accuracy": exact_accuracy,
    "kid[judge]": kid,
}

__all__ = ["METRICS", "Estimate", "Matching", "code_accuracy", "condition_accuracy", "exact_accuracy", "kid"]
