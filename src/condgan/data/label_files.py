"""Finds the files with labels in a folder, and reads them, one for each part of a split if there are several."""

import posixpath
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from condgan.data.celeba import table_of_text, with_partition
from condgan.data.delimited import DELIMITERS, decode, read_rows
from condgan.data.listing import Listing
from condgan.data.names import named
from condgan.data.reading import Reading
from condgan.data.records import table_of_json, table_of_lines, table_of_parquet
from condgan.data.split import Part, describe, parts_of
from condgan.data.table import NamesNoImage, NoLabels, Table, table_of_rows
from condgan.data.table_images import check_inside
from condgan.errors import InputError, did_you_mean

Reader = Callable[[bytes, str, Listing, Reading], Table]


def table_of_csv(content: bytes, where: str, listing: Listing, reading: Reading) -> Table:
    """Reads a CSV or TSV file with a header. Raises InputError naming file and line."""
    rows = read_rows(decode(content, where, reading.encoding), where, reading.delimiter)
    header = rows[0][1]
    if len(header) > 700 and sum(name.lower().startswith("pixel") for name in header) > 700:
        raise InputError(
            f"{where}: found columns of pixels, expected image files or idx files; save the images as PNG files, in a "
            "sub-folder for each class"
        )
    return table_of_rows(rows, where, listing, reading)


READERS: dict[str, Reader] = {
    ".csv": table_of_csv,
    ".tsv": table_of_csv,
    ".json": table_of_json,
    ".jsonl": table_of_lines,
    ".ndjson": table_of_lines,
    ".parquet": table_of_parquet,
    ".txt": table_of_text,
}
NAMES_BELOW = ("metadata", "dataset", "labels", "list_attr_celeba", "list_eval_partition")


def label_files(listing: Listing, reading: Reading) -> list[str]:
    """Returns the files that may contain labels, those with the fewest folders around them.

    Raises InputError if `reading` names a table that does not exist.
    """
    if reading.table is not None:
        name = reading.table.replace("\\", "/")
        found = [other for other in listing.others if other == name or posixpath.basename(other) == name]
        if len(found) != 1:
            hint = did_you_mean(name, listing.others) if not found else f" but in {named(found)}; write its path"
            raise InputError(f"--table {name}: no such file in {listing.folder}{hint}")
        return found
    everything = [*listing.images, *listing.others]
    around = posixpath.commonpath([posixpath.dirname(name) for name in everything]) if everything else ""
    candidates = [name for name in listing.others if _may_have_labels(name, listing, around)]
    depth = min((name.count("/") for name in candidates), default=0)
    return [name for name in candidates if name.count("/") == depth]


def _may_have_labels(name: str, listing: Listing, around: str) -> bool:
    """Returns whether a file may contain labels. `around` is the folder around all files."""
    is_beside = posixpath.dirname(name) == around
    stem, suffix = posixpath.splitext(posixpath.basename(name))
    stem, suffix = stem.lower(), suffix.lower()
    if suffix not in READERS:
        return False
    if suffix == ".txt" and not stem.startswith(("list_attr_celeba", "list_eval_partition")):
        return is_beside and _names_an_image(name, listing)
    if not is_beside and not stem.startswith(NAMES_BELOW):
        return False
    return suffix != ".json" or stem in ("dataset", "metadata", "labels")


def _names_an_image(name: str, listing: Listing) -> bool:
    """Returns whether a text begins with the path of an image and a label, or with a header and such a row."""
    with (listing.folder / name).open("rb") as file:
        start = file.read(1000).decode("utf-8", "replace").removeprefix("\ufeff")
    first, second = (*map(str.strip, start.strip().split("\n")[:2]), "", "")[:2]
    words = re.split(r"[\s,;|]+", first)
    if len(words) > 1 and listing.file_names.is_exact(words[0]):
        return True
    rows = [(first.split(delimiter), second.split(delimiter)) for delimiter in DELIMITERS if delimiter in first]
    return any(len(header) == len(row) and any(map(listing.file_names.is_exact, row)) for header, row in rows)


