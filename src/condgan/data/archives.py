"""Members of archives, which are read like files of a folder.

Names in archives are not trusted: members that would lie outside of the archive, links out of it, pipes and devices are
left out, and what was left out is listed. Sizes are bounded before memory is taken.
"""

import io
import posixpath
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from condgan.errors import InputError, in_one_line

MAX_FILE_BYTES = 2**30  # of a file, unpacked
MAX_RATIO = 1000  # of the unpacked to the packed size of an archive that unpacks to more than MAX_FILE_BYTES
MAX_LINKS = 40  # followed one after another, as Linux does
UNPACK = "unpack it and name the folder"
DAMAGED = "download or pack it again"


def normalized(name: str) -> str | None:
    r"""Returns a relative name with single slashes and without `.` and `..`; None if it leads outside.

    >>> normalized("a\\b//./c.png"), normalized("a/../../c.png"), normalized("/c.png"), normalized("C:/c.png")
    ('a/b/c.png', None, None, None)
    """
    name = name.replace("\\", "/")
    if name.startswith("/") or re.match("[A-Za-z]:", name) or "\0" in name:
        return None
    short = posixpath.normpath(name)
    if short == ".." or short.startswith("../"):
        return None
    return "" if short == "." else short


def check_size(size: int, where: str) -> None:
    """Raises InputError if a file is too large to be read into memory."""
    if size > MAX_FILE_BYTES:
        raise InputError(
            f"{where}: found {size} bytes, expected at most MAX_FILE_BYTES = {MAX_FILE_BYTES}; leave it out"
        )


@dataclass(frozen=True)
class Stored:
    """A member as the archive lists it: `kind` is file, folder, link or other; `target` where a link leads to.

    `read` returns its content. `target` is relative to the folder of the link, or to the archive if `from_root`.
    """

    name: str
    kind: str
    size: int = 0
    read: Callable[[], bytes] = bytes
    target: str = ""
    from_root: bool = False


class Archive(ABC):
    """The members of an archive. `left_out` are the names of members that are not read, by the reason."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.files: dict[str, Stored] = {}
        self.folders: set[str] = {""}
        self.left_out: dict[str, list[str]] = {}
        self._add(list(self._members()))

    @abstractmethod
    def _members(self) -> Iterator[Stored]:
        """Yields all members with their names as written."""

    def read(self, name: str) -> bytes:
        """Returns the content of a member. Raises InputError naming archive and member if it cannot be read."""
        member = self.files[name]
        where = f"{self.path}/{name}"
        check_size(member.size, where)
        try:
            content = member.read()
        except InputError:
            raise
        except Exception as error:  # zipfile and its decompressors raise errors of many types
            raise InputError(f"{where}: damaged in the archive ({in_one_line(error)}); {DAMAGED}") from None
        if len(content) != member.size:
            found = f"found {len(content)} bytes, expected {member.size}"
            raise InputError(f"{where}: damaged in the archive ({found}); {DAMAGED}")
        return content

    def _add(self, members: list[Stored]) -> None:
        """Sorts members into files, folders and those that are left out."""
        links: dict[str, Stored] = {}
        for member in members:
            name = normalized(member.name)
            if name is None:
                self._leave_out("members whose names lead outside of the archive", member.name)
            elif member.kind == "folder":
                self._add_folders(name)
            elif member.kind == "other":
                self._leave_out("pipes, devices and other special members", name)
            elif not name:
                self._leave_out("members without a name", member.name)
            else:
                if name in self.files or name in links:
                    self._leave_out("earlier members of the same name", name)
                    self.files.pop(name, None)
                    links.pop(name, None)
                (links if member.kind == "link" else self.files)[name] = member
        total = sum(member.size for member in self.files.values())
        if total > MAX_FILE_BYTES and total > MAX_RATIO * self.path.stat().st_size:
            found = f"{self.path.stat().st_size} bytes that unpack to {total}"
            raise InputError(f"{self.path}: found {found}, expected at most {MAX_RATIO} times as many; {UNPACK}")
        linked = {name: target for name in links if (target := self._target(name, links))}
        for name, target in linked.items():
            self.files[name] = self.files[target]
        for name in sorted(links.keys() - linked.keys()):
            self._leave_out("links that do not lead to a file of the archive", name)
        for name in self.files:
            self._add_folders(posixpath.dirname(name))
        for name in sorted(self.files.keys() & self.folders):
            self._leave_out("files of the same name as a folder", name)
            del self.files[name]

    def _add_folders(self, name: str) -> None:
        while name not in self.folders:
            self.folders.add(name)
            name = posixpath.dirname(name)

    def _target(self, name: str, links: Mapping[str, Stored]) -> str | None:
        """Returns the file that a link leads to; None if it leads outside, to a folder or nowhere."""
        for _ in range(MAX_LINKS):
            link = links[name]
            start = "" if link.from_root else posixpath.dirname(name)
            found = normalized(posixpath.join(start, link.target.replace("\\", "/")))
            if found is None or found in self.files:
                return found
            if found not in links:
                return None
            name = found
        return None

    def _leave_out(self, reason: str, name: str) -> None:
        self.left_out.setdefault(reason, []).append(name)


@dataclass(frozen=True)
class Member:
    """A file or folder in an archive, with those methods of a Path that readers of data sets use."""

    archive: Archive
    at: str = ""

    def __truediv__(self, name: str) -> "Member":
        """Returns the member of this folder; one that does not exist if the name leads outside of the archive."""
        found = normalized(posixpath.join(self.at, name))
        return Member(self.archive, name if found is None else found)

    def __str__(self) -> str:
        return f"{self.archive.path}/{self.at}" if self.at else str(self.archive.path)

    @property
    def name(self) -> str:
        """The last part of the name; that of the archive's file at the top."""
        return posixpath.basename(self.at) or self.archive.path.name

    def is_file(self) -> bool:
        """Returns whether the archive contains this file."""
        return self.at in self.archive.files

    def is_dir(self) -> bool:
        """Returns whether the archive contains this folder."""
        return self.at in self.archive.folders

    def exists(self) -> bool:
        """Returns whether the archive contains this file or folder."""
        return self.is_file() or self.is_dir()

    def iterdir(self) -> Iterator["Member"]:
        """Yields the files and folders directly in this folder."""
        for names in (self.archive.files, self.archive.folders):
            for name in names:
                if name and posixpath.dirname(name) == self.at:
                    yield Member(self.archive, name)

    def read_bytes(self) -> bytes:
        """Returns the content. Raises FileNotFoundError, or InputError if it cannot be read."""
        if not self.is_file():
            raise FileNotFoundError(2, "no such file in the archive", str(self))
        return self.archive.read(self.at)

    def read_text(self, *, encoding: str) -> str:
        """Returns the content as text. Raises as `read_bytes`, or UnicodeDecodeError."""
        return io.TextIOWrapper(io.BytesIO(self.read_bytes()), encoding).read()

    def open(self, mode: str = "rb") -> IO[bytes]:
        """Opens the content, which is read into memory."""
        assert mode == "rb"
        return io.BytesIO(self.read_bytes())


Folder = Path | Member
