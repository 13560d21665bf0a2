"""Reads text, JSON and tensors; writes files atomically."""

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

from safetensors import SafetensorError, safe_open
from torch import Tensor

from condgan.errors import InputError


class Readable(Protocol):
    """A file in a folder or in a zip archive."""

    def read_text(self, *, encoding: str) -> str: ...


def read_text(file: Readable) -> str:
    """Returns the text of a file. Raises InputError if it is not UTF-8."""
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{file}: expected text in UTF-8 ({error}); save it as UTF-8") from None


def parse_json(text: str, where: str) -> Any:
    """Parses JSON. `where` names the file in messages. Raises InputError naming the file and the line."""
    try:
        return json.loads(text.removeprefix("\ufeff"))  # a byte order mark, which Windows adds
    except json.JSONDecodeError as error:
        raise InputError(f"{where}, line {error.lineno}: {error.msg}; expected valid JSON") from None
    except (RecursionError, ValueError) as error:  # lists in lists in lists, or a number of thousands of digits
        raise InputError(f"{where}: {error}; expected simpler JSON") from None


def read_json(file: Path) -> Any:
    """Reads and parses a JSON file. Raises InputError if it is not UTF-8 or not JSON."""
    return parse_json(read_text(file), str(file))


def read_safetensors(path: Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    """Returns the header's metadata and the tensors by name. Raises InputError if the file is broken."""
    try:
        with safe_open(str(path), "pt") as file:
            return file.metadata() or {}, {name: file.get_tensor(name) for name in list(file.keys())}
    except SafetensorError as error:
        raise InputError(f"{path}: broken file ({error}); restore it") from None


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yields a temporary path in the same folder, renamed to `path` on success and deleted on any error.

    Creates the folder if needed. Raises InputError if the operating system refuses, e.g. because the disk is full.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        temporary.replace(path)  # atomic within a file system
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}; nothing was left behind") from error
    finally:
        with suppress(OSError):
            temporary.unlink()


def write(path: Path, content: bytes | str) -> None:
    """Writes a file atomically; text as UTF-8. Raises InputError if the operating system refuses."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(content if isinstance(content, bytes) else content.encode())


def write_json(path: Path, content: Any) -> None:
    """Writes indented JSON atomically, with a final newline. Raises InputError if the operating system refuses."""
    write(path, json.dumps(content, indent=2) + "\n")
