"""What an image obeys: a vocabulary, a vector, a likelihood and a prior.

A condition becomes a vector here, once. Networks see only that vector and objectives only `nll`, so neither ever asks
whether it was a class, a set of labels, several attributes or codes. A batch of values is `c`, one value a row of it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import log, pi
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from condgan.errors import InputError
from condgan.vocabulary import check_complete, check_names, check_once, index_of, known, split_items

NOTHING = "nothing"  # the empty set in words


class Condition(ABC):
    """One kind of condition over one vocabulary. Each kind states the shape and type of its batches `c`."""

    @property
    @abstractmethod
    def dim(self) -> int:
        """Width of the encoded vector."""

    @property
    def num_logits(self) -> int:
        """Width of a head that predicts the condition."""
        return self.dim

    @abstractmethod
    def encode(self, c: Tensor) -> Tensor:
        """Vector form of a batch, (N, dim) float: all that a network ever sees."""

    @abstractmethod
    def nll(self, logits: Tensor, c: Tensor) -> Tensor:
        """-log p(c | logits) in nats, (N,), from logits (N, num_logits)."""

    @abstractmethod
    def read(self, logits: Tensor) -> Tensor:
        """The likeliest batch `c` given logits (N, num_logits)."""

    @property
    @abstractmethod
    def values(self) -> Sequence[str]:
        """The discrete values that a judge can be right about, in words."""

    @abstractmethod
    def hits(self, logits: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        """Which values were named by the logits and wanted, and which were wanted: two (N, len(values)) bool."""

    def agree(self, read: Tensor, c: Tensor) -> Tensor:
        """Whether what was read is what was wanted, all of it and nothing else, (N,) bool."""
        return (read == c).reshape(len(c), -1).all(1)

    def draw(self, labels: Tensor) -> Tensor:
        """The conditions of a batch whose images came with `labels`: the labels, or for codes a draw of the prior."""
        return labels

    @abstractmethod
    def parse(self, text: str) -> Tensor:
        """One value from words, without a batch axis. Raises InputError on an unknown, repeated or missing name."""

    @abstractmethod
    def describe(self, c: Tensor) -> str:
        """One value in words that `parse` reads back."""

    def parse_all(self, texts: Iterable[str]) -> Tensor:
        """A batch from one text for each value."""
        return torch.stack([self.parse(text) for text in texts])


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

    def hits(self, logits: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        return _shared(self.encode(self.read(logits)), self.encode(c))

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

    def hits(self, logits: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        """True labels among the k largest logits, k being how many are true: the i-CLEVR lab's score."""
        rank = logits.argsort(1, descending=True).argsort(1)
        return _shared(rank < c.long().sum(1, keepdim=True), c)

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
    def sizes(self) -> list[int]:
        """Number of values of each attribute."""
        return [len(values) for values in self.attributes.values()]

    @property
    def dim(self) -> int:
        return sum(self.sizes)

    def encode(self, c: Tensor) -> Tensor:
        return _one_hots(c, self.sizes)

    def nll(self, logits: Tensor, c: Tensor) -> Tensor:
        return _cross_entropies(logits, c, self.sizes)

    def read(self, logits: Tensor) -> Tensor:
        return _argmaxes(logits, self.sizes)

    @property
    def values(self) -> Sequence[str]:
        return [f"{value} {name}" for name, values in self.attributes.items() for value in values]

    def hits(self, logits: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        return _shared(self.encode(self.read(logits)), self.encode(c))

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


@dataclass(frozen=True)
class Codes(Condition):
    """Latent codes that no data set labels: categorical ones, each value as likely, then continuous ones in [-1, 1].

    `c`: (N, len(categorical) + len(continuous)) float, a categorical code as its index. The likelihood of a continuous
    code is a Gaussian of learned mean and log-variance, the latter clipped to [-6, 6]. Chen et al. 2016, section 6.
    """

    categorical: Mapping[str, int]
    continuous: Sequence[str] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "continuous", tuple(self.continuous))
        check_names("codes", [*self.categorical, *self.continuous])
        if too_small := [name for name, size in self.categorical.items() if size < 2]:
            raise InputError(f"code {too_small[0]!r}: expected at least 2 values")

    @property
    def sizes(self) -> list[int]:
        """Number of values of each categorical code."""
        return list(self.categorical.values())

    @property
    def dim(self) -> int:
        return sum(self.sizes) + len(self.continuous)

    @property
    def num_logits(self) -> int:
        return sum(self.sizes) + 2 * len(self.continuous)

    def encode(self, c: Tensor) -> Tensor:
        indices, values = self._split(c)
        return torch.cat([_one_hots(indices, self.sizes), values], dim=1)

    def nll(self, logits: Tensor, c: Tensor) -> Tensor:
        indices, values = self._split(c)
        classes, gaussians = logits.split([sum(self.sizes), 2 * len(self.continuous)], dim=1)
        mean, log_variance = gaussians.chunk(2, dim=1)
        log_variance = log_variance.clamp(-6, 6)
        gaussian = 0.5 * (log(2 * pi) + log_variance + (values - mean).square() / log_variance.exp())
        nats: Tensor = _cross_entropies(classes, indices, self.sizes) + gaussian.sum(1)
        return nats

    def read(self, logits: Tensor) -> Tensor:
        classes, mean, _ = logits.split([sum(self.sizes), len(self.continuous), len(self.continuous)], dim=1)
        return torch.cat([_argmaxes(classes, self.sizes), mean], dim=1)

    @property
    def values(self) -> Sequence[str]:
        return [f"{name}={value}" for name, size in self.categorical.items() for value in range(size)]

    def hits(self, logits: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        """Categorical codes alone: a continuous one has no right answer."""
        named, wanted = self._split(self.read(logits))[0], self._split(c)[0]
        return _shared(_one_hots(named, self.sizes), _one_hots(wanted, self.sizes))

    def agree(self, read: Tensor, c: Tensor) -> Tensor:
        """On the categorical codes."""
        return super().agree(self._split(read)[0], self._split(c)[0])

    def draw(self, labels: Tensor) -> Tensor:
        n, device = len(labels), labels.device
        indices = [torch.randint(size, (n, 1), device=device).float() for size in self.sizes]
        return torch.cat([*indices, torch.rand(n, len(self.continuous), device=device) * 2 - 1], dim=1)

    def parse(self, text: str) -> Tensor:
        """Reads "digit=3, slant=-0.5"; every code must be given."""
        found: dict[str, float] = {}
        for item in split_items(text):
            name, _, value = (part.strip() for part in item.partition("="))
            known(name, [*self.categorical, *self.continuous], "code")
            check_once(name, found, "code")
            found[name] = self._value(name, value)
        check_complete(found, [*self.categorical, *self.continuous], "code")
        return torch.tensor([found[name] for name in (*self.categorical, *self.continuous)])

    def describe(self, c: Tensor) -> str:
        indices, values = (part[0].tolist() for part in self._split(c[None]))
        texts = [f"{name}={index}" for name, index in zip(self.categorical, indices, strict=True)]
        return ", ".join(texts + [f"{name}={value:.9g}" for name, value in zip(self.continuous, values, strict=True)])

    def _split(self, c: Tensor) -> tuple[Tensor, Tensor]:
        indices: Tensor
        values: Tensor
        indices, values = c.split([len(self.categorical), len(self.continuous)], dim=1)
        return indices.long(), values

    def _value(self, name: str, text: str) -> float:
        size = self.categorical.get(name)
        expected = "a number in [-1, 1]" if size is None else f"a whole number from 0 to {size - 1}"
        try:
            value = float(text)
        except ValueError:
            raise InputError(f"code {name!r}: found {text!r}, expected {expected}") from None
        allowed = -1 <= value <= 1 if size is None else value in range(size)
        if not allowed:
            raise InputError(f"code {name!r}: found {text!r}, expected {expected}")
        return value


KINDS: dict[str, Callable[..., Condition]] = {kind.__name__: kind for kind in (Class, MultiLabel, Attributes, Codes)}


def to_json(condition: Condition) -> dict[str, Any]:
    """The condition as plain data; `from_json` reads it back."""
    return {"kind": type(condition).__name__, **asdict(condition)}  # type: ignore[call-overload]


def from_json(data: Mapping[str, Any]) -> Condition:
    """The condition that `to_json` wrote. Raises InputError on an unknown kind."""
    fields = dict(data)
    return KINDS[known(fields.pop("kind", ""), list(KINDS), "kind of condition")](**fields)


def _one_hots(c: Tensor, sizes: list[int]) -> Tensor:
    hots = [F.one_hot(value, size).float() for value, size in zip(c.unbind(1), sizes, strict=True)]
    return torch.cat([torch.empty(len(c), 0, device=c.device), *hots], dim=1)


def _cross_entropies(logits: Tensor, c: Tensor, sizes: list[int]) -> Tensor:
    parts = zip(logits.split(sizes, dim=1), c.unbind(1), strict=True)
    total = torch.zeros(len(c), device=c.device)
    for part, value in parts:
        total = total + F.cross_entropy(part, value, reduction="none")
    return total


def _argmaxes(logits: Tensor, sizes: list[int]) -> Tensor:
    return torch.stack([part.argmax(1) for part in logits.split(sizes, dim=1)], dim=1) if sizes else logits.long()


def _shared(named: Tensor, wanted: Tensor) -> tuple[Tensor, Tensor]:
    return named.bool() & wanted.bool(), wanted.bool()
