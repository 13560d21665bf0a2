"""Data sets: every layout of files is read into the same form, `Images`."""

import posixpath
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from condgan.data.anime import anime, is_anime
from condgan.data.coco import annotation_files, coco
from condgan.data.dataset import Images, to_float, to_uint8
from condgan.data.folder import folder
from condgan.data.held_out import hold_out_combinations
from condgan.data.huggingface import huggingface
from condgan.data.iclevr import iclevr, is_iclevr
from condgan.data.judge_part import leave_out_judge_part
from condgan.data.listing import Listing, list_folder
from condgan.data.mnist import is_mnist, mnist
from condgan.data.opening import open_folder
from condgan.data.own import is_named, load_own
from condgan.data.own import use as use
from condgan.data.reading import DEFAULT, Reading, option
from condgan.data.sample import sample
from condgan.data.shapes import shapes
from condgan.data.torchvision_sets import torchvision
from condgan.errors import InputError, unknown_data
from condgan.own_code import chosen_by_a_file

DATASETS: dict[str, Callable[..., Images]] = {
    "sample": sample,
    "shapes": shapes,
    "mnist": mnist,
    "iclevr": iclevr,
    "anime": anime,
    "coco": coco,
    "folder": folder,
    "torchvision": torchvision,
    "huggingface": huggingface,
}
WITHOUT_A_FOLDER = ("sample", "shapes", "mnist")
WITHOUT_AN_ARGUMENT = ("sample",)
OF_LIBRARIES = ("torchvision", "huggingface")
WITH_CHOICES = ("anime", "coco", "folder", *OF_LIBRARIES)  # layouts whose functions take a `Reading`


def load_images(
    spec: str, resolution: int | None = None, *, min_objects: int | None = None, reading: Reading = DEFAULT
) -> Images:
    """Loads the data set named by `spec`: `sample`, `shapes`, `shapes:class`, `mnist`, or a folder or zip file.

    The layout of a folder is recognised by its files. A prefix forces one: `iclevr:FOLDER`, `anime:FOLDER`,
    `coco:FOLDER`, `mnist:FOLDER`, `folder:FOLDER`. `torchvision:CIFAR10` and `huggingface:NAME` read data sets with
    these libraries, and `module:function` is a data set of your own that `condgan.data.use` named before. `resolution`
    defaults to that of the layout's function. `reading` are choices where files have more than one reading.
    `min_objects` replaces that of `reading`, which is 1 by default: images with fewer labels are left out of a folder,
    and an error elsewhere. A judge needs images without objects and is trained with `min_objects=0`. Raises InputError
    if there is no such data set or folder, or if a built-in data set and a folder have this name, and whatever the
    layout's function raises.

    >>> images = load_images("shapes:class", 16)
    >>> images.images.shape, images.condition.summary
    (torch.Size([4096, 3, 16, 16]), 'one of 24 classes')
    """
    reading = reading if min_objects is None else replace(reading, min_objects=min_objects)
    if is_named(spec):
        _check_effect(reading, spec, spec)
        return _chosen(load_own(spec, resolution), reading)
    name, _, argument = spec.partition(":")
    if spec in WITHOUT_A_FOLDER and Path(spec).exists():
        advice = f"write ./{spec} for the folder, {spec}: for the built-in data set"
        raise InputError(f"data {spec!r}: a built-in data set and a folder here have this name; {advice}")
    because = ""
    if name not in DATASETS or (spec in DATASETS and Path(spec).exists()):
        if not spec or not Path(spec).exists():  # Path() is the folder where the program runs
            if argument.isidentifier() and name.replace(".", "").isidentifier():
                raise chosen_by_a_file("data", spec, f"--data {spec}, in Python condgan.data.use({spec!r})")
            raise unknown_data(spec, DATASETS)
        argument = spec
        name, file = _recognised(list_folder(open_folder(Path(spec))))
        because = f"; read as {name} because of {file}, use folder:{spec} to ignore that" if file else ""
    elif argument and name in WITHOUT_AN_ARGUMENT:
        raise InputError(f"data {spec!r}: expected {name} alone, as there is one such data set")
    elif not argument and name not in WITHOUT_A_FOLDER:
        expected = f"a data set, {name}:NAME" if name in OF_LIBRARIES else f"a folder or zip file, {name}:FOLDER"
        raise InputError(f"data {spec!r}: expected {expected}")
    if name not in WITH_CHOICES:
        every_20th = replace(reading, split="auto") if reading.split == "every-20th" else reading
        _check_effect(every_20th, spec, name)  # which a run of an earlier version may ask for everywhere
    options: dict[str, Any] = {"reading": reading} if name in WITH_CHOICES else {"min_objects": reading.min_objects}
    options |= {} if resolution is None else {"resolution": resolution}
    try:
        images = DATASETS[name](*[argument] if argument else [], **options)
        if name not in WITH_CHOICES and reading.min_objects != 1:
            images = replace(images, reading={**images.reading, "min_objects": reading.min_objects})
        return _chosen(images, reading)
    except InputError as error:
        raise InputError(f"{error}{because}") from None


def _check_effect(reading: Reading, spec: str, name: str) -> None:
    """Raises InputError for a choice that only files with several readings have."""
    if ignored := replace(reading, hold_out=(), judge_part=0.0, min_objects=1).chosen:
        raise InputError(f"data {spec!r}: {option(next(iter(ignored)))} has no effect on {name}; leave it out")


def _chosen(images: Images, reading: Reading) -> Images:
    """Returns the images with the choices that any data set has: what is held out, and what is left to a judge."""
    images = hold_out_combinations(images, reading.hold_out) if reading.hold_out else images
    return leave_out_judge_part(images, reading.judge_part) if reading.judge_part else images


def _recognised(listing: Listing) -> tuple[str, str]:
    """Returns the layout of a folder and the file that tells it; no file for the general one."""
    if file := is_mnist(listing):
        return "mnist", file
    if file := is_iclevr(listing):
        return "iclevr", file
    if is_anime(listing.folder):
        return "anime", "tags.csv"
    if files := annotation_files(listing):
        return "coco", posixpath.basename(next(iter(files)))
    return "folder", ""


__all__ = [
    "DATASETS",
    "Images",
    "Reading",
    "anime",
    "coco",
    "folder",
    "huggingface",
    "iclevr",
    "load_images",
    "mnist",
    "sample",
    "shapes",
    "to_float",
    "to_uint8",
    "torchvision",
    "use",
]
