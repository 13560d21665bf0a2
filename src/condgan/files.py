"""Reads text and JSON; writes files atomically."""

import errno
import json
import os
import re
import secrets
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from math import isfinite
from pathlib import Path
from typing import IO, Any, Protocol

from condgan.errors import InputError, first_line, writing
from condgan.lock import lock

NUM_RANDOM = 8  # bytes in the name of a temporary file


class Readable(Protocol):
    """A file in a folder or in a zip archive."""

    def read_text(self, *, encoding: str) -> str: ...


def check_file(path: Path, expected: str = "") -> None:
    """Raises InputError unless this is a regular file. Pipes and devices may have no end."""
    if not path.is_file():
        found = "no such file"
        if path.exists():
            found = "a folder, not a file" if path.is_dir() else "a pipe or device, not a regular file"
        raise InputError(f"{path}: {found}" + (f"; expected {expected}" if expected else ""))


def read_text(file: Readable, expected: str = "") -> str:
    """Returns the text of a file. Raises InputError if it is not a regular file, or not UTF-8."""
    if isinstance(file, Path):
        check_file(file, expected)
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{file}: expected text in UTF-8 ({error}); save it as UTF-8") from None


def parse_json(text: str, where: str) -> Any:
    """Parses JSON. `where` names the file in messages.

    Raises InputError naming the file and the line, or a key that occurs twice, of which Python would keep the last.
    """

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            twice = next(key for key, number in Counter(key for key, _ in pairs).items() if number > 1)
            raise InputError(f"{where}: {twice!r} occurs twice in the same object; keep one")
        return found

    try:
        return json.loads(text.removeprefix("\ufeff"), object_pairs_hook=once)  # without the mark of Windows
    except InputError:
        raise
    except json.JSONDecodeError as error:
        raise InputError(f"{where}, line {error.lineno}: {error.msg}; expected valid JSON") from None
    except (RecursionError, ValueError) as error:  # lists in lists in lists, or a number of thousands of digits
        raise InputError(f"{where}: {first_line(error)}; expected valid JSON") from None


def read_json(file: Path) -> Any:
    """Reads and parses a JSON file. Raises InputError if it is not UTF-8 or not JSON."""
    return parse_json(read_text(file), str(file))


@contextmanager
def atomic_file(
    path: Path,
    num_bytes: int = 0,
    detail: str = "nothing was left behind",
    advice: str = "choose another folder",
) -> Iterator[IO[bytes]]:
    """Yields a new file to write to and read from, which replaces `path` on success and is deleted on any error.

    Creates the folder if needed, and reserves the space of `num_bytes`: a full disk is found out before any work is
    done. Until the end the file has a temporary name in the same folder and is locked, so that `remove_left_behind`
    knows that somebody writes it. Several processes may write the same file; the last one stays. Raises InputError with
    detail and advice, see `condgan.errors.writing`, if the operating system refuses, e.g. because the disk is full, and
    for a folder.
    """
    if path.is_dir():
        raise InputError(f"cannot write {path}: found a folder, expected the name of a file")
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(NUM_RANDOM)}.tmp")
    with writing(path, detail, advice):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with _created(temporary) as file:
                _reserve(file, num_bytes)
                yield file
                file.flush()
                if os.name == "nt":  # which renames no open files
                    file.close()
                temporary.replace(path)  # atomic within a file system
        finally:
            with suppress(OSError):
                temporary.unlink()


@contextmanager
def _created(path: Path) -> Iterator[IO[bytes]]:
    """Yields a new file, locked until the context or the process ends."""
    while True:
        with path.open("xb+") as file:
            with suppress(OSError):  # on file systems without locks, nobody takes the file for left behind
                lock(file, wait=True)
            if path.exists():  # otherwise another process took it for left behind, before it was locked
                yield file
                return


def _reserve(file: IO[bytes], num_bytes: int) -> None:
    """Reserves space on the disk. A file that is mapped later then has all of its blocks."""
    if not num_bytes:
        return
    if hasattr(os, "posix_fallocate"):
        try:
            os.posix_fallocate(file.fileno(), 0, num_bytes)
        except OSError as error:
            if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL):  # a file system that cannot reserve
                raise
    elif shutil.disk_usage(Path(file.name).parent).free < num_bytes:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def is_temporary(path: Path) -> bool:
    """Whether a file has the name of a temporary file of `atomic_file`. Others are not ours to delete."""
    return re.fullmatch(rf"\..+\.[0-9a-f]{{{2 * NUM_RANDOM}}}\.tmp", path.name) is not None


def remove_left_behind(folder: Path) -> None:
    """Removes the temporary files of `atomic_file` in a folder whose writers have ended: those that nobody locks."""
    for temporary in folder.glob(".*.tmp"):
        if is_temporary(temporary):
            with suppress(OSError):
                if os.name == "nt":
                    temporary.unlink()  # refused while a process has it open
                else:
                    with temporary.open("rb+") as file:
                        lock(file, wait=False)
                        temporary.unlink()


def write(path: Path, content: bytes | str) -> None:
    """Writes a file atomically and to the disk; text as UTF-8. Raises InputError if the operating system refuses."""
    with atomic_file(path) as file:
        file.write(content if isinstance(content, bytes) else content.encode())
        sync(file)


def sync(file: IO[Any]) -> None:
    """Waits until an open file is on the disk, where it survives a loss of power."""
    file.flush()
    os.fsync(file.fileno())


def write_json(path: Path, content: Any) -> None:
    """Writes indented JSON atomically, with a final newline. Raises InputError if the operating system refuses."""
    write(path, json.dumps(content, indent=2) + "\n")


def as_json(value: Any) -> Any:
    """Returns plain data that JSON has: paths as text, tuples as lists, and no NaN or infinity.

    >>> as_json({"loss": float("nan"), "shape": (3, 64, 64)})
    {'loss': None, 'shape': [3, 64, 64]}
    """
    if isinstance(value, Mapping):
        return {str(name): as_json(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(each) for each in value]
    if isinstance(value, float):
        return value if isfinite(value) else None
    return value if isinstance(value, str | int | None) else str(value)
