"""Heads of discriminators: from the last feature maps (N, channels, side, side) to a DiscriminatorOutput.

A head is built as `Head(channels, side, condition)` and called as `head(h, c)` with the encoded condition c.
"""

from torch import Tensor, nn

from condgan.conditions import Condition
from condgan.networks.gan import DiscriminatorOutput


class ScoreHead(nn.Module):
    """Score only: one convolution over the whole map. Radford et al. 2016, figure 1."""

    def __init__(self, channels: int, side: int, condition: Condition):
        super().__init__()
        self.score = nn.Conv2d(channels, 1, side)

    def forward(self, h: Tensor, c: Tensor) -> DiscriminatorOutput:
        score = self.score(h).flatten()
        return DiscriminatorOutput(score, h.new_empty(len(score), 0))


class AuxiliaryHead(nn.Module):
    """Score and logits of the condition, both linear in the flattened features. Odena et al. 2017, section 3.

    Use `score_bias=False` where the loss depends on differences of scores only, as in Wasserstein and relativistic
    losses: a bias would receive no gradient there.
    """

    def __init__(self, channels: int, side: int, condition: Condition, *, score_bias: bool = True):
        super().__init__()
        self.score = nn.Linear(channels * side * side, 1, bias=score_bias)
        self.logits = nn.Linear(channels * side * side, condition.num_logits)

    def forward(self, h: Tensor, c: Tensor) -> DiscriminatorOutput:
        flat = h.flatten(1)
        return DiscriminatorOutput(self.score(flat).squeeze(1), self.logits(flat))


class RecognitionHead(nn.Module):
    """InfoGAN's heads: a linear score for D, and logits of the codes through one hidden layer for Q.

    D is printed in report 003. The report does not print Q, which follows Chen et al. 2016, appendix C.1.
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

    def forward(self, h: Tensor, c: Tensor) -> DiscriminatorOutput:
        return DiscriminatorOutput(self.score(h).flatten(), self.logits(h).flatten(1))


class ProjectionHead(nn.Module):
    """Score psi(h) + <Vc, h> of features h summed over the map. Miyato and Koyama 2018, eq. 4."""

    def __init__(self, channels: int, side: int, condition: Condition):
        super().__init__()
        self.score = nn.Linear(channels, 1)
        self.embed = nn.Linear(condition.dim, channels, bias=False)

    def forward(self, h: Tensor, c: Tensor) -> DiscriminatorOutput:
        features = h.sum((2, 3))
        score = self.score(features).squeeze(1) + (self.embed(c) * features).sum(1)
        return DiscriminatorOutput(score, h.new_empty(len(score), 0))
