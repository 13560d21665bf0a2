"""The cache: `$CONDGAN_CACHE`, by default `~/.cache/condgan`. Its files can be deleted at any time."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from condgan import files

BLOCK = 2**20
DIGEST_BYTES = 32


def cache_folder() -> Path:
    """Returns the folder of packed files and downloads."""
    return Path(os.environ.get("CONDGAN_CACHE") or Path.home() / ".cache" / "condgan")


@contextmanager
def new_file(path: Path, num_bytes: int) -> Iterator[IO[bytes]]:
    """Yields a file to write `num_bytes` to, which appears as `path`, with a checksum, once it is complete.

    Deletes what killed processes left in the folder first. Raises InputError if the operating system refuses, e.g.
    because there is no space, which is reserved before anything is written.
    """
    files.remove_left_behind(path.parent)
    needed = f"{num_bytes / 1e6:.1f} MB are needed"
    with files.atomic_file(path, num_bytes + DIGEST_BYTES, needed, "name another folder in CONDGAN_CACHE") as file:
        yield file
        file.seek(0)
        digest = _digest(file, num_bytes)
        file.seek(num_bytes)
        file.write(digest)


def is_whole(path: Path, num_bytes: int) -> bool:
    """Returns whether a file of the cache has this content size and fits its checksum."""
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size != num_bytes + DIGEST_BYTES:
                return False
            return _digest(file, num_bytes) == file.read()
    except OSError:
        return False


def _digest(file: IO[bytes], num_bytes: int) -> bytes:
    """Returns the SHA-256 of the next bytes."""
    digest = hashlib.sha256()
    while num_bytes > 0 and (block := file.read(min(BLOCK, num_bytes))):
        digest.update(block)
        num_bytes -= len(block)
    return digest.digest()
