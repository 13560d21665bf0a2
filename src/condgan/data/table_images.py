"""The images that the rows of a table are about."""

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import replace

from condgan.data.cells import SEPARATORS, is_missing
from condgan.data.listing import Listing
from condgan.data.names import by_name, named
from condgan.data.opening import inside
from condgan.data.reading import Reading
from condgan.data.table import Table
from condgan.errors import InputError, did_you_mean


def check_inside(table: Table, listing: Listing, file: str) -> None:
    """Raises InputError if a name with `..`, relative to the label file or the folder, leads outside of the folder."""
    for name, place in zip(table.names, table.places, strict=True):
        if ".." in name:
            try:
                inside(listing.folder, posixpath.join(posixpath.dirname(file), name))
            except InputError as error:
                raise InputError(f"{place}: {error}") from None


def matched(table: Table, listing: Listing, reading: Reading) -> Table:
    """Returns the table with the paths of existing images as names, and notices of what is left out.

    Raises InputError if no row has an image, or a name fits several images.
    """
    images = listing.file_names.find_all(table.names, table.places)
    if not table.names:
        raise InputError(f"{table.where}: found no labelled images, expected some")
    if not any(images):
        example = f"such as {listing.images[0]!r}{did_you_mean(table.names[0], listing.images[:1000])}"
        raise InputError(
            f"{table.places[0]}: found {table.names[0]!r}, expected the name of an image in {listing.folder}, {example}"
        )
    notices = []
    if missing := [name for name, image in zip(table.names, images, strict=True) if image is None]:
        near = did_you_mean(missing[0], listing.images) if len(listing.images) < 10_000 else ""
        notices.append(f"left out, rows without an image: {len(missing)} ({named(missing)}){near}")
    rows = [row for row, image in enumerate(images) if image is not None]
    table = replace(table.at(rows), names=[images[row] or "" for row in rows])
    if without := sorted(set(listing.images) - set(table.names), key=by_name):
        notices.append(f"left out, images without a label: {len(without)} ({named(without)})")
    return _one_row_each(table.noting(*notices), reading)


def _one_row_each(table: Table, reading: Reading) -> Table:
    """Joins the rows of the same image: equal rows to one, rows with a label each to a set of labels."""
    if len(set(table.names)) == len(table.names) and not reading.label_per_row:
        return table
    rows_of: dict[str, list[int]] = {}
    for row, name in enumerate(table.names):
        rows_of.setdefault(name, []).append(row)
    _check_sides(table, rows_of)
    cells = table.sets or list(zip(*table.columns.values(), strict=True))
    distinct = {
        name: list({tuple(cells[row]): row for row in reversed(rows)}.values())[::-1] for name, rows in rows_of.items()
    }
    first = [rows[0] for rows in rows_of.values()]
    several = [name for name, rows in distinct.items() if len(rows) > 1]
    notices = []
    if repeated := len(table.names) - sum(map(len, distinct.values())):
        names = [name for name, rows in rows_of.items() if len(rows) > len(distinct[name])]
        notices.append(f"left out, repeated rows: {repeated} ({named(names)})")
    if not several and not reading.label_per_row:
        return table.at(first).noting(*notices)
    if len(table.columns) != 1 or not (reading.label_per_row or len(several) * 20 > len(rows_of)):
        earlier, later = distinct[several[0]][:2] if several else (0, 0)
        advice = "keep one row, or, if each row is one label of a set, use --label-per-row"
        if len(table.columns) != 1:
            advice = "keep one row, or choose the column of the labels with --label-column"
        raise InputError(
            f"{table.places[later]}: {table.names[later]!r} occurs again, first in "
            f"{table.places[earlier].removeprefix(f'{table.where}, ')}, with another label; {advice}"
        )
    ((column, labels),) = table.columns.items()
    if not reading.label_per_row:
        notices.append(f"{len(several)} images have several rows: each row is read as one label of a set")
    for place, label in zip(table.places, labels, strict=True):
        if label and is_missing(label) and reading.missing not in ("drop", "keep"):
            advice = "empty the cell, or use --missing drop or --missing keep"
            raise InputError(f"{place}, {column!r}: found {label!r}, a missing value; {advice}")
        if SEPARATORS.search(label):
            raise InputError(f"{place}, {column!r}: found {label!r}, expected one label, as each row has one")
    missing = {label for label in labels if not label or (is_missing(label) and reading.missing != "keep")}
    sets = [[labels[row] for row in rows if labels[row] not in missing] for rows in distinct.values()]
    joined = table.at(first)
    return replace(joined, sets=sets, columns={column: joined.columns[column]}).noting(*notices)


def _check_sides(table: Table, rows_of: Mapping[str, Sequence[int]]) -> None:
    """Raises InputError for an image whose rows are in several parts of a split, or in several groups."""
    for values, what in ((table.parts, "part of the split"), (table.groups, "value of --group-by")):
        for name, rows in rows_of.items() if values else ():
            if other := next((row for row in rows if values[row] != values[rows[0]]), None):
                first = table.places[rows[0]].removeprefix(f"{table.where}, ")
                found = f"{table.places[other]}: {name!r} occurs again, first in {first}, with another {what}"
                raise InputError(f"{found}; keep one of the rows")
