"""Rounds of the game whose verdicts are known."""

import torch
from torch import Tensor

from condgan.conditions import Class, Condition
from condgan.networks.gan import DiscriminatorOutput
from condgan.objectives import Batch, Objective


class KnownBatch(Batch):
    """A round with given scores, and logits if a likelihood is to look at them."""

    def __init__(
        self,
        real: Tensor,
        fake: Tensor,
        *,
        condition: Condition | None = None,
        c: Tensor | None = None,
        real_logits: Tensor | None = None,
        fake_logits: Tensor | None = None,
        step: int = 0,
    ):
        none, image = real.new_empty(len(real), 0), real.new_empty(len(real), 3, 1, 1)
        c = torch.zeros(len(real), dtype=torch.int64) if c is None else c
        super().__init__(
            lambda image, c: DiscriminatorOutput(real, none), condition or Class("ab"), c, image, image, step=step
        )
        self.__dict__["real"] = DiscriminatorOutput(real, none if real_logits is None else real_logits)
        self.__dict__["fake"] = DiscriminatorOutput(fake, none if fake_logits is None else fake_logits)


class FakeOnlyBatch(Batch):
    """A round that must not be asked about real images."""

    def __init__(self, fake: Tensor):
        super().__init__(lambda image, c: DiscriminatorOutput(fake, fake), Class("ab"), fake, fake, fake)
        self.__dict__["fake"] = DiscriminatorOutput(fake, fake.new_empty(len(fake), 0))
        del self.real_image


def losses_of(objective: Objective, r: Batch) -> tuple[Tensor, Tensor]:
    """What the generator and the discriminator pay in all, each (N,)."""
    return sum(term(r) for term in objective.generator.values()), sum(  # type: ignore[return-value]
        term(r) for term in objective.discriminator.values()
    )
