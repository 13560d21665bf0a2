"""Classes of images that torchvision reads and downloads, by the names of torchvision."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePath
from typing import Any

import torch
import torchvision as library

from condgan.data.cache import cache_folder
from condgan.data.dataset import Images, check_resolution
from condgan.data.folder import labelled_images
from condgan.data.in_memory import decoded, rows_of
from condgan.data.names import tidy
from condgan.data.reading import DEFAULT, Reading
from condgan.data.split import Part, describe, parts_of
from condgan.data.table import Table
from condgan.errors import InputError, did_you_mean, in_one_line

# The parts of each data set, and the arguments that torchvision wants for them.
BY_TRAIN: Mapping[str, Mapping[str, Any]] = {"train": {"train": True}, "test": {"train": False}}
PARTS: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    **dict.fromkeys(("CIFAR10", "CIFAR100", "MNIST", "FashionMNIST", "KMNIST", "USPS"), BY_TRAIN),
    **{
        name: {part: {"split": part} for part in parts}
        for name, parts in {
            "SVHN": ("train", "test"),
            "STL10": ("train", "test"),
            "GTSRB": ("train", "test"),
            "Food101": ("train", "test"),
            "Flowers102": ("train", "val", "test"),
            "DTD": ("train", "val", "test"),
            "FGVCAircraft": ("trainval", "test"),
            "OxfordIIITPet": ("trainval", "test"),
            "Country211": ("train", "valid", "test"),
            "Imagenette": ("train", "val"),
        }.items()
    },
    "EuroSAT": {"": {}},
}


def torchvision(spec: str, resolution: int = 64, *, reading: Reading = DEFAULT) -> Images:
    """Reads a data set of torchvision into memory: `CIFAR10` from the cache, downloaded if need be; `FOLDER/CIFAR10`
    from the folder that torchvision calls its root.

    The training part is trained on, others are held out. Raises InputError if the data set is unknown, or torchvision
    cannot read or download it.
    """
    check_resolution(resolution)
    name, root = PurePath(spec).name, PurePath(spec).parent
    if name not in PARTS:
        advice = f"expected one of {', '.join(PARTS)}, or FOLDER and one of them, such as FOLDER/CIFAR10"
        raise InputError(f"torchvision:{spec}: unknown data set {name!r}{did_you_mean(name, PARTS)}; {advice}")
    is_own = root != PurePath()
    folder = root if is_own else cache_folder() / "torchvision"
    parts, images, labels = parts_of(PARTS[name]), [], []
    row_parts: list[Part] = []
    for part, arguments in PARTS[name].items():
        try:
            found = getattr(library.datasets, name)(str(folder), **arguments, download=not is_own)
        except Exception as error:  # torchvision raises errors of many types
            reason = in_one_line(error)
            advice = f"name the folder that contains its files as torchvision has them, torchvision:FOLDER/{name}"
            raise InputError(f"torchvision:{spec}: cannot be read from {folder} ({reason}); {advice}") from None
        pixels, numbers = decoded(found, len(found), resolution, f"torchvision:{spec}, " + f"{part} image".lstrip())
        images.append(pixels)
        labels += _names(map(int, numbers), getattr(found, "classes", ()))
        row_parts += [parts[part]] * len(numbers) if parts else []
    table = Table(
        where=f"torchvision:{spec}",
        names=list(map(str, range(len(labels)))),
        places=[f"torchvision:{spec}, image {i}" for i in range(len(labels))],
        columns={"class": labels},
        parts=row_parts,
        notices=[f"parts read as a split: {describe(parts)}"] if parts else [],
    )
    return labelled_images(table, rows_of(torch.cat(images)), reading)


def _names(numbers: Iterable[int], classes: Sequence[Any]) -> list[str]:
    """Returns the name of each class: the first of several words for it, its number if it has none."""
    words = [each if isinstance(each, str) else each[0] for each in classes]
    return [tidy(words[number]) if words else str(number) for number in numbers]
