"""A folder with the images of one call of `condgan generate`, and the record of what each shows."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any

from torch import Tensor

from condgan import files
from condgan.errors import InputError
from condgan.grid import grid, picture_of, png

RECORD, GRID = "generated.json", "grid.png"
MAX_STEM = 100  # characters of a condition in the name of a file


@dataclass(frozen=True)
class Shown:
    """What an image shows: a condition, with latent `index` of a seed."""

    condition: str
    seed: int
    index: int


def free_folder(folder: Path) -> Path:
    """Returns the first of `folder`, `folder-2`, `folder-3`, ... that holds no images."""
    names = (folder if i == 1 else folder.with_name(f"{folder.name}-{i}") for i in count(1))
    return next(name for name in names if not list(_images(name)))


def earlier_files(folder: Path, overwrite: bool) -> set[str]:
    """Returns the names of the images of an earlier call, which are to be removed, as its record has them.

    Raises InputError if a folder holds other images, or without `overwrite` any: those of two calls are not mixed.
    """
    written = _recorded(folder) if overwrite else set()
    others = [file for file in _images(folder) if file.name not in written]
    if others:
        instead = "use another --out" if overwrite else "use another --out, or --overwrite to replace them"
        found = f"found {len(others)} images such as {others[0].name}"
        raise InputError(f"{folder}: {found}, expected none, so that images of two calls are not mixed; {instead}")
    return written


def contents(
    images: Tensor, shown: Sequence[Shown], columns: int, facts: Mapping[str, Any]
) -> Iterator[tuple[str, bytes]]:
    """Yields the name and the content of each file: the record, images (N, C, R, R) uint8 as PNG, and a grid of all."""
    names = file_names(shown)
    entries = [{"file": name, **asdict(each)} for name, each in zip(names, shown, strict=True)]
    yield RECORD, (json.dumps({**facts, "images": entries}, indent=2) + "\n").encode()
    for name, image in zip(names, images, strict=True):
        yield name, png(picture_of(image))
    yield GRID, png(grid(images, columns))


def write_images(folder: Path, images: Tensor, shown: Sequence[Shown], columns: int, facts: Mapping[str, Any]) -> None:
    """Writes a PNG for each image (N, C, R, R) uint8, named by what it shows, and a grid of all.

    The record is written first: after an interrupt it names all files that may be there.
    """
    for name, content in contents(images, shown, columns, facts):
        files.write(folder / name, content)


def file_names(shown: Sequence[Shown]) -> list[str]:
    """Returns a name for each image that says what it shows. All differ, also where capitals make no difference.

    >>> file_names([Shown("red cube, blue cylinder", 0, 3)])
    ['red-cube_blue-cylinder-seed0-03.png']
    """
    stems = {condition: _stem(condition) for condition in dict.fromkeys(each.condition for each in shown)}
    same = [stem.casefold() for stem in stems.values()]
    for condition, stem in stems.items():
        if same.count(stem.casefold()) > 1 or len(stem) > MAX_STEM:
            stems[condition] = f"{stem[:MAX_STEM]}-{sha256(condition.encode()).hexdigest()[:8]}"
    width = max(2, *(len(str(each.index)) for each in shown))
    return [f"{stems[each.condition]}-seed{each.seed}-{each.index:0{width}d}.png" for each in shown]


def _stem(condition: str) -> str:
    """The condition with every character replaced that some file system or shell takes for something else."""
    text = re.sub(r"[^\w.=+-]+", "-", condition.replace(", ", "_"))
    return text.encode()[: 2 * MAX_STEM].decode(errors="ignore").lstrip(".-") or "condition"


def _images(folder: Path) -> Iterator[Path]:
    """The PNG files in a folder, none if there is no such folder."""
    return iter(sorted(folder.glob("*.png")))


def _recorded(folder: Path) -> set[str]:
    """The names of the files of an earlier call. Only plain names of PNG files: the record may come from anybody."""
    if not (folder / RECORD).is_file():
        return set()
    record = files.read_json(folder / RECORD)
    entries = record.get("images") if isinstance(record, dict) else None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise InputError(f"{folder / RECORD}: not written by condgan generate; use another --out")
    names = {str(entry.get("file")) for entry in entries}
    return {name for name in names if name == Path(name).name and name.endswith(".png")} | {GRID}
