"""Several attributes at once, one value each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from condgan.conditions.condition import Condition, Control, random_other
from condgan.conditions.vocabulary import check_complete, check_names, check_once, index_of, known, split_items
from condgan.draws import per_sample
from condgan.errors import InputError


@dataclass(frozen=True)
class Attributes(Condition):
    """Several attributes with one value each, e.g. hair x eyes. `c`: (N, len(attributes)) int64.

    >>> condition = Attributes({"hair": ("aqua", "red"), "eyes": ("blue", "green", "red")})
    >>> condition.parse("red eyes, aqua hair")
    tensor([0, 2])
    """

    attributes: Mapping[str, Sequence[str]]

    def __post_init__(self) -> None:
        check_names("attributes", list(self.attributes))
        if spaced := [name for name in self.attributes if " " in name]:
            raise InputError(f"attribute {spaced[0]!r}: expected one word, so that 'dark red hair' can be parsed")
        values = {name: check_names(f"values of {name}", names) for name, names in self.attributes.items()}
        object.__setattr__(self, "attributes", values)

    @property
    def sizes(self) -> Sequence[int]:
        """Number of values of each attribute."""
        return [len(values) for values in self.attributes.values()]

    @property
    def dim(self) -> int:
        return sum(self.sizes)

    @property
    def values(self) -> Sequence[str]:
        return [f"{value} {name}" for name, values in self.attributes.items() for value in values]

    @property
    def summary(self) -> str:
        return " x ".join(f"{name} ({len(values)} values)" for name, values in self.attributes.items())

    @property
    def controls(self) -> Sequence[Control]:
        return [Control(name, values) for name, values in self.attributes.items()]

    def choices(self, c: Tensor) -> list[Any]:
        return [values[index] for values, index in zip(self.attributes.values(), c.tolist(), strict=True)]

    def choose(self, choices: Sequence[Any]) -> Tensor:
        return self.parse(", ".join(f"{value} {name}" for name, value in zip(self.attributes, choices, strict=True)))

    def encode(self, c: Tensor) -> Tensor:
        return one_hots(c, self.sizes)

    def nll(self, logits: Tensor, c: Tensor) -> Tensor:
        return cross_entropies(logits, c, self.sizes)

    def predict(self, logits: Tensor) -> Tensor:
        return argmaxes(logits, self.sizes)

    def probabilities(self, logits: Tensor) -> Tensor:
        return softmaxes(logits, self.sizes)

    def mismatch(self, c: Tensor) -> Tensor:
        return replace_one(c, self.sizes)

    def each_value(self) -> Tensor:
        c = torch.zeros(self.sizes[0], len(self.sizes), dtype=torch.int64)
        c[:, 0] = torch.arange(self.sizes[0])
        return c

    def parse(self, text: str) -> Tensor:
        """Parses "aqua hair, red eyes", in any order."""
        found: dict[str, int] = {}
        for item in split_items(text):
            value, _, name = item.rpartition(" ")
            name = known(name, list(self.attributes), "attribute")
            check_once(name, found, "attribute")
            found[name] = index_of(value, self.attributes[name], name)
        check_complete(found, self.attributes, "attribute", self.describe(self.each_value()[0]))
        return torch.tensor([found[name] for name in self.attributes])

    def describe(self, c: Tensor) -> str:
        return ", ".join(f"{value} {name}" for name, value in zip(self.attributes, self.choices(c), strict=True))


def one_hots(c: Tensor, sizes: Sequence[int]) -> Tensor:
    """Concatenates one-hot vectors, (N, sum(sizes)) float, of indices (N, len(sizes))."""
    hots = [F.one_hot(value, size).float() for value, size in zip(c.unbind(1), sizes, strict=True)]
    return torch.cat([torch.empty(len(c), 0, device=c.device), *hots], dim=1)


def cross_entropies(logits: Tensor, c: Tensor, sizes: Sequence[int]) -> Tensor:
    """Sums the cross-entropies of several softmaxes, (N,) in nats, for indices c (N, len(sizes))."""
    parts = zip(logits.split(list(sizes), dim=1), c.unbind(1), strict=True)
    total = torch.zeros(len(c), device=c.device)
    for part, value in parts:
        total = total + F.cross_entropy(part, value, reduction="none")
    return total


def softmaxes(logits: Tensor, sizes: Sequence[int]) -> Tensor:
    """Concatenates the softmax of each part of the logits, (N, sum(sizes))."""
    return torch.cat([part.softmax(1) for part in logits.split(list(sizes), dim=1)], dim=1) if sizes else logits


def argmaxes(logits: Tensor, sizes: Sequence[int]) -> Tensor:
    """Returns the argmax of each part of the logits, (N, len(sizes))."""
    return torch.stack([part.argmax(1) for part in logits.split(list(sizes), dim=1)], dim=1) if sizes else logits.long()


def replace_one(c: Tensor, sizes: Sequence[int]) -> Tensor:
    """Replaces one index of each row of c (N, len(sizes)) by a random other one. Raises ValueError if there is none."""
    replaceable = [k for k, size in enumerate(sizes) if size > 1]
    if not replaceable:
        raise ValueError("a vocabulary of one value has no wrong condition")
    others = torch.stack([random_other(c[:, k], sizes[k]) for k in replaceable], dim=1)
    chosen = per_sample(lambda n: torch.randint(len(replaceable), (n, 1), device=c.device), len(c))
    columns = torch.tensor(replaceable, device=c.device)[chosen]
    return c.scatter(1, columns, others.gather(1, chosen))
