"""Reads text, JSON and tensors; writes files atomically."""

import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Protocol

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
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
        raise InputError(f"{where}: {str(error).splitlines()[0]}; expected valid JSON") from None


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


def to_safetensors(weights: Mapping[str, Tensor], header: Mapping[str, str]) -> bytes:
    """Returns the content of a file of tensors; equal for equal tensors and headers.

    safetensors alone writes the entries of the header in random order.
    """
    content = save({name: weight.contiguous() for name, weight in weights.items()}, dict(header))
    start = 8 + int.from_bytes(content[:8], "little")  # a length, a header in JSON, the tensors
    entries = json.loads(content[8:start])
    entries["__metadata__"] = dict(sorted(header.items()))
    text = json.dumps(entries, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + content[start:]


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
    """Writes a file atomically and to the disk; text as UTF-8. Raises InputError if the operating system refuses."""
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        file.write(content if isinstance(content, bytes) else content.encode())
        sync(file)


def sync(file: IO[Any]) -> None:
    """Waits until an open file is on the disk, where it survives a loss of power."""
    file.flush()
    os.fsync(file.fileno())


def remove_partial(folder: Path, names: str = "*") -> None:
    """Deletes the temporary files of `atomic_path` that killed processes left in a folder, for files of such names."""
    for left in folder.glob(f".{names}.*.tmp"):
        left.unlink(missing_ok=True)


def write_json(path: Path, content: Any) -> None:
    """Writes indented JSON atomically, with a final newline. Raises InputError if the operating system refuses."""
    write(path, json.dumps(content, indent=2) + "\n")
