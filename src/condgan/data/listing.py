"""Opens folders and archives, and lists their images and everything that is left out."""

import os
import posixpath
import stat
import zipfile
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from condgan.data.archives import DAMAGED, Archive, Folder, Member, check_size, normalized
from condgan.data.contents import HEAD_BYTES, describe, is_image
from condgan.data.tars import OPENERS, TarArchive
from condgan.data.zips import ZipArchive
from condgan.errors import InputError
from condgan.files import read_text

# Names of images; files of other names are images if they begin like one.
IMAGE_SUFFIXES = (
    *(".jpeg", ".jpg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".avif", ".jfif", ".jpe", ".apng", ".dib"),
    *(".jp2", ".j2k", ".jpx", ".jpf", ".pgm", ".ppm", ".pbm", ".pnm", ".pfm", ".tga", ".qoi", ".dds", ".ico", ".pcx"),
    *(".sgi", ".mpo"),
)
ARCHIVES = "a zip file, a tar file, or one compressed with gzip, bzip2 or xz"
SYSTEM_FILES = ("__MACOSX", "@eaDir", "$RECYCLE.BIN", "Thumbs.db", "desktop.ini")
HIDDEN = "hidden and system files"
SHOWN = 5  # names in a notice


@dataclass
class Listing:
    """Names of the images, sorted, and of the files and folders that are left out, by the reason."""

    images: list[str] = field(default_factory=list)
    left_out: dict[str, list[str]] = field(default_factory=dict)
    followed: list[str] = field(default_factory=list)

    def leave_out(self, reason: str, name: str) -> None:
        """Adds a name to those that are left out."""
        self.left_out.setdefault(reason, []).append(name)


def open_folder(path: Path) -> Folder:
    """Opens a folder, zip file or tar file. If an archive contains a single folder, opens that folder.

    Raises InputError if it is none of them, damaged, or would take too much memory.
    """
    try:
        status = path.stat()
    except OSError as error:
        if isinstance(error, FileNotFoundError | NotADirectoryError):
            raise InputError(f"{path}: no such folder or zip file; expected one with images") from None
        raise InputError(f"{path}: cannot be opened ({error.strerror}); expected a folder or zip file") from None
    if stat.S_ISDIR(status.st_mode):
        return path
    if not stat.S_ISREG(status.st_mode):
        raise InputError(f"{path}: a pipe or device; expected a folder or {ARCHIVES}")
    version = (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    return _top(Member(_open_archive(path, version)))


def _top(top: Member) -> Member:
    """Returns the only folder of an archive, also below another that contains nothing else; otherwise the top."""
    while len(entries := [entry for entry in top.iterdir() if not _is_hidden(entry.name)]) == 1 and entries[0].is_dir():
        if top.at and not any(entry.is_dir() for entry in entries[0].iterdir()):
            break  # a folder of files is a class
        top = entries[0]
    return top


@lru_cache(maxsize=2)
def _open_archive(path: Path, version: tuple[int, ...]) -> Archive:
    """Opens an archive; the last two are kept open while their files do not change."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    kind = ZipArchive if zipfile.is_zipfile(path) and not _is_tar(head) else TarArchive
    if kind is TarArchive and not _is_tar(head) and not head.startswith(tuple(OPENERS)):
        found = describe(head)
        if head.startswith(b"PK"):
            raise InputError(f"{path}: a zip file without its list of members, so its end is missing; {DAMAGED}")
        raise InputError(f"{path}: neither a folder nor a zip or tar file, but {found}; expected one with images")
    try:
        return kind(path)
    except InputError:
        raise
    except Exception as error:  # zipfile, tarfile and decompressors raise errors of many types
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"{path}: a damaged archive ({reason}); {DAMAGED}") from None


def _is_tar(head: bytes) -> bool:
    return head[257:262] == b"ustar" or (len(head) == HEAD_BYTES and _has_tar_checksum(head))


def _has_tar_checksum(head: bytes) -> bool:
    """Returns whether this is the header of a tar file from before 1988, which has no other mark."""
    try:
        return int(head[148:156].strip(b" \0"), 8) == sum(head[:148]) + 8 * 32 + sum(head[156:])
    except ValueError:
        return False


def inside(folder: Folder, name: str) -> Folder:
    r"""Returns the file of this name in the folder. Raises InputError if the name leads outside of the folder.

    >>> inside(Path("data"), "cat\\./1.png").as_posix()
    'data/cat/1.png'
    """
    short = normalized(name)
    if short is None:
        raise InputError(f"{name!r} leads outside of {folder}; expected the name of a file inside, such as cat/1.png")
    return folder / short


def text_in(folder: Folder, name: str) -> str:
    """Reads a text file of the folder. Raises InputError if it does not exist or is not UTF-8."""
    file = inside(folder, name)
    if not file.exists():
        raise InputError(f"{file}: no such file; expected it beside the images")
    file_size(file)
    return read_text(file)


def file_size(file: Folder) -> int:
    """Returns the size in bytes.

    Raises InputError if the file is a folder, pipe or device, or too large to be read, FileNotFoundError if there is
    none.
    """
    if isinstance(file, Path):
        status = file.stat()
        if not stat.S_ISREG(status.st_mode):
            kind = "a folder" if stat.S_ISDIR(status.st_mode) else "a pipe or device"
            raise InputError(f"{file}: {kind}, not a regular file; replace or delete it")
        size = status.st_size
    elif file.is_file():
        size = file.archive.files[file.at].size
    else:
        raise FileNotFoundError(2, "no such file in the archive", str(file))
    check_size(size, str(file))
    return size


def image_names(folder: Folder) -> list[str]:
    """Returns relative paths of the images in the folder and its sub-folders, sorted, without hidden files."""
    return listing(folder).images


def left_out(folder: Folder, read: Collection[str] = ()) -> list[str]:
    """Returns a sentence for each kind of files in the folder that are not read as images, and for followed links.

    `read` are the names of files that are read otherwise, such as labels.
    """
    found = listing(folder)
    sentences = []
    for reason, names in found.left_out.items():
        if names := sorted(set(names) - set(read)):
            sentences.append(f"left out {reason}: {len(names)} ({_shown(names)})")
    if found.followed:
        sentences.append(f"followed links out of the folder: {len(found.followed)} ({_shown(found.followed)})")
    return sentences


def _shown(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    shown = (name.encode("utf-8", "backslashreplace").decode() for name in names[:SHOWN])
    return ", ".join(shown) + more


def listing(folder: Folder) -> Listing:
    """Lists a folder with its sub-folders and links, or an archive."""
    found = Listing()
    folders = _list_folder(folder, found) if isinstance(folder, Path) else _list_archive(folder, found)
    found.images.sort()
    with_images = {""}
    for name in found.images:
        while (name := posixpath.dirname(name)) not in with_images:
            with_images.add(name)
    for name in sorted(set(folders) - with_images):
        if posixpath.dirname(name) in with_images:
            found.leave_out("folders without images", name)
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
    return [name for name in below if name and not _is_hidden(name)]


def _add(folder: Folder, name: str, found: Listing) -> None:
    """Adds a regular file to the images, or to what is left out."""
    if _is_hidden(name):
        found.leave_out(HIDDEN, name)
        return
    suffix = posixpath.splitext(name)[1].lower()
    if suffix in IMAGE_SUFFIXES:
        found.images.append(name)
        return
    head = _head(folder / name)
    if is_image(head):
        found.images.append(name)
    elif suffix in (".zip", ".tar", ".tgz", ".gz", ".xz", ".bz2", ".7z", ".rar"):
        found.leave_out("archives inside, which have to be unpacked first", name)
    else:
        found.leave_out("files that are not images", name)


def _is_hidden(name: str) -> bool:
    """Returns whether a file belongs to an editor or the system, such as those that macOS adds to archives."""
    return any(part.startswith(".") or part in SYSTEM_FILES for part in name.split("/"))


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
        folders.append(name)
        for entry in entries:
            child = f"{name}/{entry.name}" if name else entry.name
            if _is_hidden(entry.name):
                found.leave_out(HIDDEN, child)
                continue
            if entry.is_symlink() and not Path(entry.path).resolve().is_relative_to(root):
                found.followed.append(child)
            if entry.is_dir():
                (links if entry.is_symlink() else waiting).append(child)
            elif entry.is_file():
                _add(folder, child, found)
            elif entry.is_symlink() and not Path(entry.path).exists():
                found.leave_out("links that lead nowhere", child)
            else:
                found.leave_out("pipes and devices", child)
    not_followed = {name for names in found.left_out.values() for name in names}
    found.followed = [name for name in found.followed if name not in not_followed]
    return [name for name in folders if name]
