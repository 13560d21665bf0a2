"""Metrics of generated images, one per file, each with an interval."""

from condgan.metrics.binding_errors import binding_errors
from condgan.metrics.breakdown import (
    Metric,
    f1_per_factor,
    f1_per_value,
    factor_f1,
    per_condition,
    per_count,
    per_value,
)
from condgan.metrics.classifier_accuracy import classifier_accuracy
from condgan.metrics.code_accuracy import Matching, code_accuracy
from condgan.metrics.code_effects import code_effects
from condgan.metrics.comparison import Comparison, Rank, compare, rank_table
from condgan.metrics.composition import HOLD_OUTS, Split, hold_out, never_together
from condgan.metrics.condition_accuracy import condition_accuracy, exact_accuracy
from condgan.metrics.condition_f1 import condition_f1, condition_precision, condition_recall, count_accuracy
from condgan.metrics.dci import DCI, dci
from condgan.metrics.disagreement import disagreement
from condgan.metrics.diversity import diversity
from condgan.metrics.estimate import UNDEFINED, Estimate, difference
from condgan.metrics.factor_vae import factor_vae_score
from condgan.metrics.fid import FeatureStatistics, fid, frechet_distance
from condgan.metrics.information_bound import information_bound
from condgan.metrics.kid import kid
from condgan.metrics.manifolds import coverage, density, precision, recall
from condgan.metrics.memorisation import Neighbours, memorisation
from condgan.metrics.mig import mig

CONDITION_METRICS: dict[str, Metric] = {
    metric.__name__: metric
    for metric in (
        condition_accuracy,
        exact_accuracy,
        condition_precision,
        condition_recall,
        condition_f1,
        count_accuracy,
        binding_errors,
    )
}
"""All metrics of the logits: how well images follow their conditions. They do not look at the reals."""

FEATURE_METRICS: dict[str, Metric] = {
    metric.__name__: metric for metric in (fid, kid, precision, recall, density, coverage, diversity)
}
"""All metrics of the features: realism and variety. Their full name has the feature space, e.g. `fid[judge]`."""

LOWER_IS_BETTER = frozenset({"binding_errors", "fid", "kid"})

__all__ = [
    "CONDITION_METRICS",
    "DCI",
    "FEATURE_METRICS",
    "HOLD_OUTS",
    "LOWER_IS_BETTER",
    "UNDEFINED",
    "Comparison",
    "Estimate",
    "FeatureStatistics",
    "Matching",
    "Metric",
    "Neighbours",
    "Rank",
    "Split",
    "binding_errors",
    "classifier_accuracy",
    "code_accuracy",
    "code_effects",
    "compare",
    "condition_accuracy",
    "condition_f1",
    "condition_precision",
    "condition_recall",
    "count_accuracy",
    "coverage",
    "dci",
    "density",
    "difference",
    "disagreement",
    "diversity",
    "exact_accuracy",
    "f1_per_factor",
    "f1_per_value",
    "factor_f1",
    "factor_vae_score",
    "fid",
    "frechet_distance",
    "hold_out",
    "information_bound",
    "kid",
    "memorisation",
    "mig",
    "never_together",
    "per_condition",
    "per_count",
    "per_value",
    "precision",
    "rank_table",
    "recall",
]
