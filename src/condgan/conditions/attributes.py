"""Several attributes at once, one value each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from condgan.conditions.condition import Condition, hits_among
from condgan.conditions.vocabulary import check_complete, check_names, check_once, index_of, known, split_items
from condgan.errors import InputError


@dataclass(frozen=True)
class Attributes(Condition):
    """Several attributes, one value each, such as hair x eyes. `c`: (N, len(attributes)) int64."""

    attributes: Mapping[str, Sequence[str]]

    def __post_init__(self) -> None:
        check_names("attributes", list(self.attributes))
        if spaced := [name for name in self.attributes if " " in name]:
            raise InputError(f"attribute {spaced[0]!r}: expected one word, so that 'dark red hair' can be read")
        values = {name: check_names(f"values of {name}", names) for name, names in self.attributes.items()}
        object.__setattr__(self, "attributes", values)

    @property
    def sizes(self) -> Sequence[int]:
        """How many values each attribute has."""
        return [len(values) for values in self.attributes.values()]

    @property
    def dim(self) -> int:
        return sum(self.sizes)

    def encode(self, c: Tensor) -> Tensor:
        return one_hots(c, self.sizes)

    def nll(self, logits: Tensor, c: Tensor) -> Tensor:
        return cross_entropies(logits, c, self.sizes)

    def read(self, logits: Tensor) -> Tensor:
        return argmaxes(logits, self.sizes)

    @property
    def values(self) -> Sequence[str]:
        return [f"{value} {name}" for name, values in self.attributes.items() for value in values]

    @property
    def outline(self) -> str:
        return " x ".join(f"{name} ({len(values)} values)" for name, values in self.attributes.items())

    def probabilities(self, logits: Tensor) -> Tensor:
        return softmaxes(logits, self.sizes)

    def hits(self, logits: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        return hits_among(self.encode(self.read(logits)), self.encode(c))

    def parse(self, text: str) -> Tensor:
        """Reads "aqua hair, red eyes", in any order."""
        found: dict[str, int] = {}
        for item in split_items(text):
            value, _, name = item.rpartition(" ")
            values = self.attributes[known(name, list(self.attributes), "attribute")]
            check_once(name, found, "attribute")
            found[name] = index_of(value, values, name)
        check_complete(found, self.attributes, "attribute")
        return torch.tensor([found[name] for name in self.attributes])

    def describe(self, c: Tensor) -> str:
        chosen = zip(self.attributes.items(), c.tolist(), strict=True)
        return ", ".join(f"{values[index]} {name}" for (name, values), index in chosen)


def one_hots(c: Tensor, sizes: Sequence[int]) -> Tensor:
    """Indices (N, len(sizes)) as one-hot vectors side by side, (N, sum(sizes)) float."""
    hots = [F.one_hot(value, size).float() for value, size in zip(c.unbind(1), sizes, strict=True)]
    return torch.cat([torch.empty(len(c), 0, device=c.device), *hots], dim=1)


def cross_entropies(logits: Tensor, c: Tensor, sizes: Sequence[int]) -> Tensor:
    """-log p of each index under its own softmax, summed, (N,) in nats."""
    parts = zip(logits.split(list(sizes), dim=1), c.unbind(1), strict=True)
    total = torch.zeros(len(c), device=c.device)
    for part, value in parts:
        total = total + F.cross_entropy(part, value, reduction="none")
    return total


def softmaxes(logits: Tensor, sizes: Sequence[int]) -> Tensor:
    """Each part of the logits under its own softmax, (N, sum(sizes))."""
    return torch.cat([part.softmax(1) for part in logits.split(list(sizes), dim=1)], dim=1) if sizes else logits


def argmaxes(logits: Tensor, sizes: Sequence[int]) -> Tensor:
    """The likeliest index of each softmax, (N, len(sizes))."""
    return torch.stack([part.argmax(1) for part in logits.split(list(sizes), dim=1)], dim=1) if sizes else logits.long()
