"""FactorVAE score: whether a code stays the same while its factor does."""

import torch
from torch import Tensor

from condgan.metrics.discretised import NUM_BINS
from condgan.metrics.estimate import Estimate, proportion

NUM_VOTES, BATCH_SIZE = 800, 64


def factor_vae_score(codes: Tensor, factors: Tensor, seed: int = 0) -> Estimate:
    """Share of factors that are told by which code varies least while the factor is fixed, in [0, 1].

    `codes` (N, K) are numbers or categories, `factors` (N, V) categories. For each of 800 votes a random factor is
    fixed at the value of a random image, and the code with the smallest variance over 64 such images, relative to that
    over all images, votes for the factor. The first half of the votes trains the majority vote, the others are scored.
    Codes with at most 20 values are categories, whose variance is the probability that two images differ. Codes and
    factors that do not vary are left out. Chance is one over the number of factors. Kim and Mnih 2018, section 4. The
    interval is Wilson's over votes. Raises ValueError if no code or no factor varies.
    """
    random = torch.Generator().manual_seed(seed)
    is_category = torch.tensor([len(column.unique()) <= NUM_BINS for column in codes.T])
    total = _spread(codes, is_category)
    varying, known = total > 0, [b for b in factors.T if len(b.unique()) > 1]
    if not varying.any() or not known:
        raise ValueError("found no code or no factor that varies; the score needs one of each")
    chosen = torch.randint(len(known), (NUM_VOTES,), generator=random)
    codes, is_category, total = codes[:, varying], is_category[varying], total[varying]
    votes = torch.stack([(_spread(codes[_same(known[k], random)], is_category) / total).argmin() for k in chosen])
    training, test = torch.arange(NUM_VOTES).chunk(2)
    table = torch.zeros(int(varying.sum()), len(known))
    table.index_put_((votes[training], chosen[training]), torch.tensor(1.0), accumulate=True)
    right = table.argmax(1)[votes[test]] == chosen[test]
    return proportion(right, torch.ones(len(right)))


def _same(factor: Tensor, random: torch.Generator) -> Tensor:
    """Draws images with the same value of a factor (N,): 64 indices, some possibly the same."""
    value = factor[torch.randint(len(factor), (), generator=random)]
    rows = torch.nonzero(factor == value).flatten()
    return rows[torch.randint(len(rows), (BATCH_SIZE,), generator=random)]


def _spread(codes: Tensor, is_category: Tensor) -> Tensor:
    """Variance of each column, or the probability that two rows differ where it is a category, (K,)."""
    variance = codes.double().var(0, correction=0)
    for k in torch.nonzero(is_category).flatten().tolist():
        variance[k] = 1 - (codes[:, k].unique(return_counts=True)[1] / len(codes)).square().sum()
    return variance
