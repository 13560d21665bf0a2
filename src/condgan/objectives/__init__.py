"""Games, penalties and likelihoods: the terms from which a recipe writes its objective."""

from condgan.objectives.games import game, hinge, non_saturating, relativistic, target_game, wasserstein
from condgan.objectives.likelihoods import classification, information, real_classification
from condgan.objectives.objective import Objective, Round, Term, lazy, per_logit, weighted
from condgan.objectives.penalties import gradient_penalty, r1, r2, squared_slope

__all__ = [
    "Objective",
    "Round",
    "Term",
    "classification",
    "game",
    "gradient_penalty",
    "hinge",
    "information",
    "lazy",
    "non_saturating",
    "per_logit",
    "r1",
    "r2",
    "real_classification",
    "relativistic",
    "squared_slope",
    "target_game",
    "wasserstein",
    "weighted",
]
