"""Data sets: every layout of files is read into the same form, `Images`."""

from collections.abc import Callable
from pathlib import Path

from condgan.data.anime import anime
from condgan.data.dataset import Images, to_float, to_uint8
from condgan.data.folder import folder
from condgan.data.iclevr import iclevr
from condgan.data.mnist import mnist
from condgan.data.packed import open_folder
from condgan.data.sample import sample
from condgan.data.shapes import shapes
from condgan.errors import InputError, did_you_mean

DATASETS: dict[str, Callable[..., Images]] = {
    "sample": sample,
    "shapes": shapes,
    "mnist": mnist,
    "iclevr": iclevr,
    "anime": anime,
    "folder": folder,
}
WITHOUT_A_FOLDER = ("sample", "shapes", "mnist")
LAYOUTS = {  # by a file that only this layout contains
    "objects.json": iclevr,
    "train.json": iclevr,
    "tags.csv": anime,
    "train-images-idx3-ubyte": mnist,
    "train-images-idx3-ubyte.gz": mnist,
}


def load_images(spec: str, resolution: int | None = None, *, min_objects: int = 1) -> Images:
    """Loads the data set named by `spec`: `sample`, `shapes`, `shapes:class`, `mnist`, or a folder or zip file.

    The layout of a folder is recognised by its files. A prefix forces one: `iclevr:FOLDER`, `anime:FOLDER`,
    `mnist:FOLDER`, `folder:FOLDER`. `resolution` defaults to that of the layout's function. Images with fewer than
    `min_objects` labels are an error; a judge needs images without objects and is trained with `min_objects=0`. Raises
    InputError if there is no such data set or folder, and whatever the layout's function raises.

    >>> images = load_images("shapes:class", 16)
    >>> images.images.shape, images.condition.summary
    (torch.Size([4096, 3, 16, 16]), 'one of 24 classes')
    """
    name, _, argument = spec.partition(":")
    options = {"min_objects": min_objects} | ({} if resolution is None else {"resolution": resolution})
    if name in DATASETS:
        if not argument and name not in WITHOUT_A_FOLDER:
            raise InputError(f"data {spec!r}: expected a folder or zip file, {name}:FOLDER")
        return DATASETS[name](*[argument] if argument else [], **options)
    if not Path(spec).exists():
        raise InputError(
            f"data {spec!r}: no such folder{did_you_mean(spec, DATASETS)} (or one of: {', '.join(DATASETS)})"
        )
    inside = open_folder(Path(spec))
    read = next((read for file, read in LAYOUTS.items() if (inside / file).exists()), folder)
    return read(spec, **options)


__all__ = [
    "DATASETS",
    "Images",
    "anime",
    "folder",
    "iclevr",
    "load_images",
    "mnist",
    "sample",
    "shapes",
    "to_float",
    "to_uint8",
]
