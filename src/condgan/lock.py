"""Locks that the operating system frees when a process ends: of open files, and of the folder of a run."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from condgan.errors import InputError, writing

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

NAME = ".lock"


def lock(file: IO[Any], *, wait: bool) -> None:
    """Locks an open file until it is closed or the process ends. Does nothing on Windows.

    Raises BlockingIOError if another process has locked it, unless told to wait, and another OSError on a file system
    without locks.
    """
    if fcntl:
        fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Holds the lock of an existing folder. Raises InputError if a process holds it, or the folder cannot be written.

    The file `.lock` in the folder says who holds it. One that a killed process left behind is not a lock. On systems
    without such locks nothing is locked.
    """
    path = folder / NAME
    file = _opened(path)
    while True:
        try:
            lock(file, wait=False)
        except BlockingIOError:
            file.seek(0)
            owner = file.read().strip() or "another process"
            file.close()
            raise InputError(f"{folder} is being trained by {owner}; wait until it ends, or stop it") from None
        except OSError:  # a file system without locks
            pass
        if path.exists() and os.path.samestat(os.fstat(file.fileno()), path.stat()):
            break
        file.close()  # its owner deleted it in between
        file = _opened(path)
    try:
        with writing(path):
            file.truncate(0)
            file.write(f"process {os.getpid()} on {socket.gethostname()}\n")
            file.flush()
        yield
    finally:
        with suppress(OSError):
            path.unlink()
        file.close()


def _opened(path: Path) -> IO[str]:
    with writing(path):
        return path.open("a+")
