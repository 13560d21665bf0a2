"""What each player minimises: a sum of named terms that can be read aloud."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import torch
from torch import Tensor

from condgan.conditions import Condition
from condgan.networks.heads import Verdict


class Round:
    """One batch of the game: all that a term may look at. Verdicts are computed when first looked at.

    `real_image` and `fake_image` are (N, 3, R, R) in [-1, 1] and share the conditions `c`. With `one_pass` the
    discriminator sees real and fake images as one batch, which is faster and gives the same verdicts as long as no
    layer mixes the samples of a batch.
    """

    def __init__(
        self,
        discriminator: Callable[[Tensor, Tensor], Verdict],
        condition: Condition,
        c: Tensor,
        real_image: Tensor,
        fake_image: Tensor,
        *,
        step: int = 0,
        one_pass: bool = False,
    ):
        self.discriminator, self.condition, self.c = discriminator, condition, c
        self.real_image, self.fake_image = real_image, fake_image
        self.step, self.one_pass = step, one_pass

    @cached_property
    def vector(self) -> Tensor:
        """The encoded conditions, (N, condition.dim)."""
        return self.condition.encode(self.c)

    @cached_property
    def real(self) -> Verdict:
        """The discriminator on the real images."""
        return self._both[0] if self.one_pass else self.discriminator(self.real_image, self.vector)

    @cached_property
    def fake(self) -> Verdict:
        """The discriminator on the fake images."""
        return self._both[1] if self.one_pass else self.discriminator(self.fake_image, self.vector)

    @cached_property
    def _both(self) -> tuple[Verdict, Verdict]:
        images = torch.cat([self.real_image, self.fake_image])
        verdict = self.discriminator(images, self.vector.repeat(2, 1))
        (real_score, fake_score), (real_logits, fake_logits) = (part.chunk(2) for part in verdict)
        return Verdict(real_score, real_logits), Verdict(fake_score, fake_logits)


Term = Callable[[Round], Tensor]  # a loss per sample, (N,)


@dataclass(frozen=True)
class Objective:
    """The terms of each player by name. `+` joins two objectives, `*` weighs all terms of one."""

    generator: Mapping[str, Term] = field(default_factory=dict)
    discriminator: Mapping[str, Term] = field(default_factory=dict)

    def __add__(self, other: Objective) -> Objective:
        """Both sums of terms. Raises ValueError if they share a name for the same player."""
        return Objective(_merge(self.generator, other.generator), _merge(self.discriminator, other.discriminator))

    def __rmul__(self, weight: float) -> Objective:
        return weighted(lambda r: weight, self)


def weighted(weight: Callable[[Round], float], objective: Objective) -> Objective:
    """The objective with a weight that may depend on the round, such as a schedule over `r.step`."""
    return _each(lambda term: lambda r: weight(r) * term(r), objective)


def per_logit(objective: Objective) -> Objective:
    """A likelihood averaged over the outputs of the head, as `BCELoss` does, where `nll` sums them."""
    return weighted(lambda r: 1 / r.condition.num_logits, objective)


def lazy(objective: Objective, every: int) -> Objective:
    """The objective on each `every`-th step, `every` times as strong. Karras et al. 2020 (StyleGAN2), section 3.1."""

    def idle(r: Round) -> Tensor:
        return torch.zeros(len(r.c), device=r.c.device)

    return _each(lambda term: lambda r: idle(r) if r.step % every else every * term(r), objective)


def _each(change: Callable[[Term], Term], objective: Objective) -> Objective:
    def changed(terms: Mapping[str, Term]) -> dict[str, Term]:
        return {name: change(term) for name, term in terms.items()}

    return Objective(changed(objective.generator), changed(objective.discriminator))


def _merge(a: Mapping[str, Term], b: Mapping[str, Term]) -> dict[str, Term]:
    if clash := sorted(a.keys() & b.keys()):
        raise ValueError(f"two terms share the name {clash[0]!r}; an objective names each term once")
    return {**a, **b}
