"""Folders and zip files of images with labels in the names of sub-folders, in tables or in JSON."""

import posixpath
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from condgan.conditions import Condition
from condgan.data.cells import is_missing
from condgan.data.class_folders import class_folders
from condgan.data.dataset import Images, check_resolution
from condgan.data.image_files import ImageFiles
from condgan.data.infer import infer
from condgan.data.label_files import label_files, read_label_files
from condgan.data.listing import IMAGE_SUFFIXES, Listing, list_folder
from condgan.data.names import by_name, named
from condgan.data.opening import open_folder
from condgan.data.packed import decode_images
from condgan.data.reading import DEFAULT, OF_LABELS, Reading, option
from condgan.data.sidecars import text_names, texts_beside
from condgan.data.split import Part, describe, every_twentieth, numbered, parts_of, stratified
from condgan.data.table import NamesNoImage, Table
from condgan.data.table_images import matched
from condgan.data.unlabelled import unlabelled
from condgan.errors import InputError

LARGE_SHARE = 0.15  # of held-out images, which is told


def folder(path: str | Path, resolution: int = 64, *, reading: Reading = DEFAULT) -> Images:
    """Reads the images in a folder or zip file, each stretched to (resolution, resolution).

    Labels are read from one of three places; they determine the condition:

    - A table: CSV or TSV with a header, JSON lines or Parquet. The column of the file names is told by its content.
      One more column is a class, or a set of labels separated by `;` or `|`. Several columns are attributes. Columns of
      yes and no are a set of labels, or attributes if they are named "aqua hair", "red hair", "blue eyes", ... and
      every row has a single yes for each.
    - StyleGAN's `dataset.json`.
    - Otherwise, sub-folders, one for each class.

    A folder of images without sub-folders and any other file has no labels, which is in the notices.

    A twentieth of the images is held out, stratified by label, unless the files name a split. What is left out or
    guessed is in the notices. Raises InputError naming the file, the line and what to do.
    """
    check_resolution(resolution)
    path = Path(path)
    listing = list_folder(open_folder(path))
    if not listing.images:
        found = f", only {named(listing.others)}" if listing.others else ""
        raise InputError(
            f"{listing.folder}: found no images{found}, expected files that end in one of {' '.join(IMAGE_SUFFIXES)}"
        )
    table, read = _labels(listing, reading)
    return images_of(path, listing, table.noting(*listing.notices(read)), resolution, reading)


def _labels(listing: Listing, reading: Reading) -> tuple[Table, list[str]]:
    """Returns the labels, and the files they were read from: tables, texts beside the images, or sub-folders."""
    names = label_files(listing, reading)
    if not names:
        table = texts_beside(listing, reading)
        if table is not None:
            return table, text_names(listing)
        return unlabelled(listing, reading) or _sub_folders(listing), []
    try:
        table, read = read_label_files(names, listing, reading)
    except NamesNoImage as error:
        try:
            table = _sub_folders(listing)
        except InputError:
            raise error from None
        if reading.chosen.keys() & set(OF_LABELS) - {*table.obeyed}:
            raise
        return table.noting(
            f"labels are read from the sub-folders, because no column of {named(names)} names images"
        ), []
    folders = {name.rpartition("/")[0].partition("/")[0] for name in listing.images}
    if len(folders) > 1 and not table.parts and not parts_of(folders):
        table = table.noting(f"labels are read from {named(read)}, not from the sub-folders")
    return table, read


def _sub_folders(listing: Listing) -> Table:
    """Returns the names of the sub-folders as classes. Those such as `none` may be missing values."""
    table = class_folders(listing)
    return replace(table, obeyed=("missing",) if any(map(is_missing, table.columns["sub-folder"])) else ())


def images_of(
    path: Path, listing: Listing, table: Table, resolution: int, reading: Reading, *, symmetric: bool = False
) -> Images:
    """Reads the images of a table, sorted by name. Raises InputError if no row has an image or labels."""

    def pixels(names: Sequence[str]) -> tuple[Tensor, ImageFiles]:
        files = ImageFiles(listing.folder, names)
        return decode_images(path, files, resolution), files

    _check_obeyed(table, reading)  # before `matched`, which joins rows
    found = _with_parts_of_folders(matched(table, listing, reading))
    return replace(labelled_images(found, pixels, reading), symmetric=symmetric)


