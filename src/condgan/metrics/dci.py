"""Disentanglement, completeness and informativeness (DCI) of codes about known factors."""

from math import log, sqrt
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from condgan.metrics.discretised import discretised
from condgan.metrics.estimate import Estimate, in_unit, jackknife, proportion

PENALTY, NUM_STEPS = 1.5, 60
NUM_GROUPS = 5


class DCI(NamedTuple):
    """Whether a code is about one factor, whether a factor is in one code, and how well the codes predict factors."""

    disentanglement: Estimate
    completeness: Estimate
    informativeness: Estimate


def dci(codes: Tensor, factors: Tensor) -> DCI:
    """Scores codes by how a sparse classifier uses them to predict each factor; all in [0, 1], 1 is best.

    `codes` (N, K) are numbers or categories, `factors` (N, V) categories. The classifier is a multinomial logistic
    regression on the values of all codes (20 bins for numbers), so that any dependence on one code counts, not only a
    linear one. A penalty leaves out codes that tell no more than chance. The importance of a code for a factor is its
    mean absolute contribution to the logits. Eastwood and Williams 2018, section 2, with a group lasso (Yuan and Lin
    2006) for their linear lasso. Informativeness is the accuracy over all factors on every second image, which the
    classifier does not see. The intervals of the other two are those of the jackknife over five groups of images.
    Raises ValueError if there are fewer than 20 images.
    """
    if len(codes) < 4 * NUM_GROUPS:
        raise ValueError(f"found {len(codes)} images, expected at least {4 * NUM_GROUPS}")
    values, targets = _one_hot(discretised(codes)), discretised(factors)
    training, test = (torch.arange(start, len(codes), 2) for start in (0, 1))
    importance, predicted = _fit(values, targets, training)
    right = (predicted == targets)[test].sum(1)
    group = torch.arange(len(training)) * NUM_GROUPS // len(training)
    without = [_fit(values, targets, training[group != g])[0] for g in range(NUM_GROUPS)]
    return DCI(
        in_unit(jackknife(disentanglement(importance), [disentanglement(table) for table in without])),
        in_unit(jackknife(completeness(importance), [completeness(table) for table in without])),
        proportion(right, torch.full((len(right),), targets.shape[1])),
    )


def disentanglement(importance: Tensor) -> float:
    """1 minus the entropy over factors of each code's importance (K, V), weighted by its share of all importance.

    Entropies are relative to that of equal importance; 1 for a single factor, 0 if nothing has importance.
    """
    total = importance.sum()
    return float((_concentration(importance) * importance.sum(1)).sum() / total) if total else 0.0


def completeness(importance: Tensor) -> float:
    """1 minus the entropy over codes of each factor's importance (K, V), averaged over factors with importance."""
    columns = importance.T[importance.sum(0) > 0]
    return float(_concentration(columns).mean()) if len(columns) else 0.0


def _concentration(rows: Tensor) -> Tensor:
    """1 minus the entropy of each row (N, W), over log W; 0 for rows of zeros."""
    shares = rows / rows.sum(1, keepdim=True).clamp(min=1e-300)
    entropies = torch.special.entr(shares).sum(1) / max(log(rows.shape[1]), 1e-300)
    return torch.where(rows.sum(1) > 0, 1 - entropies, 0.0)


def _one_hot(codes: Tensor) -> list[Tensor]:
    return [F.one_hot(column).double() for column in codes.T]


def _fit(values: list[Tensor], targets: Tensor, training: Tensor) -> tuple[Tensor, Tensor]:
    """Fits the classifiers on some rows. Returns importance (K, V) and predictions for all rows (N, V)."""
    x, widths = torch.cat(values, dim=1), [value.shape[1] for value in values]
    importance, predicted = [], []
    for target in targets.T:
        weight, bias = _sparse_regression(x[training], F.one_hot(target).double()[training], widths)
        parts = weight.split(widths)
        contributions = [(value[training] @ part).abs().mean() for value, part in zip(values, parts, strict=True)]
        importance.append(torch.stack(contributions))
        predicted.append((x @ weight + bias).argmax(1))
    return torch.stack(importance, dim=1), torch.stack(predicted, dim=1)


def _sparse_regression(x: Tensor, target: Tensor, widths: list[int]) -> tuple[Tensor, Tensor]:
    """Minimises cross-entropy plus a penalty on the norm of each code's weights by FISTA.

    Beck and Teboulle 2009, section 4.
    """
    weight, bias = x.new_zeros(x.shape[1], target.shape[1]), x.new_zeros(target.shape[1])
    step = 2 / (len(widths) + 1)  # the curvature is at most half the squared norm of a row: a 1 for each code, and bias
    threshold = step * PENALTY / sqrt(len(x))  # by chance alone, the gradient of a code has a norm of about 1 / sqrt(N)
    ahead, momentum = (weight, bias), 1.0
    for _ in range(NUM_STEPS):
        error = ((x @ ahead[0] + ahead[1]).softmax(1) - target) / len(x)
        blocks = (ahead[0] - step * x.T @ error).split(widths)
        new_weight = torch.cat([block * (1 - threshold / block.norm().clamp(min=threshold)) for block in blocks])
        new_bias = ahead[1] - step * error.sum(0)
        new_momentum = (1 + sqrt(1 + 4 * momentum**2)) / 2
        ratio = (momentum - 1) / new_momentum
        ahead = new_weight + ratio * (new_weight - weight), new_bias + ratio * (new_bias - bias)
        weight, bias, momentum = new_weight, new_bias, new_momentum
    return weight, bias
