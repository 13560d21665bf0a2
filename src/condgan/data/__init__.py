"""Data sets, each read into the same form, `Images`."""

from collections.abc import Callable
from pathlib import Path

from condgan.data import iclevr
from condgan.data.dataset import Images
from condgan.data.sample import sample
from condgan.data.shapes import shapes
from condgan.errors import InputError, nearest

DATASETS: dict[str, Callable[..., Images]] = {"sample": sample, "shapes": shapes, "iclevr": iclevr.read}


def load(spec: str, resolution: int | None = None, *, min_objects: int = 1) -> Images:
    """The data set that `spec` names: `sample`, `shapes`, `shapes:class`, `iclevr:FOLDER`, or just the folder.

    Without a resolution it has the one that its function has by default. A generator has nothing to obey where no
    object is wanted; a judge must see such images: `min_objects=0`. Raises InputError if there is no such data set or
    folder.
    """
    name, _, argument = spec.partition(":")
    options = {"min_objects": min_objects} | ({} if resolution is None else {"resolution": resolution})
    if name in DATASETS:
        return DATASETS[name](*[argument] if argument else [], **options)
    if not Path(spec).exists():
        raise InputError(f"data {spec!r}: no such folder{nearest(spec, DATASETS)} (or one of: {', '.join(DATASETS)})")
    return iclevr.read(spec, **options)


__all__ = ["DATASETS", "Images", "load", "sample", "shapes"]