def labelled_images(
    table: Table, pixels: Callable[[Sequence[str]], tuple[Tensor, ImageFiles]], reading: Reading
) -> Images:
    """Returns the images of a table, sorted by name. `pixels` reads those of some names, (N, C, R, R) uint8.

    Raises InputError if no row has labels.
    """
    _check_obeyed(table, reading)
    if reading.split != "auto" and Part.HELD_OUT in table.parts:
        table = table.noting(f"the split of the files is not used, because of --split {reading.split}")
    table = _labelled_parts(table)
    table = table.at(sorted(range(len(table.names)), key=lambda row: by_name(table.names[row])))
    labelled = infer(table, reading)
    table, notices = labelled.table, list(labelled.table.notices)
    scenes = numbered(table.groups) if table.groups else torch.arange(len(table.names))
    held_out = _held_out(table, labelled.condition, labelled.labels, scenes, reading, notices)
    images, files = pixels(table.names)
    return Images(
        images=images,
        labels=labelled.labels,
        condition=labelled.condition,
        scenes=scenes,
        held_out=held_out,
        files=files,
        notices=notices,
        reading={"min_objects": reading.min_objects, "split": reading.split, **reading.chosen},
    )


def _check_obeyed(table: Table, reading: Reading) -> None:
    """Raises InputError for a choice about labels that has no effect on those of the table."""
    if unused := [name for name in OF_LABELS if getattr(reading, name) and name in {*reading.chosen} - {*table.obeyed}]:
        advice = "leave it out, or choose another file with labels"
        raise InputError(f"{table.where}: {option(unused[0])} has no effect on labels of this kind; {advice}")


def _with_parts_of_folders(table: Table) -> Table:
    """Returns the table with the parts of a split that the images' folders name, unless it has parts of its own."""
    if table.parts:
        return table
    around = posixpath.commonpath([posixpath.dirname(name) for name in table.names]) if table.names else ""
    inner = [name[len(around) :].lstrip("/") for name in table.names]
    folder_of = [name.partition("/")[0] if "/" in name else "" for name in inner]
    parts = parts_of(set(folder_of))
    if Part.HELD_OUT not in parts.values() or Part.TRAINING not in parts.values():
        return table
    if others := sorted(set(folder_of) - set(parts), key=by_name):
        found = f"folders {named(list(map(repr, parts)))} are not read as parts of a split"
        return table.noting(f"{found}, because of images in {named(list(map(repr, others)))}")
    notice = f"folders read as parts of a split: {describe(parts)}"
    return replace(table, parts=[parts[name] for name in folder_of]).noting(notice)


def _labelled_parts(table: Table) -> Table:
    """Returns the table without rows of an unlabelled part."""
    kept = [row for row, part in enumerate(table.parts) if part is not Part.UNLABELLED]
    if not table.parts or len(kept) == len(table.parts):
        return table
    return table.at(kept).noting(f"left out, rows of an unlabelled part: {len(table.parts) - len(kept)}")


def _held_out(
    table: Table, condition: Condition, labels: Tensor, scenes: Tensor, reading: Reading, notices: list[str]
) -> Tensor:
    """Returns which images are held out, (N,) bool, and adds notices about values that one part lacks."""
    if reading.split == "every-20th":
        if table.groups:
            found = "--split every-20th does not keep images with the same value of --group-by together"
            raise InputError(f"{table.where}: {found}; leave one of them out")
        return every_twentieth(len(scenes))
    values = condition.wanted(labels)
    is_given = Part.HELD_OUT in table.parts and reading.split == "auto"
    if is_given:
        held_out = torch.tensor([part is Part.HELD_OUT for part in table.parts])
        if held_out.all():
            raise InputError(
                f"{table.where}: every image is in a held-out part of the split, expected some to train on"
            )
        if straddling := set(scenes[held_out].tolist()) & set(scenes[~held_out].tolist()):
            notices.append(f"{len(straddling)} values of {reading.group_by!r} are in both parts of the given split")
    else:
        held_out = stratified(values, scenes)
        if held_out.float().mean() > LARGE_SHARE:
            number = f"{int(held_out.sum())} of {len(held_out)} images"
            notices.append(f"held out: {number}, so that each value is in both parts of the split")
    for side, mask in (("training", ~held_out), ("held-out", held_out)):
        missing = values.any(0) & ~values[mask].any(0)
        if missing.any() and (is_given or side == "training" or held_out.any()):
            names = [name for name, is_missing in zip(condition.values, missing.tolist(), strict=True) if is_missing]
            notices.append(f"values without a {side} image: {_quoted(names)}")
    return held_out


def _quoted(names: Sequence[str]) -> str:
    return named([repr(name) for name in names])
