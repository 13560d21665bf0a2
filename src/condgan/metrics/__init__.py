"""Metrics of generated images, one per file, each with an interval."""

from collections.abc import Callable

from condgan.conditions import Condition
from condgan.judge import Samples
from condgan.metrics.code_accuracy import Matching, code_accuracy
from condgan.metrics.code_effects import code_effects
from condgan.metrics.condition_accuracy import condition_accuracy, exact_accuracy
from condgan.metrics.estimate import Estimate
from condgan.metrics.kid import kid

Metric = Callable[[Samples, Samples, Condition], Estimate]  # (fakes, reals, condition) -> estimate

METRICS: dict[str, Metric] = {
    "condition_accuracy": condition_accuracy,
    "exact_accuracy": exact_accuracy,
    "kid[judge]": kid,
}

__all__ = [
    "METRICS",
    "Estimate",
    "Matching",
    "Metric",
    "code_accuracy",
    "code_effects",
    "condition_accuracy",
    "exact_accuracy",
    "kid",
]
