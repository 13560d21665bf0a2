"""Data sets, each read into the same form, `Images`."""

from collections.abc import Callable
from pathlib import Path

from condgan.data import iclevr
from condgan.data.anime import anime
from condgan.data.dataset import Images
from condgan.data.folder import folder
from condgan.data.mnist import mnist
from condgan.data.packed import open_folder
from condgan.data.sample import sample
from condgan.data.shapes import shapes
from condgan.errors import InputError, did_you_mean

DATASETS: dict[str, Callable[..., Images]] = {
    "sample": sample,
    "shapes": shapes,
    "mnist": mnist,
    "iclevr": iclevr.read,
    "anime": anime,
    "folder": folder,
}
WITHOUT_A_FOLDER = ("sample", "shapes", "mnist")
LAYOUTS = {  # by a file that no other layout has
    "objects.json": iclevr.read,
    "train.json": iclevr.read,
    "tags.csv": anime,
    "train-images-idx3-ubyte": mnist,
    "train-images-idx3-ubyte.gz": mnist,
}


def load_images(spec: str, resolution: int | None = None, *, min_objects: int = 1) -> Images:
    """The data set that `spec` names: `sample`, `shapes`, `shapes:class`, `mnist`, or a folder or zip file.

    What a folder holds is told by its files, or said: `iclevr:FOLDER`, `anime:FOLDER`, `mnist:FOLDER`, `folder:FOLDER`.
    Without a resolution it has the one that its function has by default. A generator has nothing to obey where no
    object is wanted; a judge must see such images: `min_objects=0`. Raises InputError if there is no such data set or
    folder.
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


__all__ = ["DATASETS", "Images", "anime", "folder", "load_images", "mnist", "sample", "shapes"]
