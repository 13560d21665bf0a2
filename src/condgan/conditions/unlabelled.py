"""No condition: that of images without labels."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from condgan.conditions.condition import Condition, Control
from condgan.errors import InputError

NOTHING = "nothing"  # the only condition, as text


@dataclass(frozen=True)
class Unlabelled(Condition):
    """No condition: nothing can be asked for. `c`: (N,) int64 of zeros.

    The encoded vector is the constant 1, from which the layers for conditions learn a bias, so that the same networks
    are trained with and without labels.

    >>> condition = Unlabelled()
    >>> condition.encode(condition.parse_all(["nothing", "nothing"]))
    tensor([[1.],
            [1.]])
    """

    is_labelled = False

    @property
    def dim(self) -> int:
        return 1

    @property
    def values(self) -> Sequence[str]:
        return ()

    @property
    def summary(self) -> str:
        return f"{NOTHING}, as there are no labels"

    @property
    def controls(self) -> Sequence[Control]:
        return ()

    def choices(self, c: Tensor) -> list[Any]:
        return []

    def choose(self, choices: Sequence[Any]) -> Tensor:
        return torch.tensor(0)

    def encode(self, c: Tensor) -> Tensor:
        return torch.ones(len(c), 1, device=c.device)

    def nll(self, logits: Tensor, c: Tensor) -> Tensor:
        """Zero, as there is one condition only, and it is certain."""
        return F.cross_entropy(logits, c, reduction="none")

    def predict(self, logits: Tensor) -> Tensor:
        return logits.argmax(1)

    def probabilities(self, logits: Tensor) -> Tensor:
        return self.value_logits(logits)

    def sample(self, labels: Tensor) -> Tensor:
        return torch.zeros(len(labels), dtype=torch.int64, device=labels.device)

    def mismatch(self, c: Tensor) -> Tensor:
        raise ValueError("without labels there is no wrong condition")

    def each_value(self) -> Tensor:
        return torch.zeros(1, dtype=torch.int64)

    def parse(self, text: str) -> Tensor:
        if text.strip().casefold() != NOTHING:
            raise InputError(f"found {text!r}, but the images have no labels; expected {NOTHING!r}")
        return torch.tensor(0)

    def describe(self, c: Tensor) -> str:
        return NOTHING
