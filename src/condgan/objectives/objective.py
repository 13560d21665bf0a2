"""What G and D minimise: sums of named terms."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import torch
from torch import Tensor

from condgan.conditions import Condition
from condgan.draws import per_batch
from condgan.networks.gan import DiscriminatorOutput
from condgan.schedules import Schedule, at


class Batch:
    """One batch of real and fake images with their conditions: all that a term may depend on.

    `real_image` and `fake_image` are (N, C, R, R) in [-1, 1] and share the conditions `c`. `step` counts steps and
    `progress` in [0, 1] is the share of the planned images that were shown. `reader` maps images to logits (N,
    num_logits) of a classifier that was trained before the game. The outputs of D are computed on first use, unless
    `real` is given. With `one_pass` D sees real and fake images as one batch, which is faster and gives the same
    outputs as long as no layer mixes samples.
    """

    def __init__(
        self,
        discriminator: Callable[[Tensor, Tensor], DiscriminatorOutput],
        condition: Condition,
        c: Tensor,
        real_image: Tensor,
        fake_image: Tensor,
        *,
        step: int = 0,
        progress: float = 0.0,
        one_pass: bool = False,
        reader: Callable[[Tensor], Tensor] | None = None,
        real: DiscriminatorOutput | None = None,
    ):
        self.discriminator, self.condition, self.c = discriminator, condition, c
        self.real_image, self.fake_image = real_image, fake_image
        self.step, self.progress, self.one_pass, self.reader = step, progress, one_pass, reader
        if real:
            self.real = real

    @cached_property
    def vector(self) -> Tensor:
        """The encoded conditions, (N, condition.dim)."""
        return self.condition.encode(self.c)

    @cached_property
    def real(self) -> DiscriminatorOutput:
        """Output of the discriminator on the real images."""
        return self._both[0] if self.one_pass else self.discriminator(self.real_image, self.vector)

    @cached_property
    def fake(self) -> DiscriminatorOutput:
        """Output of the discriminator on the fake images."""
        return self._both[1] if self.one_pass else self.discriminator(self.fake_image, self.vector)

    @cached_property
    def mismatched(self) -> DiscriminatorOutput:
        """Output of the discriminator on the real images with wrong conditions, see `Condition.mismatch`."""
        return self.discriminator(self.real_image, self.condition.encode(self.condition.mismatch(self.c)))

    @cached_property
    def fake_reading(self) -> Tensor:
        """Logits (N, num_logits) of the reader on the fake images. Raises ValueError if the recipe has no reader."""
        if self.reader is None:
            raise ValueError("the objective has a term of the reader, but the recipe has no reader")
        return self.reader(self.fake_image)

    @cached_property
    def uniform(self) -> float:
        """One random number in [0, 1) that all terms of this batch share."""
        return per_batch(lambda: torch.rand(())).item()

    @cached_property
    def _both(self) -> tuple[DiscriminatorOutput, DiscriminatorOutput]:
        images = torch.cat([self.real_image, self.fake_image])
        output = self.discriminator(images, self.vector.repeat(2, 1))
        (real_score, fake_score), (real_logits, fake_logits) = (part.chunk(2) for part in output)
        return DiscriminatorOutput(real_score, real_logits), DiscriminatorOutput(fake_score, fake_logits)


Term = Callable[[Batch], Tensor]  # returns a loss per sample, (N,)


@dataclass(frozen=True)
class Objective:
    """The terms of G and of D by name, and statistics to log. `+` adds objectives, `*` multiplies all terms of one.

    A statistic is computed like a term on D's batch, without gradients, and is not minimised.

    >>> from condgan.objectives import classification, hinge, r1
    >>> objective = hinge + 0.5 * classification + 5 * r1
    >>> list(objective.discriminator)
    ['real', 'fake', 'classification_real', 'classification_fake', 'r1']
    >>> list(objective.generator)
    ['fake', 'classification_fake']
    """

    generator: Mapping[str, Term] = field(default_factory=dict)
    discriminator: Mapping[str, Term] = field(default_factory=dict)
    statistics: Mapping[str, Term] = field(default_factory=dict)

    def __add__(self, other: Objective) -> Objective:
        """Returns the sum. Raises ValueError if two terms of a network, or two statistics, have the same name."""
        return Objective(
            _merge(self.generator, other.generator),
            _merge(self.discriminator, other.discriminator),
            _merge(self.statistics, other.statistics),
        )

    def __rmul__(self, weight: float | Schedule) -> Objective:
        """Multiplies all terms by a number, or by a schedule, which is evaluated at `Batch.progress`."""
        return _map_terms(lambda term: lambda b: at(weight, b.progress) * term(b), self)


def per_logit(objective: Objective) -> Objective:
    """Divides a likelihood by the number of logits, as `nn.BCELoss` does: a mean over the head's outputs, not a sum."""
    return _map_terms(lambda term: lambda b: 1 / b.condition.num_logits * term(b), objective)


def resolution_scaled(objective: Objective) -> Objective:
    """Multiplies a penalty on gradients of images above 64x64 by (R / 64)^2, so that its weight means the same.

    The same function of images of twice the side has gradients of a quarter at four times as many pixels, and thus a
    quarter of their squared norm. Karras et al. 2020 (ADA), appendix C, choose gamma by the same rule. Smaller images
    keep the weight, as too weak a penalty lets a training diverge, and too strong a one does not.
    """

    def weight(b: Batch) -> float:
        return max(1.0, b.real_image.shape[-1] / 64) ** 2

    return _map_terms(lambda term: lambda b: weight(b) * term(b), objective)


def lazy(objective: Objective, every: int) -> Objective:
    """Evaluates the objective only in every `every`-th step, multiplied by `every`. Karras et al. 2020, section 3.1."""

    def zero(b: Batch) -> Tensor:
        return torch.zeros(len(b.c), device=b.c.device)

    return _map_terms(lambda term: lambda b: zero(b) if b.step % every else every * term(b), objective)


def _map_terms(change: Callable[[Term], Term], objective: Objective) -> Objective:
    def changed(terms: Mapping[str, Term]) -> dict[str, Term]:
        return {name: change(term) for name, term in terms.items()}

    return replace(objective, generator=changed(objective.generator), discriminator=changed(objective.discriminator))


def _merge(a: Mapping[str, Term], b: Mapping[str, Term]) -> dict[str, Term]:
    if clash := sorted(a.keys() & b.keys()):
        raise ValueError(f"two terms are named {clash[0]!r}; each term of an objective needs a name of its own")
    return {**a, **b}
