"""What discrete values are composed of: attributes, or the words of labels such as "red cube"."""

from collections.abc import Sequence
from math import prod
from typing import NamedTuple

import torch
from torch import Tensor

from condgan.conditions import Condition

ORDINALS = ("first", "second", "third")


class Factor(NamedTuple):
    """One property of what images show, e.g. colour. `members` (number of discrete values, len(values)) is 0 or 1."""

    name: str
    values: Sequence[str]
    members: Tensor

    def counts(self, sets: Tensor) -> Tensor:
        """Returns how many discrete values of each set (N, V) have each value of the factor, (N, len(values))."""
        return (sets.double() @ self.members).long()


def factors(condition: Condition) -> list[Factor]:
    """Returns the attributes of a condition, or the factors of its names; none if the names have no factors.

    >>> from condgan.conditions import Attributes, Class, MultiLabel
    >>> [factor.values for factor in factors(MultiLabel(("red cube", "red ball", "blue cube", "blue ball")))]
    [['red', 'blue'], ['cube', 'ball']]
    >>> [factor.name for factor in factors(Attributes({"hair": ("red", "aqua"), "eyes": ("red", "blue")}))]
    ['hair', 'eyes']
    >>> factors(Class(("cat", "dog", "fox")))
    []
    """
    controls = [control for control in condition.controls if control.values]
    if len(controls) < 2:
        return word_factors(condition.values)
    blocks = torch.eye(len(condition.values), dtype=torch.float64).split([len(c.values) for c in controls], dim=1)
    return [Factor(control.name, control.values, block) for control, block in zip(controls, blocks, strict=True)]


def word_factors(names: Sequence[str]) -> list[Factor]:
    """Returns a factor for each position of words that differ, if the names are all combinations of such words.

    "red cube" is a colour and a shape only if every other colour occurs with every other shape: "polar bear" and "house
    cat" have no factors. Named by the position of the word.
    """
    words = [name.split() for name in names]
    if len({len(parts) for parts in words}) != 1:
        return []
    columns = [column for column in zip(*words, strict=True) if len(set(column)) > 1]
    values = [list(dict.fromkeys(column)) for column in columns]
    if len(columns) < 2 or prod(map(len, values)) != len(names):
        return []
    return [
        Factor(_name(i), known, torch.tensor([[word == value for value in known] for word in column]).double())
        for i, (column, known) in enumerate(zip(columns, values, strict=True))
    ]


def _name(position: int) -> str:
    return f"{ORDINALS[position]} word" if position < len(ORDINALS) else f"word {position + 1}"
