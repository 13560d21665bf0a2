"""Writing files so that an interruption or a full disk leaves the old one or none, never half of one."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from condgan.errors import InputError


@contextmanager
def beside(path: Path) -> Iterator[Path]:
    """A name beside `path` to write to, renamed to `path` at the end and removed if anything fails.

    Raises InputError if the system refuses, as on a full disk.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        temporary.replace(path)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}; nothing was left behind") from error
    finally:
        with suppress(OSError):
            temporary.unlink()


def write(path: Path, content: bytes | str) -> None:
    """The whole content, or nothing. Raises InputError if the system refuses."""
    with beside(path) as temporary:
        temporary.write_bytes(content if isinstance(content, bytes) else content.encode())
