"""Anime faces with hair and eye colours: `tags.csv` with rows such as `15,aqua hair aqua eyes`, and `images/15.jpg`."""

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from condgan.data.dataset import Images, check_resolution
from condgan.data.folder import images_of
from condgan.data.packed import image_names, open_folder, text_in
from condgan.data.table import Table, read_csv, read_rows
from condgan.errors import InputError

ATTRIBUTES = ("hair", "eyes")


def anime(path: str | Path, resolution: int = 64, *, min_objects: int = 1) -> Images:
    """Reads the faces in a folder or zip file, stretched to (resolution, resolution); every 20th by name is held out.

    `tags.csv` has two columns and no header, or is a CSV file as `data.folder` reads it. Images are in `images` or
    beside `tags.csv`. Raises InputError naming file and line.
    """
    check_resolution(resolution)
    path = Path(path)
    inside = open_folder(path)
    text, where = text_in(inside, "tags.csv"), str(inside / "tags.csv")
    table = _read_tags(text, where) if len(read_rows(text, where)[0][1]) == 2 else read_csv(text, where)
    images = set(image_names(inside))
    table = replace(table, names=[_file(name, images) for name in table.names])
    return images_of(path, inside, table, resolution, min_objects=min_objects, symmetric=True)


def _read_tags(text: str, where: str) -> Table:
    names, places, tags = [], [], []
    for place, row in read_rows(text, where):
        if len(row) != 2:
            raise InputError(f"{place}: found {len(row)} cells, expected 2, such as 15,aqua hair aqua eyes")
        names.append(row[0])
        places.append(place)
        tags.append(_parse(row[1], place))
    return Table(where, names, places, {name: [tag[name] for tag in tags] for name in ATTRIBUTES})


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


def _file(name: str, images: Collection[str]) -> str:
    """Returns the image that a row names as `15`, `15.jpg` or `images/15.jpg`; the name itself if there is none."""
    places = (f"{folder}{name}{suffix}" for folder in ("images/", "") for suffix in (".jpg", ".png", ""))
    return next((place for place in places if place in images), name)
