"""Holds out all images that show certain values together, for tests of composition."""

from collections.abc import Sequence
from dataclasses import replace

import torch

from condgan.conditions.vocabulary import index_of
from condgan.data.dataset import Images
from condgan.errors import InputError
from condgan.files import parse_json


def hold_out_combinations(images: Images, combinations: Sequence[Sequence[str]]) -> Images:
    """Returns the data set with every image held out that shows all values of one of the combinations.

    Images that were held out stay so. Images that were grouped by a column stay together. Raises InputError for an
    unknown value, for images without labels, and if no training image is left.
    """
    check_labelled(images)
    values = list(images.condition.values)
    distinct, which = images.condition.wanted(images.labels).unique(dim=0, return_inverse=True)
    chosen = torch.zeros(len(distinct), dtype=torch.bool)
    for part in combinations:
        chosen |= distinct[:, [index_of(name, values, "value of --split") for name in part]].all(1)
    held_out = images.held_out | chosen[which]
    if "group_by" in images.reading:
        held_out |= torch.isin(images.scenes, images.scenes[held_out])
    if held_out.all():
        raise InputError("--split: every image shows one of the combinations; expected some to train on")
    kept = [list(part) for part in combinations]
    return replace(images, held_out=held_out, reading={**images.reading, "hold_out": kept})


def check_labelled(images: Images) -> None:
    """Raises InputError for images without labels."""
    if not images.labels.numel():
        raise InputError("the images have no labels; what they show together cannot be held out")


def parse_combinations(text: str, where: str) -> list[list[str]]:
    """Parses the file that `condgan data split` writes: a JSON list of lists of values.

    `where` names the file in messages. Raises InputError.
    """
    found = parse_json(text, where)
    is_right = isinstance(found, list) and all(isinstance(part, list) and part for part in found)
    if not is_right or not found or not all(isinstance(name, str) for part in found for name in part):
        expected = 'expected lists of values that are held out together, such as [["red cube", "blue cylinder"]]'
        raise InputError(f"{where}: {expected}; `condgan data split` writes such a file")
    return [list(part) for part in found]
