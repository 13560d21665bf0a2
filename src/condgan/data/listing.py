"""Lists the images of a folder or archive, and everything that is left out."""

import os
import posixpath
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from condgan.data.archives import Folder, Member, normalized
from condgan.data.contents import HEAD_BYTES, is_image
from condgan.data.file_names import FileNames
from condgan.data.names import by_name, is_hidden, named
from condgan.data.progress import REPORTED, report
from condgan.errors import InputError

# Names of images; files of other names are images if they begin like one.
IMAGE_SUFFIXES = (
    *(".jpeg", ".jpg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".avif", ".jfif", ".jpe", ".apng", ".dib"),
    *(".jp2", ".j2k", ".jpx", ".jpf", ".pgm", ".ppm", ".pbm", ".pnm", ".pfm", ".tga", ".qoi", ".dds", ".ico", ".pcx"),
    *(".sgi", ".mpo"),
)
HIDDEN = "hidden and system files"
SHOWN = 5  # names in a notice
# Files by which a folder is known that condgan wrote, with an entry each that is in their first bytes.
RECORDS = {"run.json": b'"recipe"', "generated.json": b'"model"', "ablation.json": b'"title"'}


@dataclass
class Listing:
    """The content of `folder` as relative paths.

    `images` and `others` are in the order of their names, `folders` are those without an image, `left_out` are names of
    everything that is not read, by the reason, and `followed` are links that lead out of the folder.
    """

    folder: Folder
    images: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    left_out: dict[str, list[str]] = field(default_factory=dict)
    followed: list[str] = field(default_factory=list)

    def leave_out(self, reason: str, name: str) -> None:
        """Adds a name to those that are left out."""
        self.left_out.setdefault(reason, []).append(name)

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
        return Listing(self.folder / folder, names)

    def notices(self, read: Collection[str] = ()) -> Iterator[str]:
        """Yields a sentence for each reason why something is left out, and for links that were followed.

        `read` are the names of files that are read though they are not images, such as labels.
        """
        others, archives = set(self.others) - set(read), {name for name in self.others if _is_archive(name)}
        filled = {folder for name in (*self.images, *read) for folder in _folders(name)} | {""}
        without = [name for name in self.folders if name not in filled and posixpath.dirname(name) in filled]
        reasons = {
            **self.left_out,
            "archives inside, which have to be unpacked first": others & archives,
            "files that are not images": others - archives,
            "folders without images": without,
        }
        for reason, names in reasons.items():
            if names:
                yield f"left out {reason}: {len(names)} ({named(sorted(names, key=by_name), SHOWN)})"
        if self.followed:
            yield f"followed links out of the folder: {len(self.followed)} ({named(self.followed, SHOWN)})"


def list_folder(folder: Folder) -> Listing:
    """Lists a folder with its sub-folders and links, or an archive.

    Raises InputError for an image whose name would mean another file on other systems.
    """
    found = Listing(folder)
    folders = _list_folder(folder, found) if isinstance(folder, Path) else _list_archive(folder, found)
    with_images = {outer for name in found.images for outer in _folders(name)}
    found.folders = sorted(set(folders) - with_images, key=by_name)
    found.images.sort(key=by_name)
    found.others.sort(key=by_name)
    return found


def _list_archive(folder: Member, found: Listing) -> list[str]:
    archive, prefix = folder.archive, f"{folder.at}/" if folder.at else ""
    for name in archive.files:
        if name.startswith(prefix):
            _add(folder, name.removeprefix(prefix), found)
        else:
            found.leave_out(HIDDEN, name)  # those beside the only folder
    for reason, names in archive.left_out.items():
        found.left_out.setdefault(reason, []).extend(names)
    below = (name.removeprefix(prefix) for name in archive.folders if name.startswith(prefix))
    return [name for name in below if name and not is_hidden(name)]


def _add(folder: Folder, name: str, found: Listing) -> None:
    """Adds a regular file to the images, or to the other files."""
    if is_hidden(name):
        found.leave_out(HIDDEN, name)
        return
    is_named_so = posixpath.splitext(name)[1].lower() in IMAGE_SUFFIXES
    if not is_named_so and not is_image(_head(folder / name)):
        found.others.append(name)
    elif normalized(name) != name:
        problem = "contains a backslash" if "\\" in name else "begins with a letter and a colon, as a drive does"
        raise InputError(f"{found.where(name)}: the name {problem}, which other systems read otherwise; rename it")
    else:
        found.images.append(name)
    if not (number := len(found.images) + len(found.others)) % REPORTED:
        report("listed", number)


def _is_archive(name: str) -> bool:
    return posixpath.splitext(name)[1].lower() in (".zip", ".tar", ".tgz", ".gz", ".xz", ".bz2", ".7z", ".rar")


def _folders(name: str) -> Iterator[str]:
    """Yields the folders around a file: `a/b` and `a` for `a/b/c.png`."""
    while name := posixpath.dirname(name):
        yield name


def _head(file: Folder) -> bytes:
    """Returns the first bytes of a file; none if it cannot be read."""
    try:
        with file.open("rb") as content:
            return content.read(HEAD_BYTES)
    except (OSError, InputError):
        return b""


def _list_folder(folder: Path, found: Listing) -> list[str]:
    """Lists files and folders. Links are followed, but no folder is listed twice, so that loops end."""
    folders: list[str] = []
    links: list[str] = []
    seen: set[tuple[int, int]] = set()
    waiting = [""]
    root = folder.resolve()
    while waiting or links:
        name = waiting.pop() if waiting else links.pop(0)
        path = folder / name
        try:
            status = path.stat()
            if (status.st_dev, status.st_ino) in seen:
                found.leave_out("links to folders that are read already", name)
                continue
            seen.add((status.st_dev, status.st_ino))
            entries = sorted(os.scandir(path), key=lambda entry: entry.name)
        except OSError:
            found.leave_out("folders that cannot be opened", name)
            continue
        if name and (_is_written(path) or _contains_runs_only(entries)):
            found.leave_out("folders that condgan wrote", name)
            continue
        folders.append(name)
        for entry in entries:
            child = f"{name}/{entry.name}" if name else entry.name
            if is_hidden(entry.name):
                found.leave_out(HIDDEN, child)
                continue
            if entry.is_symlink() and not Path(os.path.realpath(entry.path)).is_relative_to(root):
                found.followed.append(child)
            try:
                is_folder, is_file = entry.is_dir(), entry.is_file()
            except OSError:  # of a link to itself, or into a folder that may not be opened
                is_folder = is_file = False
            if is_folder:
                (links if entry.is_symlink() else waiting).append(child)
            elif is_file:
                _add(folder, child, found)
            elif entry.is_symlink() and not os.path.exists(entry.path):  # False also where Path.exists raises
                found.leave_out("links that lead nowhere", child)
            else:
                found.leave_out("pipes and devices", child)
    not_followed = {name for names in found.left_out.values() for name in names}
    found.followed = [name for name in found.followed if name not in not_followed]
    return [name for name in folders if name]


def _is_written(folder: Path) -> bool:
    """Returns whether a folder is a run, an ablation or images that `condgan generate` wrote."""
    return any((folder / name).is_file() and mark in _head(folder / name) for name, mark in RECORDS.items())


def _contains_runs_only(entries: Sequence[os.DirEntry[str]]) -> bool:
    """Returns whether a folder contains folders that condgan wrote, and no other folder and no image."""
    if any(entry.name.lower().endswith(IMAGE_SUFFIXES) for entry in entries):
        return False
    folders = [entry.path for entry in entries if entry.is_dir(follow_symlinks=False) and not is_hidden(entry.name)]
    return bool(folders) and all(_is_written(Path(folder)) for folder in folders)
