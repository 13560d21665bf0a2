"""Batches for which the outputs of the discriminator are given, and those of a training."""

from typing import Any

import pytest
import torch
from torch import Tensor

import condgan.train as train_module
from condgan.conditions import Class, Condition
from condgan.networks.gan import DiscriminatorOutput
from condgan.objectives import Batch, Objective


class KnownBatch(Batch):
    """A batch with given scores, and logits for likelihoods."""

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
        progress: float = 0.0,
    ):
        none, image = real.new_empty(len(real), 0), real.new_empty(len(real), 3, 1, 1)
        c = torch.zeros(len(real), dtype=torch.int64) if c is None else c
        super().__init__(
            lambda image, c: DiscriminatorOutput(real, none),
            condition or Class("ab"),
            c,
            image,
            image,
            step=step,
            progress=progress,
        )
        self.__dict__["real"] = DiscriminatorOutput(real, none if real_logits is None else real_logits)
        self.__dict__["fake"] = DiscriminatorOutput(fake, none if fake_logits is None else fake_logits)


class FakeOnlyBatch(Batch):
    """A batch without real images: a term that reads them raises AttributeError."""

    def __init__(self, fake: Tensor):
        super().__init__(lambda image, c: DiscriminatorOutput(fake, fake), Class("ab"), fake, fake, fake)
        self.__dict__["fake"] = DiscriminatorOutput(fake, fake.new_empty(len(fake), 0))
        del self.real_image


def losses_of(objective: Objective, batch: Batch) -> tuple[Tensor, Tensor]:
    """The sums of the generator's and of the discriminator's terms, each (N,)."""
    generator = [term(batch) for term in objective.generator.values()]
    discriminator = [term(batch) for term in objective.discriminator.values()]
    zero = torch.zeros(len(batch.c))
    return torch.stack([zero, *generator]).sum(0), torch.stack([zero, *discriminator]).sum(0)


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> list[Batch]:
    """Every batch of the training loop, in order."""
    kept: list[Batch] = []

    class KeptBatch(Batch):
        def __init__(self, *args: Any, **options: Any):
            super().__init__(*args, **options)
            kept.append(self)

    monkeypatch.setattr(train_module, "Batch", KeptBatch)
    return kept
