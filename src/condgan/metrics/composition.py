"""Composition: conditions that no training image shows, although training images show their parts."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import torch
from torch import Tensor

from condgan.conditions import Condition
from condgan.errors import InputError, did_you_mean
from condgan.metrics.factors import word_factors
from condgan.metrics.recognised import is_set

Values = frozenset[int]  # indices of discrete values that are shown together
Choice = Callable[[Sequence[Values], Condition, float, torch.Generator], list[Values]]


@dataclass(frozen=True)
class Split:
    """A split of images by what they show together.

    `held_out` (N,) bool marks the images that show a held-out combination, whose names are `combinations`. `unseen` are
    the distinct conditions of those images, `seen` as many of the other images, if there are as many.
    """

    held_out: Tensor
    seen: Tensor
    unseen: Tensor
    combinations: tuple[tuple[str, ...], ...]


def hold_out(what: str, c: Tensor, condition: Condition, *, share: float = 0.1, seed: int = 0) -> Split:
    """Splits images with conditions `c` by what they show together; `what` is a name in the table `HOLD_OUTS`.

    Holds out about `share` of the combinations that occur, chosen at random, with every image that shows one of them.
    Their parts are still shown by other images: the pairs of a triple, the labels of a pair, the colour and the shape
    of an object. `count` holds out the images with the most labels instead, whatever the share. Raises InputError if
    the name is unknown or nothing can be held out.

    >>> from condgan.conditions import Class
    >>> condition = Class(("red cube", "red ball", "blue cube", "blue ball"))
    >>> split = hold_out("colour-shape", torch.tensor([0, 1, 2, 3, 0]), condition, share=0.25)
    >>> len(split.combinations), len(split.unseen), len(split.seen)
    (1, 1, 1)
    """
    if what not in HOLD_OUTS:
        raise InputError(f"hold out {what!r}{did_you_mean(what, HOLD_OUTS)} (known: {', '.join(HOLD_OUTS)})")
    distinct, which = condition.wanted(c).unique(dim=0, return_inverse=True)
    sets = [_values(row) for row in distinct]
    random = torch.Generator().manual_seed(seed)
    chosen = HOLD_OUTS[what](sets, condition, share, random)
    if not chosen:
        raise InputError(f"hold out {what}: found no combination whose parts other images show as well")
    held_out = torch.tensor([any(part <= values for part in chosen) for values in sets])[which]
    unseen, seen = c[held_out].unique(dim=0), c[~held_out].unique(dim=0)
    seen = seen[torch.randperm(len(seen), generator=random)[: len(unseen)]]
    names = sorted(tuple(condition.values[i] for i in sorted(part)) for part in chosen)
    return Split(held_out, seen, unseen, tuple(names))


def never_together(c: Tensor, condition: Condition, size: int = 3) -> Tensor:
    """Returns the conditions of `size` labels that occur in the images with conditions `c`, but never all in one image.

    Raises InputError if the condition is not a set of labels.

    >>> from condgan.conditions import MultiLabel
    >>> condition = MultiLabel("abcd")
    >>> never_together(condition.parse_all(["a, b", "b, c"]), condition, size=2)
    tensor([[1, 0, 1, 0]], dtype=torch.uint8)
    """
    if not is_set(condition):
        raise InputError(f"labels that never occur together: expected sets of labels, found {condition.summary}")
    sets = [_values(row) for row in condition.wanted(c).unique(dim=0)]
    together = set(_together(sets, size))
    occurring = sorted(frozenset().union(*sets))
    unseen = [part for part in combinations(occurring, size) if frozenset(part) not in together]
    texts = [", ".join(condition.values[i] for i in part) for part in unseen]
    return condition.parse_all(texts) if texts else c[:0]


def _triples(sets: Sequence[Values], condition: Condition, share: float, random: torch.Generator) -> list[Values]:
    return _choose(_together(sets, 3), lambda values: combinations(sorted(values), 2), sets, share, random)


def _pairs(sets: Sequence[Values], condition: Condition, share: float, random: torch.Generator) -> list[Values]:
    return _choose(_together(sets, 2), lambda values: values, sets, share, random)


def _color_and_shape(
    sets: Sequence[Values], condition: Condition, share: float, random: torch.Generator
) -> list[Values]:
    if not word_factors(condition.values):
        found = f"found {condition.values[0]!r}, ..."
        raise InputError(f"hold out colour-shape: {found}; expected names that are all combinations of words")
    words = [list(enumerate(name.split())) for name in condition.values]
    return _choose(_together(sets, 1), lambda values: [w for i in values for w in words[i]], sets, share, random)


def _count(sets: Sequence[Values], condition: Condition, share: float, random: torch.Generator) -> list[Values]:
    most = max(map(len, sets))
    return [values for values in sets if len(values) == most] if min(map(len, sets)) < most else []


HOLD_OUTS: Mapping[str, Choice] = {
    "triples": _triples,
    "pairs": _pairs,
    "colour-shape": _color_and_shape,
    "count": _count,
}


def _choose(
    candidates: Sequence[Values],
    parts: Callable[[Values], Iterable[Hashable]],
    sets: Sequence[Values],
    share: float,
    random: torch.Generator,
) -> list[Values]:
    """Chooses combinations at random, so that every part that any set has is also in a set without a chosen one."""
    left = Counter(part for values in sets for part in set(parts(values)))
    remaining, chosen = set(sets), list[Values]()
    for index in torch.randperm(len(candidates), generator=random).tolist():
        if len(chosen) >= max(1, round(share * len(candidates))):
            break
        removed = {values for values in remaining if candidates[index] <= values}
        lost = Counter(part for values in removed for part in set(parts(values)))
        if all(left[part] > number for part, number in lost.items()):
            left -= lost
            remaining -= removed
            chosen.append(candidates[index])
    return chosen


def _together(sets: Iterable[Values], size: int) -> list[Values]:
    """All combinations of so many values that are in a set, each once."""
    return list(dict.fromkeys(frozenset(part) for values in sets for part in combinations(sorted(values), size)))


def _values(row: Tensor) -> Values:
    return frozenset(row.nonzero().flatten().tolist())