def read_label_files(names: Sequence[str], listing: Listing, reading: Reading) -> tuple[Table, list[str]]:
    """Returns the table in these files, and the files that were read or are named in its notices.

    Several files are the parts of a split, such as train.csv and test.csv, or CelebA's. Raises InputError otherwise.
    """
    if len(names) == 1:
        return _read(names[0], listing, reading), list(names)
    by_stem = {posixpath.splitext(posixpath.basename(name))[0].lower(): name for name in names}
    if "list_attr_celeba" in by_stem:
        table, read = _read(by_stem["list_attr_celeba"], listing, reading), [by_stem["list_attr_celeba"]]
        if partition := by_stem.get("list_eval_partition"):
            content = (listing.folder / partition).read_bytes()
            return with_partition(table, content, listing.where(partition)), [*read, partition]
        return table, read
    names = [name for name in names if "submission" not in name.lower()] or list(names)
    if len(names) == 1:
        return _read(names[0], listing, reading), list(names)
    keys = {_key(name, names): name for name in names}
    parts = parts_of(keys)
    if len(keys) < len(names) or len(parts) < len(names) or Part.TRAINING not in parts.values():
        raise InputError(
            f"{listing.folder}: found labels in {', '.join(sorted(names))}; keep one of them, or choose it with --table"
        )
    return _joined({keys[key]: part for key, part in parts.items()}, listing, reading)


def _key(name: str, names: Sequence[str]) -> str:
    """Returns what tells a file from the others: its folder, or its own name in one folder."""
    folders = {posixpath.dirname(other) for other in names}
    return posixpath.splitext(posixpath.basename(name))[0] if len(folders) == 1 else posixpath.dirname(name)


def _read(name: str, listing: Listing, reading: Reading) -> Table:
    suffix = posixpath.splitext(name)[1].lower()
    content, folder = (listing.folder / name).read_bytes(), posixpath.dirname(name)
    beside = listing.below(folder) if folder else listing  # names are relative to a table in a folder of images
    read = READERS.get(suffix, table_of_csv)
    table = read(content, listing.where(name), beside if beside.images else listing, reading)
    check_inside(table, listing, name)
    below = [posixpath.join(folder, file) for file in table.names]
    return replace(table, names=below) if folder and any(map(listing.file_names.is_exact, below)) else table


def _joined(parts: dict[str, Part], listing: Listing, reading: Reading) -> tuple[Table, list[str]]:
    """Joins the tables of a split. Those without the labels of the training table are left out."""
    training = [name for name, part in parts.items() if part is Part.TRAINING]
    others = [name for name, part in parts.items() if part is Part.HELD_OUT]
    tables = {name: _read(name, listing, reading) for name in training}
    first = tables[training[0]]
    notices, read = [], list(training)
    for name in others:
        try:
            table = _read(name, listing, reading)
        except (NamesNoImage, NoLabels) as error:  # such as the list of test images of a competition
            reason = str(error).removeprefix(listing.where(name)).lstrip(":, ")
            notices.append(f"{listing.where(name)} is left out: {reason}")
            continue
        tables[name] = table
        read.append(name)
    for name, table in tables.items():
        if different := {*table.columns} ^ {*first.columns}:
            found = f"{listing.where(name)}: the columns with labels differ from those of {training[0]}"
            raise InputError(f"{found} in {named(sorted(different))}; drop them, or choose columns with --label-column")
    notices = [f"files read as parts of a split: {describe({name: parts[name] for name in read})}", *notices]
    return join_parts(tables, parts, str(listing.folder)).noting(*notices), [*training, *others]


def join_parts(tables: Mapping[str, Table], parts: Mapping[str, Part], where: str) -> Table:
    """Joins tables with the same columns, one for each part of a split."""
    found = list(tables.values())
    return Table(
        where,
        [name for table in found for name in table.names],
        [place for table in found for place in table.places],
        {column: [cell for table in found for cell in table.columns[column]] for column in found[0].columns},
        sets=[labels for table in found for labels in table.sets],
        parts=[parts[file] for file, table in tables.items() for _ in table.names],
        groups=[group for table in found for group in table.groups],
        notices=list(dict.fromkeys(notice for table in found for notice in table.notices)),
        obeyed=found[0].obeyed,
    )
