"""One class of many, and any subset of the labels."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from condgan.conditions.condition import Condition, Control, random_other
from condgan.conditions.vocabulary import check_names, index_of, spelled, split_items
from condgan.draws import per_sample
from condgan.errors import InputError

NOTHING = ("nothing", "no labels", "the empty set")  # the empty set as text: the first that is not a label


@dataclass(frozen=True)
class Class(Condition):
    """One class of many. `c`: (N,) int64.

    >>> condition = Class(("cat", "dog", "fox"))
    >>> condition.encode(condition.parse_all(["fox", "cat"]))
    tensor([[0., 0., 1.],
            [1., 0., 0.]])
    """

    names: Sequence[str]

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", check_names("class names", self.names))

    @property
    def dim(self) -> int:
        return len(self.names)

    @property
    def values(self) -> Sequence[str]:
        return self.names

    @property
    def summary(self) -> str:
        return f"one of {self.dim} classes"

    @property
    def controls(self) -> Sequence[Control]:
        return [Control("class", self.names)]

    def choices(self, c: Tensor) -> list[Any]:
        return [self.describe(c)]

    def choose(self, choices: Sequence[Any]) -> Tensor:
        (name,) = choices
        return self.parse(name)

    def encode(self, c: Tensor) -> Tensor:
        return F.one_hot(c, self.dim).float()

    def nll(self, logits: Tensor, c: Tensor) -> Tensor:
        return F.cross_entropy(logits, c, reduction="none")

    def predict(self, logits: Tensor) -> Tensor:
        return logits.argmax(1)

    def probabilities(self, logits: Tensor) -> Tensor:
        return logits.softmax(1)

    def mismatch(self, c: Tensor) -> Tensor:
        return random_other(c, self.dim)

    def each_value(self) -> Tensor:
        return torch.arange(self.dim)

    def parse(self, text: str) -> Tensor:
        return torch.tensor(index_of(text.strip(), self.names, "class"))

    def describe(self, c: Tensor) -> str:
        return self.names[int(c)]


@dataclass(frozen=True)
class MultiLabel(Condition):
    """Any subset of the labels. `c`: (N, dim) uint8 of 0 and 1.

    >>> condition = MultiLabel(("red cube", "blue cube", "red sphere"))
    >>> c = condition.parse("red sphere, blue cube")
    >>> c
    tensor([0, 1, 1], dtype=torch.uint8)
    >>> condition.describe(c)
    'blue cube, red sphere'
    """

    names: Sequence[str]

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", check_names("label names", self.names))

    @property
    def dim(self) -> int:
        return len(self.names)

    @property
    def values(self) -> Sequence[str]:
        return self.names

    @property
    def summary(self) -> str:
        return f"a set of {self.dim} labels"

    @property
    def controls(self) -> Sequence[Control]:
        return [Control("labels", self.names, multiple=True)]

    def choices(self, c: Tensor) -> list[Any]:
        return [[name for name, present in zip(self.names, c.tolist(), strict=True) if present]]

    def choose(self, choices: Sequence[Any]) -> Tensor:
        (names,) = choices
        return self.parse(", ".join(names) or self._nothing)

    def encode(self, c: Tensor) -> Tensor:
        return c.float()

    def tokens(self, vector: Tensor) -> tuple[Tensor, Tensor]:
        """One token for each label that is present; K is the largest number of labels in the batch, at least 1.

        An exported program, whose shapes do not depend on values, has a token for every label, most of them padding.
        """
        present = vector != 0
        if torch.compiler.is_exporting():
            labels = torch.arange(self.dim, device=vector.device).expand(present.shape)
        else:
            num_tokens = max(int(present.sum(1).max()), 1) if len(vector) else 1
            labels = present.int().sort(dim=1, descending=True, stable=True).indices[:, :num_tokens]
        tokens = F.one_hot(labels, self.dim) * vector.gather(1, labels)[:, :, None]
        return tokens, present.gather(1, labels)

    def nll(self, logits: Tensor, c: Tensor) -> Tensor:
        return F.binary_cross_entropy_with_logits(logits, c.float(), reduction="none").sum(1)

    def predict(self, logits: Tensor) -> Tensor:
        return (logits > 0).to(torch.uint8)

    def probabilities(self, logits: Tensor) -> Tensor:
        return logits.sigmoid()

    def hits(self, logits: Tensor, c: Tensor) -> Tensor:
        """True labels among the k largest logits, where k is the number of true labels: the i-CLEVR lab's score."""
        rank = logits.argsort(1, descending=True).argsort(1)
        return c.bool() & (rank < c.long().sum(1, keepdim=True))

    def mismatch(self, c: Tensor) -> Tensor:
        """Replaces one label by an absent one, one that shares a word with it if possible: "red cube" by "blue cube".

        The empty set gains a label; the full set loses one.
        """
        present, related = c.bool(), self._related.to(c.device)
        is_empty, is_full = ~present.any(1), present.all(1)
        removed = _one_of(present | is_empty[:, None])
        candidates = ~present & related[removed] & ~is_empty[:, None]
        candidates = torch.where(candidates.any(1, keepdim=True), candidates, ~present)
        added = _one_of(candidates | is_full[:, None])
        rows = torch.arange(len(c), device=c.device)
        wrong = c.clone()
        wrong[rows, removed] = 0
        wrong[rows, added] = torch.where(is_full, wrong[rows, added], 1)
        return wrong

    @property
    def _related(self) -> Tensor:
        """Whether two different labels share a word, (dim, dim) bool."""
        words = [set(name.split()) for name in self.names]
        return torch.tensor([[i != j and bool(a & b) for j, b in enumerate(words)] for i, a in enumerate(words)])

    @property
    def _nothing(self) -> str:
        return next((text for text in NOTHING if text not in self.names), NOTHING[-1])

    def each_value(self) -> Tensor:
        return torch.eye(self.dim, dtype=torch.uint8)

    def parse(self, text: str) -> Tensor:
        """Parses "red cube, blue cylinder", or "nothing" for the empty set, "no labels" if "nothing" is a label."""
        c = torch.zeros(self.dim, dtype=torch.uint8)
        if spelled(text.strip(), {self._nothing, *self.names}) == self._nothing:
            return c
        for name in split_items(text):
            index = index_of(name, self.names, "label")
            if c[index]:
                raise InputError(f"label {name!r} is named twice; a set contains each label at most once")
            c[index] = 1
        return c

    def describe(self, c: Tensor) -> str:
        (names,) = self.choices(c)
        return ", ".join(names) or self._nothing


def _one_of(allowed: Tensor) -> Tensor:
    """Draws one of the allowed columns (N, dim) of each row, (N,): the one with the shortest waiting time."""
    waiting = per_sample(lambda n: torch.empty(n, allowed.shape[1], device=allowed.device).exponential_(), len(allowed))
    return (allowed / waiting).argmax(1)
