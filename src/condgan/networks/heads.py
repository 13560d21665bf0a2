"""Heads: from the last features, (N, channels, side, side), to the discriminator's one form of answer.

A head is built as `Head(channels, side, condition)` and called as `head(h, c)`, with c the encoded condition.
"""

from typing import NamedTuple

from torch import Tensor, nn

from condgan.conditions import Condition


class Verdict(NamedTuple):
    """What a discriminator answers: `score` (N,), how real, unbounded; `logits` (N, num_logits), the condition as it
    reads it, or (N, 0) if it does not try."""

    score: Tensor
    logits: Tensor


class Plain(nn.Module):
    """Score alone: one convolution over the whole map. Radford et al. 2016."""

    def __init__(self, channels: int, side: int, condition: Condition):
        super().__init__()
        self.score = nn.Conv2d(channels, 1, side)

    def forward(self, h: Tensor, c: Tensor) -> Verdict:
        score = self.score(h).flatten()
        return Verdict(score, h.new_empty(len(score), 0))


class Auxiliary(nn.Module):
    """Score, and a reading of the condition, each linear in the flat features. Odena et al. 2017, section 3.

    A game of differences ignores a shift of all scores, so that there a bias of the score would learn nothing.
    """

    def __init__(self, channels: int, side: int, condition: Condition, *, score_bias: bool = True):
        super().__init__()
        self.score = nn.Linear(channels * side * side, 1, bias=score_bias)
        self.logits = nn.Linear(channels * side * side, condition.num_logits)

    def forward(self, h: Tensor, c: Tensor) -> Verdict:
        flat = h.flatten(1)
        return Verdict(self.score(flat).squeeze(1), self.logits(flat))


class Recognition(nn.Module):
    """Score, linear in the features, and a reading of the condition through a hidden layer: InfoGAN's D and Q.

    D as printed in report 003; it does not print Q, which is that of Chen et al. 2016, appendix C.1.
    """

    def __init__(self, channels: int, side: int, condition: Condition, *, hidden: int = 128):
        super().__init__()
        self.score = nn.Conv2d(channels, 1, side)
        self.logits = nn.Sequential(
            nn.Conv2d(channels, hidden, side, bias=False),
            nn.BatchNorm2d(hidden),
            nn.LeakyReLU(0.1),
            nn.Conv2d(hidden, condition.num_logits, 1),
        )

    def forward(self, h: Tensor, c: Tensor) -> Verdict:
        return Verdict(self.score(h).flatten(), self.logits(h).flatten(1))


class Projection(nn.Module):
    """Score, linear in the features plus their inner product with the condition. Miyato and Koyama 2018, eq. 4.

    Features are summed over the map.
    """

    def __init__(self, channels: int, side: int, condition: Condition):
        super().__init__()
        self.score = nn.Linear(channels, 1)
        self.embed = nn.Linear(condition.dim, channels, bias=False)

    def forward(self, h: Tensor, c: Tensor) -> Verdict:
        features = h.sum((2, 3))
        score = self.score(features).squeeze(1) + (self.embed(c) * features).sum(1)
        return Verdict(score, h.new_empty(len(score), 0))
