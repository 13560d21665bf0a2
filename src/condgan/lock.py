"""One training for a run: a lock on its folder, which the operating system frees when its process ends."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from condgan.errors import InputError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

NAME = ".lock"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Holds the lock of an existing folder. Raises InputError naming the process that holds it.

    The file `.lock` in the folder says who holds it. One that a killed process left behind is not a lock. On systems
    without such locks nothing is locked.
    """
    path = folder / NAME
    file = path.open("a+")
    while True:
        try:
            _lock(file.fileno())
        except BlockingIOError:
            file.seek(0)
            owner = file.read().strip() or "another process"
            file.close()
            raise InputError(f"{folder} is being trained by {owner}; wait until it ends, or stop it") from None
        if path.exists() and os.path.samestat(os.fstat(file.fileno()), path.stat()):
            break
        file.close()  # its owner deleted it in between
        file = path.open("a+")
    try:
        file.truncate(0)
        file.write(f"process {os.getpid()} on {socket.gethostname()}\n")
        file.flush()
        yield
    finally:
        with suppress(OSError):
            path.unlink()
        file.close()


def _lock(descriptor: int) -> None:
    """Locks an open file. Raises BlockingIOError if it is locked."""
    if fcntl:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise
        except OSError:  # a file system without locks
            return
