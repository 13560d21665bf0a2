"""Folders and zip files of images with labels in sub-folder names, a CSV file or StyleGAN's `dataset.json`."""

import posixpath
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from condgan.data.dataset import Images, check_resolution
from condgan.data.packed import IMAGE_SUFFIXES, Folder, decode_images, image_names, open_folder, text_in
from condgan.data.table import Table, by_name, infer, read_csv
from condgan.errors import InputError, did_you_mean
from condgan.files import parse_json

LAYOUTS = "expected a sub-folder for each class, a CSV file with a row for each image, or StyleGAN's dataset.json"
PARTS_OF_A_SPLIT = {"train", "training", "val", "valid", "validation", "test", "testing"}


def folder(path: str | Path, resolution: int = 64, *, min_objects: int = 1) -> Images:
    """Reads the images in a folder or zip file, each stretched to (resolution, resolution).

    Labels are read from one of three places; they determine the condition:

    - A CSV file with a header, whose first column contains the file names. One more column is a class, or a set of
      labels separated by `;` or `|`. Several columns are attributes. Columns of 0 and 1 are a set of labels, or
      attributes if they are named "aqua hair", "red hair", "blue eyes", ... and every row has a single 1 for each.
    - `dataset.json`: `{"labels": [["00000/img.png", 6], ...]}`, or lists of 0 and 1 instead of the 6.
    - Otherwise, sub-folders, one for each class.

    Every 20th image by name is held out. Raises InputError naming the file, the line and what to do.
    """
    check_resolution(resolution)
    path = Path(path)
    inside = open_folder(path)
    return images_of(path, inside, _labels(inside), resolution, min_objects=min_objects)


def images_of(
    path: Path, inside: Folder, table: Table, resolution: int, *, min_objects: int, symmetric: bool = False
) -> Images:
    """Reads the images of a table, sorted by name; every 20th is held out.

    Raises InputError unless every image has exactly one row and every row an image.
    """
    _check_files(inside, table)
    condition, labels = infer(table, min_objects)
    order = sorted(range(len(table.names)), key=lambda i: by_name(table.names[i]))
    names = [table.names[i] for i in order]
    scenes = torch.arange(len(names))
    return Images(
        images=decode_images(path, inside, names, resolution),
        labels=labels[order],
        condition=condition,
        scenes=scenes,
        held_out=scenes % 20 == 0,
        symmetric=symmetric,
        files=[inside / name for name in names],
    )


def _labels(inside: Folder) -> Table:
    images = image_names(inside)
    if not images:
        raise InputError(f"{inside}: found no images, expected files that end in one of {' '.join(IMAGE_SUFFIXES)}")
    beside = sorted(file.name for file in inside.iterdir() if file.is_file() and not file.name.startswith("."))
    labels = [name for name in beside if name.lower().endswith(".csv") or name == "dataset.json"]
    if len(labels) > 1:
        raise InputError(f"{inside}: found labels in {', '.join(labels)}; keep one of them")
    if not labels:
        return _sub_folders(inside, images, [name for name in beside if name not in images])
    text, where = text_in(inside, labels[0]), str(inside / labels[0])
    if labels[0] == "dataset.json":
        return _dataset_json(text, where)
    table = read_csv(text, where)
    return replace(table, names=[posixpath.normpath(name.replace("\\", "/")) for name in table.names])


def _sub_folders(inside: Folder, names: Sequence[str], others: Sequence[str]) -> Table:
    loose = [name for name in names if "/" not in name]
    if len(loose) == len(names):
        found = f", only {', '.join(others[:3])}" if others else ""
        raise InputError(f"{inside}: found no labels for its {len(names)} images{found}; {LAYOUTS}")
    if loose:
        found = f"{inside / loose[0]}{_and_more(loose)}"
        raise InputError(f"{found}: found beside the sub-folders; move it into one of them")
    classes = [" ".join(name.split("/")[0].split()) for name in names]
    if set(classes) <= PARTS_OF_A_SPLIT:
        advice = f"name one of them, such as {inside / names[0].split('/')[0]}"
        raise InputError(f"{inside}: {', '.join(sorted(set(classes)))} are parts of a split, not classes; {advice}")
    if len(set(classes)) < 2:
        raise InputError(f"{inside}: found one sub-folder {classes[0]!r}; a condition needs two classes; {LAYOUTS}")
    return Table(str(inside), names, [str(inside / name) for name in names], {"sub-folder": classes})


def _dataset_json(text: str, where: str) -> Table:
    content = parse_json(text, where)
    entries = content.get("labels") if isinstance(content, dict) else None
    if not isinstance(entries, list) or not entries:
        raise InputError(f'{where}: found no labels, expected {{"labels": [["00000/img.png", 6], ...]}}')
    for i, entry in enumerate(entries):
        if not _is_labelled(entry) or _width(entry) != _width(entries[0]):
            expected = '["00000/img.png", 6] or, with zeros and ones, ["00000/img.png", [0, 1, 0]]'
            raise InputError(f"{where}, entry {i}: found {entry!r}, expected {expected}, all of one kind and length")
    names, labels = zip(*entries, strict=True)
    places = [f"{where}, entry {i}" for i in range(len(entries))]
    if _width(entries[0]) and all(sum(label) == 1 for label in labels):
        labels = tuple(label.index(1) for label in labels)
    if isinstance(labels[0], int):
        return Table(where, names, places, {"label": [str(label) for label in labels]})
    columns = zip(*labels, strict=True)
    return Table(where, names, places, {str(i): [str(int(bit)) for bit in column] for i, column in enumerate(columns)})


def _is_labelled(entry: Any) -> bool:
    if not isinstance(entry, list) or len(entry) != 2 or not isinstance(entry[0], str):
        return False
    label = entry[1]
    return type(label) is int or (isinstance(label, list) and bool(label) and all(bit in (0, 1) for bit in label))


def _width(entry: Any) -> int:
    """Returns the length of a list of zeros and ones; 0 for a class."""
    return len(entry[1]) if isinstance(entry[1], list) else 0


def _check_files(inside: Folder, table: Table) -> None:
    images = set(image_names(inside))
    seen: dict[str, str] = {}
    for name, place in zip(table.names, table.places, strict=True):
        if name in seen:
            first = seen[name].removeprefix(f"{table.where}, ")
            raise InputError(f"{place}: {name!r} occurs again, first in {first}; keep one row")
        seen[name] = place
    missing = [name for name in table.names if name not in images]
    if len(missing) == len(table.names):
        expected = f"expected the path of an image in {inside}; a CSV file names them in its first column"
        raise InputError(f"{seen[missing[0]]}: found {missing[0]!r}, {expected}")
    if missing:
        advice = "restore it or drop its row"
        raise InputError(
            f"{seen[missing[0]]}: no image {missing[0]!r} in {inside}{did_you_mean(missing[0], images)}; {advice}"
        )
    if extra := sorted(images - seen.keys(), key=by_name):
        raise InputError(
            f"{table.where}: no row for the image {extra[0]}{_and_more(extra)}; add rows or move them away"
        )


def _and_more(names: Sequence[str]) -> str:
    return f" (and {len(names) - 1} more)" if len(names) > 1 else ""
