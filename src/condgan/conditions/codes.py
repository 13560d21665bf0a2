"""Unsupervised latent codes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log, pi
from typing import Any

import torch
from torch import Tensor

from condgan.conditions.attributes import argmaxes, cross_entropies, one_hots, replace_one, softmaxes
from condgan.conditions.condition import Condition, Control
from condgan.conditions.vocabulary import check_complete, check_names, check_once, known, split_items
from condgan.draws import per_sample
from condgan.errors import InputError

MAX_VALUES = 10_000  # of a categorical code


@dataclass(frozen=True)
class Codes(Condition):
    """Unsupervised latent codes: categorical ones with a uniform prior, then continuous ones uniform in [-1, 1].

    `c`: (N, len(categorical) + len(continuous)) float, categorical codes as indices. The likelihood of a continuous
    code is a Gaussian of predicted mean and log-variance, the latter clipped to [-6, 6]: Chen et al. 2016, section 6.
    Its log-density is multiplied by `continuous_weight`: a density has no upper bound and would dominate the other
    terms (section 4 of the same paper).

    >>> codes = Codes({"class": 10}, ("c1", "c2"))
    >>> codes.describe(codes.parse("class=3, c1=0.5, c2=-1"))
    'class=3, c1=0.5, c2=-1'
    """

    categorical: Mapping[str, int]
    continuous: Sequence[str] = ()
    continuous_weight: float = 1.0

    is_labelled = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "continuous", tuple(self.continuous))
        check_names("codes", [*self.categorical, *self.continuous])
        for name, size in self.categorical.items():
            if not 2 <= size <= MAX_VALUES:
                raise InputError(f"code {name!r}: found {size} values, expected 2 to {MAX_VALUES:,}")

    @property
    def _categories(self) -> list[int]:
        return list(self.categorical.values())

    @property
    def sizes(self) -> Sequence[int]:
        """Number of values of each categorical code, then 1 for each continuous one."""
        return self._categories + [1] * len(self.continuous)

    @property
    def dim(self) -> int:
        return sum(self._categories) + len(self.continuous)

    @property
    def num_logits(self) -> int:
        return sum(self._categories) + 2 * len(self.continuous)

    @property
    def values(self) -> Sequence[str]:
        return [f"{name}={value}" for name, size in self.categorical.items() for value in range(size)]

    @property
    def summary(self) -> str:
        discrete = [f"{name} ({size} values)" for name, size in self.categorical.items()]
        return "codes " + ", ".join([*discrete, *(f"{name} in [-1, 1]" for name in self.continuous)])

    @property
    def controls(self) -> Sequence[Control]:
        discrete = [Control(name, [str(value) for value in range(size)]) for name, size in self.categorical.items()]
        return [*discrete, *(Control(name) for name in self.continuous)]

    def choices(self, c: Tensor) -> list[Any]:
        indices, values = (part[0].tolist() for part in self._split(c[None]))
        return [*map(str, indices), *values]

    def choose(self, choices: Sequence[Any]) -> Tensor:
        names = [*self.categorical, *self.continuous]
        return self.parse(", ".join(f"{name}={value}" for name, value in zip(names, choices, strict=True)))

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

    def predict(self, logits: Tensor) -> Tensor:
        classes, mean, _ = logits.split([sum(self._categories), len(self.continuous), len(self.continuous)], dim=1)
        return torch.cat([argmaxes(classes, self._categories), mean], dim=1)

    def probabilities(self, logits: Tensor) -> Tensor:
        return softmaxes(self.value_logits(logits), self._categories)

    def exact_match(self, predicted: Tensor, c: Tensor) -> Tensor:
        """Categorical codes only."""
        return super().exact_match(self._split(predicted)[0], self._split(c)[0])

    def sample(self, labels: Tensor) -> Tensor:
        def draw(n: int) -> Tensor:
            indices = [torch.randint(size, (n, 1), device=labels.device).float() for size in self._categories]
            return torch.cat([*indices, torch.rand(n, len(self.continuous), device=labels.device) * 2 - 1], dim=1)

        return per_sample(draw, len(labels))

    def mismatch(self, c: Tensor) -> Tensor:
        """Replaces one categorical code; without any, draws the continuous ones anew."""
        indices, values = self._split(c)
        if not self.categorical:
            return self.sample(c)
        return torch.cat([replace_one(indices, self._categories), values], dim=1)

    def each_value(self) -> Tensor:
        c = torch.zeros(self._categories[0] if self.categorical else 0, len(self.categorical) + len(self.continuous))
        if self.categorical:
            c[:, 0] = torch.arange(len(c))
        return c

    def traversals(self, num: int = 8) -> Mapping[str, Tensor]:
        """Each continuous code from -1 to 1 in rows of `num`, one for each value of the first categorical code.

        All other codes are 0. Each is (rows * num, codes).
        """
        rows = self.each_value() if self.categorical else torch.zeros(1, len(self.continuous))
        found = {}
        for name in self.continuous:
            c = rows.repeat_interleave(num, dim=0)
            c[:, len(self.categorical) + self.continuous.index(name)] = torch.linspace(-1, 1, num).repeat(len(rows))
            found[name] = c
        return found

    def categories(self, c: Tensor) -> list[str]:
        """Formats the categorical codes of each condition of a batch, e.g. "class=3"."""
        indices, _ = self._split(c)
        return [
            ", ".join(f"{name}={index}" for name, index in zip(self.categorical, row, strict=True))
            for row in indices.tolist()
        ]

    def sample_grid(self, z: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """The traversals of all continuous codes from one latent; without any, codes drawn from their prior."""
        if not self.continuous:
            return super().sample_grid(z, labels)
        c = torch.cat(list(self.traversals().values())).to(z.device)
        return z[:1].expand(len(c), -1), c

    def parse(self, text: str) -> Tensor:
        """Reads "digit=3, slant=-0.5"; every code must be given."""
        found: dict[str, float] = {}
        for item in split_items(text):
            name, _, value = (part.strip() for part in item.partition("="))
            name = known(name, [*self.categorical, *self.continuous], "code")
            check_once(name, found, "code")
            found[name] = self._value(name, value)
        example = self.describe(torch.zeros(len(self.categorical) + len(self.continuous)))
        check_complete(found, [*self.categorical, *self.continuous], "code", example)
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
