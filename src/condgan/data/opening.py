"""Opens a folder or archive, and files in it by their names."""

import stat
import zipfile
from functools import lru_cache
from pathlib import Path

from condgan.data.archives import DAMAGED, Archive, Folder, Member, check_size, normalized
from condgan.data.contents import HEAD_BYTES, describe, is_image
from condgan.data.names import is_hidden
from condgan.data.tars import OPENERS, TarArchive
from condgan.data.zips import ZipArchive
from condgan.errors import InputError, in_one_line
from condgan.files import read_text

ARCHIVES = "a zip file, a tar file, or one compressed with gzip, bzip2 or xz"


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
    while len(entries := [entry for entry in top.iterdir() if not is_hidden(entry.name)]) == 1 and entries[0].is_dir():
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
        if is_image(head):
            raise InputError(f"{path}: an image; expected a folder with images, such as {path.parent}")
        found = describe(head)
        if head.startswith(b"PK"):
            raise InputError(f"{path}: a zip file without its list of members, so its end is missing; {DAMAGED}")
        raise InputError(f"{path}: neither a folder nor a zip or tar file, but {found}; expected one with images")
    try:
        return kind(path)
    except InputError:
        raise
    except Exception as error:  # zipfile, tarfile and decompressors raise errors of many types
        raise InputError(f"{path}: a damaged archive ({in_one_line(error)}); {DAMAGED}") from None


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
