"""The one face of every kind of condition: a vocabulary, a vector, a likelihood and a prior."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor


class Condition(ABC):
    """One kind of condition over one vocabulary. Each kind states the shape and type of its batches `c`."""

    @property
    @abstractmethod
    def dim(self) -> int:
        """Width of the encoded vector."""

    @property
    def sizes(self) -> Sequence[int]:
        """Widths of the parts of the vector, such as one for each attribute; they sum to `dim`."""
        return [self.dim]

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

    @property
    @abstractmethod
    def outline(self) -> str:
        """Its kind and the size of its vocabulary, in a few words for people."""

    @abstractmethod
    def probabilities(self, logits: Tensor) -> Tensor:
        """Of each of the discrete values, given logits (N, num_logits): (N, len(values))."""

    @abstractmethod
    def hits(self, logits: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        """Which values were named by the logits and wanted, and which were wanted: two (N, len(values)) bool."""

    def agree(self, read: Tensor, c: Tensor) -> Tensor:
        """Whether what was read is what was wanted, all of it and nothing else, (N,) bool."""
        return (read == c).reshape(len(c), -1).all(1)

    def draw(self, labels: Tensor) -> Tensor:
        """The conditions of a batch whose images came with `labels`: the labels, or for codes a draw of the prior."""
        return labels

    def exhibit(self, z: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """What to draw over and over while training goes on, eight in a row: latents, and a batch `c` for them.

        From latents (N, latent_dim) and the labels of N images.
        """
        return z, self.draw(labels)

    @abstractmethod
    def parse(self, text: str) -> Tensor:
        """One value from words, without a batch axis. Raises InputError on an unknown, repeated or missing name."""

    @abstractmethod
    def describe(self, c: Tensor) -> str:
        """One value in words that `parse` reads back."""

    def parse_all(self, texts: Iterable[str]) -> Tensor:
        """A batch from one text for each value."""
        return torch.stack([self.parse(text) for text in texts])

    def describe_all(self, c: Tensor) -> list[str]:
        """Each value of a batch in words."""
        return [self.describe(value) for value in c]


def hits_among(named: Tensor, wanted: Tensor) -> tuple[Tensor, Tensor]:
    """What `Condition.hits` returns, from what is named and what is wanted, of any type that is 0 or not."""
    return named.bool() & wanted.bool(), wanted.bool()
