"""Objectives: adversarial losses, penalties and auxiliary losses, which recipes add and multiply."""

from condgan.objectives.games import (
    hinge,
    mismatched,
    non_saturating,
    relativistic,
    relativistic_labels,
    saturating,
    target_game,
    wasserstein,
)
from condgan.objectives.likelihoods import (
    classification,
    fake_likelihood,
    information,
    reader_classification,
    real_classification,
    real_likelihood,
)
from condgan.objectives.objective import Batch, Objective, Term, lazy, per_logit, resolution_scaled
from condgan.objectives.penalties import gradient_penalty, label_r1_r2, r1, r2, squared_gradient_norm

__all__ = [
    "Batch",
    "Objective",
    "Term",
    "classification",
    "fake_likelihood",
    "gradient_penalty",
    "hinge",
    "information",
    "label_r1_r2",
    "lazy",
    "mismatched",
    "non_saturating",
    "per_logit",
    "r1",
    "r2",
    "reader_classification",
    "real_classification",
    "real_likelihood",
    "relativistic",
    "relativistic_labels",
    "resolution_scaled",
    "saturating",
    "squared_gradient_norm",
    "target_game",
    "wasserstein",
]
