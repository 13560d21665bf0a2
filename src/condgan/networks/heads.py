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
    """Score, and a reading of the condition, each linear in the flat features. Odena et al. 2017, section 3."""

    def __init__(self, channels: int, side: int, condition: Condition):
        super().__init__()
        self.score = nn.Linear(channels * side * side, 1)
        self.logits = nn.Linear(channels * side * side, condition.num_logits)

    def forward(self, h: Tensor, c: Tensor) -> Verdict:
        flat = h.flatten(1)
        return Verdict(self.score(flat).squeeze(1), self.logits(flat))
