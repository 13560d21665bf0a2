"""Files of tensors, and writing that an interruption or a full disk leaves whole or undone, never half done."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from safetensors import SafetensorError, safe_open
from torch import Tensor

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


def read_safetensors(path: Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    """The header's metadata and the tensors. Raises InputError if the file is broken."""
    try:
        with safe_open(str(path), "pt") as file:
            return file.metadata() or {}, {name: file.get_tensor(name) for name in list(file.keys())}
    except SafetensorError as error:
        raise InputError(f"{path}: broken file ({error}); restore it") from None


def write(path: Path, content: bytes | str) -> None:
    """The whole content, or nothing. Raises InputError if the system refuses."""
    with beside(path) as temporary:
        temporary.write_bytes(content if isinstance(content, bytes) else content.encode())
