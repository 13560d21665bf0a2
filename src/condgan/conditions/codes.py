"""Codes that no data set labels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log, pi

import torch
from torch import Tensor

from condgan.conditions.attributes import argmaxes, cross_entropies, one_hots, softmaxes
from condgan.conditions.condition import Condition, hits_among
from condgan.conditions.vocabulary import check_complete, check_names, check_once, known, split_items
from condgan.errors import InputError


@dataclass(frozen=True)
class Codes(Condition):
    """Latent codes that no data set labels: categorical ones, each value as likely, then continuous ones in [-1, 1].

    `c`: (N, len(categorical) + len(continuous)) float, a categorical code as its index. The likelihood of a continuous
    code is a Gaussian of learned mean and log-variance, the latter clipped to [-6, 6]. Chen et al. 2016, section 6. It
    counts `continuous_weight` times: a density has no upper bound, and would drown the rest (section 4 of the same).
    """

    categorical: Mapping[str, int]
    continuous: Sequence[str] = ()
    continuous_weight: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "continuous", tuple(self.continuous))
        check_names("codes", [*self.categorical, *self.continuous])
        if too_small := [name for name, size in self.categorical.items() if size < 2]:
            raise InputError(f"code {too_small[0]!r}: expected at least 2 values")

    @property
    def _categories(self) -> list[int]:
        return list(self.categorical.values())

    @property
    def sizes(self) -> Sequence[int]:
        """How many values each categorical code has, then 1 for each continuous one."""
        return self._categories + [1] * len(self.continuous)

    @property
    def dim(self) -> int:
        return sum(self._categories) + len(self.continuous)

    @property
    def num_logits(self) -> int:
        return sum(self._categories) + 2 * len(self.continuous)

    def encode(self, c: Tensor) -> Tensor:
        indices, values = self._split(c)
        return torch.cat([one_hots(indices, self._categories), values], dim=1)

    def nll(self, logits: Tensor, c: Tensor) -> Tensor:
        indices, values = self._split(c)
        classes, gaussians = logits.split([sum(self._categories), 2 * len(self.continuous)], dim=1)
        mean, log_variance = gaussians.chunk(2, dim=1)
        log_variance = log_variance.clamp(-6, 6)
        gaussian = 0.5 * (log(2 * pi) + log_variance + (values - mean).square() / log_variance.exp())
        categories = cross_entropies(classes, indices, self._categories)
        nats: Tensor = categories + self.continuous_weight * gaussian.sum(1)
        return nats

    def read(self, logits: Tensor) -> Tensor:
        classes, mean, _ = logits.split([sum(self._categories), len(self.continuous), len(self.continuous)], dim=1)
        return torch.cat([argmaxes(classes, self._categories), mean], dim=1)

    @property
    def values(self) -> Sequence[str]:
        return [f"{name}={value}" for name, size in self.categorical.items() for value in range(size)]

    @property
    def outline(self) -> str:
        discrete = [f"{name} ({size} values)" for name, size in self.categorical.items()]
        return "codes " + ", ".join([*discrete, *(f"{name} in [-1, 1]" for name in self.continuous)])

    def probabilities(self, logits: Tensor) -> Tensor:
        return softmaxes(logits[:, : sum(self._categories)], self._categories)

    def hits(self, logits: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        """Categorical codes alone: a continuous one has no right answer."""
        named, wanted = self._split(self.read(logits))[0], self._split(c)[0]
        return hits_among(one_hots(named, self._categories), one_hots(wanted, self._categories))

    def agree(self, read: Tensor, c: Tensor) -> Tensor:
        """On the categorical codes."""
        return super().agree(self._split(read)[0], self._split(c)[0])

    def draw(self, labels: Tensor) -> Tensor:
        n, device = len(labels), labels.device
        indices = [torch.randint(size, (n, 1), device=device).float() for size in self._categories]
        return torch.cat([*indices, torch.rand(n, len(self.continuous), device=device) * 2 - 1], dim=1)

    def sweep(self, name: str, num: int = 8) -> Tensor:
        """Rows of a continuous code from -1 to 1 in `num` steps, a row for each value of the first categorical one.

        All other codes are 0. (rows * num, codes).
        """
        num_rows = (self._categories or [1])[0]
        c = torch.zeros(num_rows * num, len(self.categorical) + len(self.continuous))
        if self.categorical:
            c[:, 0] = torch.arange(num_rows).repeat_interleave(num)
        c[:, len(self.categorical) + self.continuous.index(name)] = torch.linspace(-1, 1, num).repeat(num_rows)
        return c

    def name_categories(self, c: Tensor) -> list[str]:
        """The categorical codes of each value of a batch in words, "class=3"."""
        indices, _ = self._split(c)
        return [
            ", ".join(f"{name}={index}" for name, index in zip(self.categorical, row, strict=True))
            for row in indices.tolist()
        ]

    def exhibit(self, z: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """The sweep of each continuous code from one latent; without any, draws of the prior."""
        if not self.continuous:
            return super().exhibit(z, labels)
        c = torch.cat([self.sweep(name) for name in self.continuous]).to(z.device)
        return z[:1].expand(len(c), -1), c

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
