"""Scores of the codes of generated images, by what a judge sees in the images."""

import torch
from torch import Tensor

from condgan.conditions import Codes, Condition
from condgan.judge import Samples
from condgan.metrics.dci import dci
from condgan.metrics.estimate import Estimate
from condgan.metrics.factor_vae import factor_vae_score
from condgan.metrics.factors import factors
from condgan.metrics.information_bound import information_bound
from condgan.metrics.mig import mig
from condgan.metrics.recognised import is_set, recognised

FEWEST = 20  # images, of MIG and DCI
PENALTY = 0.01  # on the squared weights of the layer that reads the codes


def factor_scores(codes: Condition, c: Tensor, fakes: Samples, condition: Condition) -> dict[str, Estimate]:
    """MIG, FactorVAE score and DCI of codes `c` (N, K) about the factors that the judge recognises in their images.

    Factors are attributes, the words of names such as "red cube", or the class as a whole; of sets of labels, whether
    each label is there. With a single factor, such as the digit, only MIG, completeness and informativeness have a
    meaning. Empty for fewer than 20 images, and if the judge sees no difference between them.
    """
    shown = recognised_factors(fakes, condition)
    shown = shown[:, (shown != shown[:1]).any(0)]
    if len(c) < FEWEST or not shown.shape[1] or not (c != c[:1]).any():
        return {}
    found = dci(c, shown)
    scores = {"mig": mig(c, shown), "completeness": found.completeness, "informativeness": found.informativeness}
    if shown.shape[1] > 1:
        scores |= {"factor_vae_score": factor_vae_score(c, shown), "disentanglement": found.disentanglement}
    return scores


def recognised_factors(samples: Samples, condition: Condition) -> Tensor:
    """Returns the value of each factor that the judge recognises in each image, (N, number of factors) int64."""
    found = recognised(samples, condition)
    if is_set(condition):
        return found.long()
    known = [factor.counts(found) for factor in factors(condition)] or [found.long()]
    return torch.stack([counts.argmax(1) for counts in known], dim=1)


def information(codes: Condition, c: Tensor, fakes: Samples, condition: Condition) -> dict[str, Estimate]:
    """Information bound of each code, by a linear layer that reads the codes `c` (N, K) from features of the judge.

    The layer is fitted to every second image and the bound is measured on the others. It is lower than the bound by a
    deeper network. Empty for fewer than 20 images.
    """
    if len(c) < FEWEST or not isinstance(codes, Codes):
        return {}
    return information_bound(codes, _read(Codes(codes.categorical, codes.continuous), c, fakes.features), c[1::2])


def _read(codes: Codes, c: Tensor, features: Tensor) -> Tensor:
    """Returns what a layer fitted to the even rows predicts for the odd rows, (N // 2, num_logits)."""
    mean, deviation = features[::2].mean(0), features[::2].std(0).clamp(min=1e-6)
    x = (features - mean) / deviation / features.shape[1] ** 0.5
    weight = torch.zeros(x.shape[1], codes.num_logits, requires_grad=True)
    bias = torch.zeros(codes.num_logits, requires_grad=True)
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=100, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        value: Tensor = codes.nll(x[::2] @ weight + bias, c[::2]).mean() + PENALTY * weight.square().mean()
        value.backward()
        return value

    optimizer.step(loss)
    logits: Tensor = (x[1::2] @ weight + bias).detach()
    return logits
