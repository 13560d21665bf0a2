"""Anime faces with hair and eye colours: `tags.csv` with rows such as `15,aqua hair aqua eyes`, and `images/15.jpg`."""

import re
from pathlib import Path

from condgan.data.archives import Folder
from condgan.data.dataset import Images, check_resolution
from condgan.data.delimited import Row, decode, read_rows
from condgan.data.folder import images_of
from condgan.data.listing import list_folder
from condgan.data.opening import open_folder
from condgan.data.reading import DEFAULT, Reading
from condgan.data.table import Table, table_of_rows
from condgan.data.table_images import check_inside
from condgan.errors import InputError

ATTRIBUTES = ("hair", "eyes")


def anime(path: str | Path, resolution: int = 64, *, reading: Reading = DEFAULT) -> Images:
    """Reads the faces in a folder or zip file, stretched to (resolution, resolution).

    `tags.csv` has two columns and no header, or is a CSV file as `data.folder` reads it. Images are in `images` or
    beside `tags.csv`. Raises InputError naming file and line.
    """
    check_resolution(resolution)
    path = Path(path)
    listing = list_folder(open_folder(path))
    rows, where = _rows(listing.folder, reading), listing.where("tags.csv")
    if not listing.images:
        raise InputError(f"{listing.folder}: found no images, expected images/15.jpg and so on")
    table = _read_tags(rows, where) if len(rows[0][1]) == 2 else table_of_rows(rows, where, listing, reading)
    check_inside(table, listing, "tags.csv")
    table = table.noting(*listing.notices(["tags.csv"]))
    return images_of(path, listing, table, resolution, reading, symmetric=True)


def is_anime(folder: Folder) -> bool:
    """Returns whether the first row of `tags.csv` has colours of hair and eyes."""
    if not (folder / "tags.csv").is_file():
        return False
    try:
        row = _rows(folder, DEFAULT)[0][1]
    except InputError:
        return False
    return len(row) == 2 and bool(re.search(r"\w (hair|eyes)\b", row[1]))


def _rows(folder: Folder, reading: Reading) -> list[Row]:
    file = folder / "tags.csv"
    if not file.is_file():
        raise InputError(f"{file}: no such file; expected it beside the images")
    return read_rows(decode(file.read_bytes(), str(file), reading.encoding), str(file), reading.delimiter)


def _read_tags(rows: list[Row], where: str) -> Table:
    for place, row in rows:
        if len(row) != 2:
            raise InputError(f"{place}: found {len(row)} cells, expected 2, such as 15,aqua hair aqua eyes")
    tags = [_parse(row[1], place) for place, row in rows]
    columns = {name: [tag[name] for tag in tags] for name in ATTRIBUTES}
    return Table(
        where, [row[0] for _, row in rows], [place for place, _ in rows], columns, obeyed=("encoding", "delimiter")
    )


def _parse(tags: str, place: str) -> dict[str, str]:
    """Returns the value of each attribute: `dark red hair aqua eyes` gives `dark red` and `aqua`."""
    found: dict[str, str] = {}
    value: list[str] = []
    for word in tags.split():
        if word in ATTRIBUTES and word not in found and value:
            found[word], value = " ".join(value), []
        else:
            value.append(word)
    if value or len(found) != len(ATTRIBUTES):
        raise InputError(f"{place}: found {tags!r}, expected hair and eye colour, such as aqua hair aqua eyes")
    return found
