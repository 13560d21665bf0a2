"""One class of many, and any subset of the labels."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from condgan.conditions.condition import Condition, hits_among
from condgan.conditions.vocabulary import check_names, index_of, split_items
from condgan.errors import InputError

NOTHING = "nothing"  # the empty set in words


@dataclass(frozen=True)
class Class(Condition):
    """One class. `c`: (N,) int64."""

    names: Sequence[str]

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", check_names("class names", self.names))

    @property
    def dim(self) -> int:
        return len(self.names)

    def encode(self, c: Tensor) -> Tensor:
        return F.one_hot(c, self.dim).float()

    def nll(self, logits: Tensor, c: Tensor) -> Tensor:
        return F.cross_entropy(logits, c, reduction="none")

    def read(self, logits: Tensor) -> Tensor:
        return logits.argmax(1)

    @property
    def values(self) -> Sequence[str]:
        return self.names

    @property
    def outline(self) -> str:
        return f"one of {self.dim} classes"

    def probabilities(self, logits: Tensor) -> Tensor:
        return logits.softmax(1)

    def hits(self, logits: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        return hits_among(self.encode(self.read(logits)), self.encode(c))

    def parse(self, text: str) -> Tensor:
        return torch.tensor(index_of(text.strip(), self.names, "class"))

    def describe(self, c: Tensor) -> str:
        return self.names[int(c)]


@dataclass(frozen=True)
class MultiLabel(Condition):
    """Any subset of the labels. `c`: (N, dim) uint8 of 0 and 1."""

    names: Sequence[str]

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", check_names("label names", self.names))

    @property
    def dim(self) -> int:
        return len(self.names)

    def encode(self, c: Tensor) -> Tensor:
        return c.float()

    def nll(self, logits: Tensor, c: Tensor) -> Tensor:
        return F.binary_cross_entropy_with_logits(logits, c.float(), reduction="none").sum(1)

    def read(self, logits: Tensor) -> Tensor:
        return (logits > 0).to(torch.uint8)

    @property
    def values(self) -> Sequence[str]:
        return self.names

    @property
    def outline(self) -> str:
        return f"a set of {self.dim} labels"

    def probabilities(self, logits: Tensor) -> Tensor:
        return logits.sigmoid()

    def hits(self, logits: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        """True labels among the k largest logits, k being how many are true: the i-CLEVR lab's score."""
        rank = logits.argsort(1, descending=True).argsort(1)
        return hits_among(rank < c.long().sum(1, keepdim=True), c)

    def parse(self, text: str) -> Tensor:
        """Reads "red cube, blue cylinder", or "nothing" for the empty set."""
        c = torch.zeros(self.dim, dtype=torch.uint8)
        if text.strip() == NOTHING:
            return c
        for name in split_items(text):
            index = index_of(name, self.names, "label")
            if c[index]:
                raise InputError(f"label {name!r} is named twice; a set of labels names each at most once")
            c[index] = 1
        return c

    def describe(self, c: Tensor) -> str:
        return ", ".join(name for name, present in zip(self.names, c.tolist(), strict=True) if present) or NOTHING
