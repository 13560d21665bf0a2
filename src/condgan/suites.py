"""What an evaluation computes: a quick suite of metrics, and all of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from math import isfinite

from torch import Tensor

from condgan.conditions import Condition
from condgan.errors import InputError, did_you_mean
from condgan.judge import Samples
from condgan.metrics import (
    CONDITION_METRICS,
    FEATURE_METRICS,
    Estimate,
    Metric,
    Neighbours,
    condition_accuracy,
    exact_accuracy,
    f1_per_factor,
    f1_per_value,
    factor_f1,
    kid,
    memorisation,
    per_count,
    per_value,
)
from condgan.metrics.generated_codes import factor_scores, information

SPACE = "judge"  # the feature space of metrics that are computed in one only
Breakdown = Callable[[Samples, Samples, Condition], Mapping[str, Estimate]]  # as `Metric`, with an estimate per part
CodeScores = Callable[[Condition, Tensor, Samples, Condition], Mapping[str, Estimate]]  # (codes, c, fakes, labels)


@dataclass(frozen=True)
class Suite:
    """The metrics of an evaluation by name, in groups that need the same images.

    `following` looks at logits, `realism` at features beside those of held-out images, `variety` also at the conditions
    of both; in tables these two are followed by the feature space, e.g. `fid[judge]`. `by_part` divides the images of a
    list of conditions, `realism_by_part` those of held-out conditions, which alone are comparable with held-out images
    part by part. `of_copies` compares features of generated, training and held-out images. `of_codes` and `by_code` are
    for generators of codes.
    """

    following: Mapping[str, Metric]
    realism: Mapping[str, Metric]
    variety: Mapping[str, Metric] = field(default_factory=dict)
    by_part: Mapping[str, Breakdown] = field(default_factory=dict)
    realism_by_part: Mapping[str, Breakdown] = field(default_factory=dict)
    of_copies: Mapping[str, Callable[[Tensor, Tensor, Tensor], Neighbours]] = field(default_factory=dict)
    of_codes: Sequence[CodeScores] = ()
    by_code: Mapping[str, CodeScores] = field(default_factory=dict)


def measured(
    metrics: Mapping[str, Metric], fakes: Samples, reals: Samples, condition: Condition
) -> dict[str, Estimate]:
    """Returns the estimates of these metrics, without undefined ones and those whose interval is unknown."""
    return defined({name: metric(fakes, reals, condition) for name, metric in metrics.items()})


def defined(estimates: Mapping[str, Estimate]) -> dict[str, Estimate]:
    """Returns the estimates that have finite values and bounds."""
    return {name: estimate for name, estimate in estimates.items() if all(map(isfinite, estimate))}


def suite_named(name: str) -> Suite:
    """Returns a suite of the table. Raises InputError if it is unknown."""
    if name not in SUITES:
        raise InputError(f"--suite: found {name!r}{did_you_mean(name, SUITES)}; expected one of {', '.join(SUITES)}")
    return SUITES[name]


def _f1_by_factor(fakes: Samples, reals: Samples, condition: Condition) -> Mapping[str, Estimate]:
    each = f1_per_factor(fakes, condition)
    values = {f"{factor} {value}": found for factor, row in each.items() for value, found in row.items()}
    return {**factor_f1(fakes, condition), **values}


def _f1_by_value(fakes: Samples, reals: Samples, condition: Condition) -> Mapping[str, Estimate]:
    return f1_per_value(fakes, condition)


SUITES: Mapping[str, Suite] = {
    "quick": Suite(
        following={"condition_accuracy": condition_accuracy, "exact_accuracy": exact_accuracy},
        realism={"kid": kid},
    ),
    "full": Suite(
        following=CONDITION_METRICS,
        realism={name: metric for name, metric in FEATURE_METRICS.items() if name != "diversity"},
        variety={"diversity": FEATURE_METRICS["diversity"]},
        by_part={
            "f1 by value": _f1_by_value,
            "f1 by factor": _f1_by_factor,
            "exact_accuracy by count": partial(per_count, exact_accuracy),
        },
        realism_by_part={f"kid[{SPACE}] by value": partial(per_value, kid)},
        of_copies={f"memorisation[{SPACE}]": memorisation},
        of_codes=(factor_scores,),
        by_code={f"information_bound[{SPACE}]": information},
    ),
}
"""The suites of `condgan evaluate --suite`."""
