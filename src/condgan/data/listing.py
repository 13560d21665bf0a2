"""Lists the files of a folder or zip file: images, files of other kinds, and folders without images."""

import os
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from condgan.data.file_names import FileNames
from condgan.data.packed import IMAGE_SUFFIXES, Folder

SHOWN = 3


@dataclass(frozen=True)
class Listing:
    """The content of `folder` as relative paths: images in the order of their names, `others` and empty folders.

    `hidden` are images whose names begin with a dot; files that macOS adds (`._0.png`, `__MACOSX`) are not listed.
    `cycles` are links to a folder that contains them, which are not followed.
    """

    folder: Folder
    images: Sequence[str]
    others: Sequence[str]
    empty_folders: Sequence[str]
    hidden: Sequence[str]
    cycles: Sequence[str]

    def where(self, name: str) -> str:
        """Returns the name of a file in messages."""
        return str(self.folder / name)

    @cached_property
    def file_names(self) -> FileNames:
        """Finds images by their names in tables."""
        return FileNames(self.images)

    def below(self, folder: str) -> "Listing":
        """Returns the images below one of the folders, with names relative to it."""
        names = [name.removeprefix(f"{folder}/") for name in self.images if name.startswith(f"{folder}/")]
        return Listing(self.folder / folder, names, (), (), (), ())

    def notices(self, read: Collection[str] = ()) -> Iterator[str]:
        """Yields a sentence for each kind of thing that is left out, apart from files that were `read`."""
        if others := [name for name in self.others if name not in read]:
            kinds = Counter(PurePosixPath(name).suffix.lower() or "without suffix" for name in others)
            counts = ", ".join(f"{number} {kind}" for kind, number in kinds.most_common(5))
            yield f"left out, not images: {counts} ({named(others)})"
        if self.hidden:
            yield f"left out, hidden images: {named(self.hidden)}"
        if self.cycles:
            yield f"links to a folder that contains them are not followed: {named(self.cycles)}"
        filled = {folder for name in self.images for folder in _folders(name)}
        without = {folder for name in others for folder in _folders(name)} | set(self.empty_folders)
        if without := {folder for folder in without - filled if filled.issuperset(_folders(folder))}:
            yield f"folders without an image: {named([repr(folder) for folder in sorted(without, key=by_name)])}"


def list_folder(folder: Folder) -> Listing:
    """Lists a folder or zip file. Links are followed. Images are told by their suffix."""
    cycles: list[str] = []
    entries = _walk(folder, "", (), cycles) if isinstance(folder, Path) else _members(folder)
    images: list[str] = []
    others: list[str] = []
    empty: list[str] = []
    hidden: list[str] = []
    for name in entries:
        parts = name.rstrip("/").split("/")
        if any(part.startswith(("._", "__MACOSX")) or part == ".DS_Store" for part in parts):
            continue
        is_hidden = any(part.startswith(".") for part in parts)
        if name.endswith("/"):
            empty += [] if is_hidden else [name[:-1]]
        elif name.lower().endswith(IMAGE_SUFFIXES):
            (hidden if is_hidden else images).append(name)
        elif not is_hidden:
            others.append(name)
    lists = (sorted(names, key=by_name) for names in (images, others, empty, hidden, cycles))
    return Listing(folder, *lists)


def _walk(folder: Path, below: str, outer: tuple[tuple[int, int], ...], cycles: list[str]) -> Iterator[str]:
    """Yields files, and empty folders with a final slash. `outer` identifies the folders around this one."""
    status = folder.stat()
    here = (status.st_dev, status.st_ino)
    if here in outer:
        cycles.append(below[:-1])
        return
    with os.scandir(folder) as scanned:
        entries = list(scanned)
    if not entries and below:
        yield below
    for entry in entries:
        if entry.is_dir():
            yield from _walk(folder / entry.name, f"{below}{entry.name}/", (*outer, here), cycles)
        else:
            yield below + entry.name


def _members(folder: Folder) -> Iterator[str]:
    """Yields the members of a zip file below `folder`, and empty folders with a final slash."""
    assert not isinstance(folder, Path)
    names = [name.removeprefix(folder.at) for name in folder.root.namelist() if name.startswith(folder.at)]
    filled = {f"{parent}/" for name in names for parent in _folders(name.rstrip("/"))}
    yield from (name for name in names if name and not (name.endswith("/") and name in filled))


def _folders(name: str) -> list[str]:
    """Returns the folders around a file: `a` and `a/b` for `a/b/c.png`."""
    return ["/".join(name.split("/")[:depth]) for depth in range(1, name.count("/") + 1)]


def by_name(name: str) -> tuple[list[str | tuple[int, str]], str]:
    """Returns a sort key: alphabetical, with numbers by value, so that `9.png` is before `10.png`."""
    parts = re.split(r"0*([0-9]+)", name)
    return [(len(part), part) if i % 2 else part for i, part in enumerate(parts)], name


def named(names: Sequence[str], shown: int = SHOWN) -> str:
    """Formats the first names and the number of the others.

    >>> named(["a", "b", "c", "d"]), named(["a"])
    ('a, b, c and 1 more', 'a')
    """
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    return ", ".join(map(printable, names[:shown])) + more


def printable(name: str) -> str:
    """Returns a name that any terminal prints: parts of file names that are not Unicode are escaped."""
    return name.encode("utf-8", "backslashreplace").decode()


def tidy(text: str) -> str:
    """Returns a name in Unicode's composed form (NFC), without spaces around it and with single spaces in it."""
    return " ".join(unicodedata.normalize("NFC", printable(text)).split())
