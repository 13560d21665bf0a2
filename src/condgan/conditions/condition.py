"""The interface of every kind of condition: a vocabulary, a vector, tokens, a likelihood and a prior."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from condgan.draws import per_sample
from condgan.errors import InputError


class Control(NamedTuple):
    """An input of a form: one of `values`, any subset of them if `multiple`, or a number in [-1, 1] without values."""

    name: str
    values: Sequence[str] = ()
    multiple: bool = False


class Condition(ABC):
    """A kind of condition over a vocabulary. Each kind documents the shape and type of its batches `c`.

    Networks see only `encode(c)` (or `tokens` of it) and objectives only `nll`, so neither depends on the kind.
    """

    is_labelled: bool = True
    """Whether data sets label images with it. False for codes, which are drawn from a prior, and without labels."""

    @property
    @abstractmethod
    def dim(self) -> int:
        """Width of the encoded vector."""

    @property
    def sizes(self) -> Sequence[int]:
        """Widths of the parts of the encoded vector, e.g. one for each attribute. They sum to `dim`."""
        return [self.dim]

    @property
    def num_logits(self) -> int:
        """Width of a head that predicts the condition."""
        return self.dim

    @property
    @abstractmethod
    def values(self) -> Sequence[str]:
        """Names of all discrete values, e.g. of all labels."""

    @property
    @abstractmethod
    def summary(self) -> str:
        """Kind and size of the vocabulary in a few words."""

    @property
    @abstractmethod
    def controls(self) -> Sequence[Control]:
        """The inputs of a form for one condition."""

    @abstractmethod
    def choices(self, c: Tensor) -> list[Any]:
        """Returns the value of each control for one condition: a name, a list of names if `multiple`, or a number."""

    @abstractmethod
    def choose(self, choices: Sequence[Any]) -> Tensor:
        """Returns the condition that a value for each control stands for; it inverts `choices`.

        Raises InputError for a value that a control does not have.
        """

    @abstractmethod
    def encode(self, c: Tensor) -> Tensor:
        """Encodes a batch as vectors, (N, dim) float: one entry for each of `values`, then any others."""

    def tokens(self, vector: Tensor) -> tuple[Tensor, Tensor]:
        """Splits encoded vectors (N, dim) into tokens (N, K, dim), e.g. one for each label or attribute.

        Also returns a mask (N, K), False for padding. Padding is zero, and the tokens of a condition sum to its vector.
        """
        tokens = vector.new_zeros(vector.shape[0], len(self.sizes), self.dim)
        start = 0
        for k, size in enumerate(self.sizes):
            tokens[:, k, start : start + size] = vector[:, start : start + size]
            start += size
        return tokens, torch.ones(tokens.shape[:2], dtype=torch.bool, device=vector.device)

    @abstractmethod
    def nll(self, logits: Tensor, c: Tensor) -> Tensor:
        """Negative log-likelihood -log p(c | logits) in nats, (N,), for logits (N, num_logits)."""

    @abstractmethod
    def predict(self, logits: Tensor) -> Tensor:
        """Returns the most likely batch `c` for logits (N, num_logits)."""

    def value_logits(self, logits: Tensor) -> Tensor:
        """Selects the logit of each discrete value, (N, len(values)), from logits (N, num_logits)."""
        return logits[:, : len(self.values)]

    @abstractmethod
    def probabilities(self, logits: Tensor) -> Tensor:
        """Probability of each discrete value, (N, len(values)), for logits (N, num_logits)."""

    def wanted(self, c: Tensor) -> Tensor:
        """Which discrete values a condition contains, (N, len(values)) bool."""
        return self.encode(c)[:, : len(self.values)].bool()

    def hits(self, logits: Tensor, c: Tensor) -> Tensor:
        """Which wanted values were also predicted, (N, len(values)) bool, for logits (N, num_logits)."""
        return self.wanted(c) & self.wanted(self.predict(logits))

    def exact_match(self, predicted: Tensor, c: Tensor) -> Tensor:
        """Whether a prediction equals the condition in every discrete value, (N,) bool."""
        return (predicted == c).reshape(len(c), -1).all(1)

    def sample(self, labels: Tensor) -> Tensor:
        """Returns conditions for images with these labels: the labels, or codes drawn from their prior."""
        return labels

    @abstractmethod
    def mismatch(self, c: Tensor) -> Tensor:
        """Returns wrong conditions that are hard to tell from `c`: one value is replaced by a random other one.

        Raises ValueError if the vocabulary has no other value.
        """

    def sample_grid(self, z: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Returns latents and conditions of the fixed previews over training, eight in a row.

        From latents (N, latent_dim) and the labels of N images.
        """
        return z, self.sample(labels)

    @abstractmethod
    def each_value(self) -> Tensor:
        """Returns a batch with each value of the first discrete control in turn, everything else at its first value."""

    def traversals(self, num: int = 8) -> Mapping[str, Tensor]:
        """Returns for each continuous control rows of `num` conditions in which it goes from -1 to 1, by its name."""
        return {}

    @abstractmethod
    def parse(self, text: str) -> Tensor:
        """Parses one condition, without a batch axis. Raises InputError on an unknown, repeated or missing name."""

    @abstractmethod
    def describe(self, c: Tensor) -> str:
        """Formats one condition; `parse` inverts it. Continuous codes have up to nine significant digits."""

    def parse_all(self, texts: Iterable[str]) -> Tensor:
        """Parses a batch, one text for each condition. Raises InputError like `parse`, naming the condition."""
        return torch.stack([self._parse_named(text) for text in texts])

    def _parse_named(self, text: str) -> Tensor:
        try:
            return self.parse(text)
        except InputError as error:
            raise InputError(f"condition {text!r}: {error}") from None

    def describe_all(self, c: Tensor) -> list[str]:
        """Formats each condition of a batch."""
        return [self.describe(value) for value in c]

    def categories(self, c: Tensor) -> list[str]:
        """Formats the discrete values of each condition of a batch."""
        return self.describe_all(c)


def random_other(index: Tensor, size: int) -> Tensor:
    """Draws for each index one of the `size - 1` others. Raises ValueError if there is none."""
    if size < 2:
        raise ValueError("a vocabulary of one value has no wrong condition")
    return (index + per_sample(lambda n: torch.randint(1, size, (n,), device=index.device), len(index))) % size
