"""The cache: `$CONDGAN_CACHE`, by default `~/.cache/condgan`. Its files can be deleted at any time."""

import errno
import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from condgan.errors import InputError

if os.name == "posix":
    import fcntl

BLOCK = 2**20
DIGEST_BYTES = 32


def cache_folder() -> Path:
    """Returns the folder of packed files and downloads."""
    return Path(os.environ.get("CONDGAN_CACHE") or Path.home() / ".cache" / "condgan")


@contextmanager
def new_file(path: Path, num_bytes: int) -> Iterator[IO[bytes]]:
    """Yields a file to write `num_bytes` to, which appears as `path`, with a checksum, once it is complete.

    Its space is reserved first: a full disk is found out before any work is done, and a file that is mapped later has
    all of its blocks. Several processes may write the same file; the last one stays. Raises InputError if the
    operating system refuses, and removes what was written.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_left_behind(path.parent)
        with _created(temporary):
            with temporary.open("rb+") as file:
                _reserve(file, num_bytes + DIGEST_BYTES)
                yield file
                file.seek(0)
                digest = _digest(file, num_bytes)
                file.seek(num_bytes)
                file.write(digest)
            temporary.replace(path)  # atomic within a file system
    except OSError as error:
        needed = f"{num_bytes / 1e6:.1f} MB are needed"
        advice = "free some space, or name another folder in CONDGAN_CACHE"
        raise InputError(f"cannot write {path}: {error.strerror or error}; {needed}; {advice}") from error
    finally:
        with suppress(OSError):
            temporary.unlink()


def is_whole(path: Path, num_bytes: int) -> bool:
    """Returns whether a file of the cache has this content size and fits its checksum."""
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size != num_bytes + DIGEST_BYTES:
                return False
            return _digest(file, num_bytes) == file.read()
    except OSError:
        return False


def remove_left_behind(folder: Path) -> None:
    """Removes temporary files whose writers have ended: those that no process has locked."""
    for temporary in folder.glob(".*.tmp"):
        with suppress(OSError):
            if os.name == "posix":
                with temporary.open("rb") as file:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    temporary.unlink()
            else:
                temporary.unlink()  # Windows refuses while a process has it open


@contextmanager
def _created(path: Path) -> Iterator[None]:
    """Creates an empty file, locked until the context or the process ends."""
    while True:
        with path.open("xb") as file:
            if os.name == "posix":
                with suppress(OSError):  # on file systems without locks, nobody takes the file for left behind
                    fcntl.flock(file, fcntl.LOCK_EX)
            else:
                file.close()  # Windows renames no open files
            if path.exists():  # otherwise another process took it for left behind, before it was locked
                yield
                return


def _reserve(file: IO[bytes], num_bytes: int) -> None:
    if hasattr(os, "posix_fallocate"):
        try:
            os.posix_fallocate(file.fileno(), 0, num_bytes)
        except OSError as error:
            if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL):  # a file system that cannot reserve
                raise
    elif shutil.disk_usage(Path(file.name).parent).free < num_bytes:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _digest(file: IO[bytes], num_bytes: int) -> bytes:
    """Returns the SHA-256 of the next bytes."""
    digest = hashlib.sha256()
    while num_bytes > 0 and (block := file.read(min(BLOCK, num_bytes))):
        digest.update(block)
        num_bytes -= len(block)
    return digest.digest()
