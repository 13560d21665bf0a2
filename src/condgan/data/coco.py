"""COCO's object annotations, in files such as `annotations/instances_train2017.json`, as sets of labels."""

import posixpath
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from condgan.data.dataset import Images, check_resolution
from condgan.data.delimited import decode
from condgan.data.folder import images_of
from condgan.data.label_files import join_parts
from condgan.data.listing import Listing, list_folder
from condgan.data.names import named, tidy
from condgan.data.opening import open_folder
from condgan.data.reading import DEFAULT, Reading
from condgan.data.split import Part, describe, parts_of
from condgan.data.table import Table
from condgan.data.table_images import check_inside
from condgan.errors import InputError
from condgan.files import parse_json

DEEPEST = 2  # folders around an annotation file


def coco(path: str | Path, resolution: int = 64, *, reading: Reading = DEFAULT) -> Images:
    """Reads the images in a folder or zip file; each is labelled with the set of the categories of its annotations.

    Several annotation files are the parts of a split. Raises InputError naming the file: no annotations, or several
    files that are no split.
    """
    check_resolution(resolution)
    path = Path(path)
    listing = list_folder(open_folder(path))
    files = annotation_files(listing)
    if not files:
        raise InputError(f"{listing.folder}: found no JSON file with COCO's images, annotations and categories")
    if not listing.images:
        raise InputError(f"{listing.folder}: found annotations in {next(iter(files))}, but no images")
    chosen = _chosen(files, listing, reading)
    tables = {name: _in_its_folder(_table(files[name], listing.where(name)), name, listing) for name in chosen}
    for name, table in tables.items():
        check_inside(table, listing, name)
    joined = join_parts(tables, chosen, str(listing.folder)) if len(tables) > 1 else tables[next(iter(tables))]
    split = [f"files read as parts of a split: {describe(chosen)}"] if len(tables) > 1 else []
    return images_of(path, listing, joined.noting(*split, *listing.notices(list(chosen))), resolution, reading)


def annotation_files(listing: Listing) -> dict[str, Mapping[str, Any]]:
    """Returns the content of the JSON files with COCO's object annotations, by name."""
    found: dict[str, Mapping[str, Any]] = {}
    for name in listing.others:
        if name.lower().endswith(".json") and name.count("/") <= DEEPEST and posixpath.basename(name) != "dataset.json":
            try:
                content = parse_json(decode((listing.folder / name).read_bytes(), name), name)
            except InputError:
                if posixpath.basename(name).startswith("instances_"):  # COCO's own name, so that it has to be read
                    raise
                continue
            if isinstance(content, dict) and {"images", "annotations", "categories"} <= content.keys():
                found[name] = content
    return found


def _chosen(files: Mapping[str, Any], listing: Listing, reading: Reading) -> dict[str, Part]:
    """Returns the annotation files to read with their parts of a split."""
    if reading.table:
        named_so = [name for name in files if reading.table in (name, posixpath.basename(name))]
        if len(named_so) != 1:
            raise InputError(f"--table {reading.table}: expected one of {named(list(files), 9)} in {listing.folder}")
        return {named_so[0]: Part.TRAINING}
    names = [name for name in files if posixpath.basename(name).startswith("instances_")] or list(files)
    if len(names) == 1:
        return {names[0]: Part.TRAINING}
    keys = {
        posixpath.splitext(name)[0].rpartition("/")[2] if _is_one_folder(names) else posixpath.dirname(name): name
        for name in names
    }
    parts = parts_of(keys)
    if len(parts) < len(names):
        raise InputError(f"{listing.folder}: found annotations in {named(names)}; choose one with --table")
    return {keys[key]: part for key, part in parts.items() if part is not Part.UNLABELLED}


def _in_its_folder(table: Table, file: str, listing: Listing) -> Table:
    """Returns the table with names in the folder that belongs to its file, so that parts may use the same names.

    It is that of the file, or the one of its name: `train2017` for `annotations/instances_train2017.json`.
    """
    around = posixpath.dirname(posixpath.dirname(file))
    part = posixpath.splitext(posixpath.basename(file))[0].removeprefix("instances_")
    for folder in (posixpath.dirname(file), *(posixpath.join(around, below, part) for below in ("", "images"))):
        names = [posixpath.join(folder, name) for name in table.names]
        if any(map(listing.file_names.is_exact, names)):
            return replace(table, names=names)
    return table


def _is_one_folder(names: list[str]) -> bool:
    return len({posixpath.dirname(name) for name in names}) == 1


def _table(content: Mapping[str, Any], where: str) -> Table:
    try:
        categories = {number: tidy(name) for number, name in _names(content, "categories", "name", where).items()}
        if twice := [name for name, number in Counter(categories.values()).items() if number > 1]:
            raise InputError(
                f"{where}, categories: found {twice[0]!r} twice, expected one id for each name; rename one"
            )
        files = _names(content, "images", "file_name", where)
        if not files:
            raise InputError(f"{where}: 'images' is empty, expected an entry for each image; drop or fill the file")
        shown: dict[Any, dict[str, None]] = {image: {} for image in files}
        for i, annotation in enumerate(content["annotations"]):
            if annotation["image_id"] not in files or annotation["category_id"] not in categories:
                raise InputError(f"{where}, annotation {i}: found an image or category that is not listed; drop it")
            shown[annotation["image_id"]][categories[annotation["category_id"]]] = None
    except (TypeError, KeyError) as error:
        expected = "expected COCO's images (id, file_name), annotations (image_id, category_id) and categories"
        raise InputError(f"{where}: {expected}; found {type(error).__name__} {error}") from None
    counts = Counter(name for names in shown.values() for name in names)
    never = [name for name in dict.fromkeys(categories.values()) if not counts[name]]
    notices = [f"categories left out, shown by no image: {named(never)}"] if never else []
    places = [f"{where}, image {image}" for image in files]
    sets = list(map(list, shown.values()))
    return Table(where, list(files.values()), places, {}, sets=sets, notices=notices, obeyed=("table",))


def _names(content: Mapping[str, Any], what: str, key: str, where: str) -> dict[Any, str]:
    """Returns the names in a list of entries by their ids. Raises InputError for an id that occurs twice."""
    names: dict[Any, str] = {}
    for i, entry in enumerate(content[what]):
        place, number, name = f"{where}, {what}, entry {i}", entry["id"], entry[key]
        if not isinstance(name, str | int):
            raise InputError(f"{place}: found {name!r:.60} as {key}, expected a text; name it, or drop the entry")
        if number in names:
            raise InputError(f"{place}: the id {number!r} of {name!r} is that of {names[number]!r}, too; keep one")
        names[number] = str(name)
    return names
