"""Which images are held out: parts of a split that the files name, or a random choice that is stratified by label."""

import re
from collections.abc import Collection, Hashable, Iterable
from enum import Enum

import numpy as np
import torch
from torch import Tensor

from condgan.data.names import by_name

SHARE = 1 / 20
SEED = 0  # of the random choice; fixed, so that equal files give equal splits


class Part(Enum):
    """A part of a split."""

    TRAINING = "trained on"
    HELD_OUT = "held out"
    UNLABELLED = "left out"


WORDS = {
    **dict.fromkeys(["train", "training", "trn", "trainset", "trainval"], Part.TRAINING),
    **dict.fromkeys(["test", "testing", "tst", "testset", "eval", "evaluation", "holdout", "heldout"], Part.HELD_OUT),
    **dict.fromkeys(["val", "valid", "validate", "validation", "validating", "valset", "dev"], Part.HELD_OUT),
    **dict.fromkeys(["unlabeled", "unlabelled", "unsup", "unsupervised", "pred", "prediction"], Part.UNLABELLED),
}


def parts_of(names: Collection[str]) -> dict[str, Part]:
    """Returns the parts of a split among the names of folders or files, in any usual spelling.

    Other words in the names have to be the same in all, apart from numbers: `train_station` is none beside `bus`.

    >>> [part.name for part in parts_of(["seg_train", "seg_test", "seg_pred"]).values()]
    ['UNLABELLED', 'HELD_OUT', 'TRAINING']
    >>> list(parts_of(["Testing", "Training", "notes"])), parts_of(["train_station", "bus"])
    (['Testing', 'Training'], {})
    """
    found: dict[tuple[str, ...], dict[str, Part]] = {}
    for name in sorted(names, key=by_name):
        words = re.findall(r"[^\W\d_]+", name.casefold())
        if len(parts := [word for word in words if word in WORDS]) == 1:
            found.setdefault(tuple(word for word in words if word != parts[0]), {})[name] = WORDS[parts[0]]
    found = {
        other: parts
        for other, parts in found.items()
        if not other or (len(set(parts.values())) > 1 and Part.TRAINING in parts.values())
    }
    return max(found.values(), key=len, default={})


def stratified(values: Tensor, groups: Tensor, share: float = SHARE, seed: int = SEED) -> Tensor:
    """Chooses whole groups at random, about `share` of the images, with every value in both parts where possible.

    `values` (N, V) tells which values each image shows, `groups` (N,) int64 which images stay together. Returns a mask
    (N,) bool. Rare values come first: of each, `share` of the images is held out, at least one image if there are two,
    and one at least is left, as in the iterative stratification of Sechidis et al. 2011. Images without values do not
    change the choice among the others, so that a judge, which reads these as well, holds out what a GAN holds out.
    """
    if 0 < int(values.any(1).sum()) < len(values):
        return _labelled_first(values, groups, share, seed)
    group_of = np.unique(groups.numpy(), return_inverse=True)[1].reshape(-1)
    num_groups = int(group_of.max()) + 1 if len(group_of) else 0
    sizes = np.bincount(group_of, minlength=num_groups)
    images, shown = (axis.numpy() for axis in torch.nonzero(values, as_tuple=True))
    pairs, counts = np.unique(group_of[images] * max(values.shape[1], 1) + shown, return_counts=True)
    owners, kinds = np.divmod(pairs, max(values.shape[1], 1))
    left = np.bincount(kinds, weights=counts, minlength=values.shape[1]).astype(int)  # images of each value
    targets = np.where(left > 1, np.maximum(1, np.round(left * share)), 0)
    of_group = np.split(np.stack([kinds, counts], axis=1), np.searchsorted(owners, np.arange(1, num_groups)))
    rank = np.random.default_rng(seed).permutation(num_groups)
    by_kind = np.lexsort([rank[owners], kinds])
    of_value = np.split(owners[by_kind], np.searchsorted(kinds[by_kind], np.arange(1, values.shape[1])))
    held_out, is_held_out = np.zeros(values.shape[1], dtype=int), np.zeros(num_groups, dtype=bool)

    def hold_out(group: int) -> None:
        values_of_group, numbers = of_group[group].T
        if not is_held_out[group] and (left[values_of_group] > numbers).all():
            is_held_out[group] = True
            left[values_of_group] -= numbers
            held_out[values_of_group] += numbers

    for value in np.argsort(left, kind="stable") if values.shape[1] else ():
        for group in of_value[value]:
            if held_out[value] >= targets[value]:
                break
            hold_out(group)
    wanted, num_images = round(len(group_of) * share), int(sizes[is_held_out].sum())
    for group in np.argsort(rank):  # images without values, and what is missing to the share
        if num_images >= wanted or num_images + sizes[group] == len(group_of):
            break
        if not is_held_out[group]:
            hold_out(group)
            num_images += int(sizes[group]) if is_held_out[group] else 0
    return torch.from_numpy(is_held_out[group_of] if num_groups else np.zeros(0, dtype=bool))


def _labelled_first(values: Tensor, groups: Tensor, share: float, seed: int) -> Tensor:
    """Chooses among the images with values first, and then among the groups that have none."""
    labelled = values.any(1)
    held_out = torch.zeros_like(labelled)
    held_out[labelled] = stratified(values[labelled], numbered(groups[labelled].tolist()), share, seed)
    held_out |= torch.isin(groups, groups[held_out])
    others = ~torch.isin(groups, groups[labelled])
    held_out[others] = stratified(values[others], groups[others], share, seed)
    return held_out


def numbered(names: Iterable[Hashable]) -> Tensor:
    """Numbers equal names equally, in the order of their first occurrence, (N,) int64."""
    numbers: dict[Hashable, int] = {}
    return torch.tensor([numbers.setdefault(name, len(numbers)) for name in names], dtype=torch.int64)


def every_twentieth(num_images: int) -> Tensor:
    """Holds out every 20th image by name, (N,) bool, as earlier versions did."""
    return torch.arange(num_images) % 20 == 0


def describe(parts: dict[str, Part]) -> str:
    """Formats what happens to each part of a split."""
    by_part: dict[Part, list[str]] = {}
    for name, part in parts.items():
        by_part.setdefault(part, []).append(repr(name))
    return "; ".join(f"{', '.join(names)}: {part.value}" for part, names in by_part.items())
