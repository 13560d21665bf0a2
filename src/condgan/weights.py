"""Files of weights: reads and writes them, and puts weights into a network that their file describes."""

import json
import os
import re
import sys
import zipfile
from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from condgan.errors import InputError, first_line

Network = TypeVar("Network", bound=nn.Module)
NUM_COPIES = 4  # of a weight while it is trained, in 4 bytes each: itself, its gradient and two moments
ADVICE = "restore the file, or train again"

# Entries in the header of a file of tensors. There are two, so that damage to the name of one is noticed, too.
HASH, HASH_OF = "sha256", "sha256_of"
NO_HASH, EVERYTHING_ELSE = "0" * 64, "everything else in this file"


def read_torch(path: Path) -> Any:
    """Reads a file of tensors and plain data that `torch.save` has written; nothing in it is executed.

    Raises an error of some kind if it is broken, and ValueError if parts of it are compressed: torch compresses none,
    and no more memory is used than the file takes.
    """
    with zipfile.ZipFile(path) as parts:
        if sum(part.file_size for part in parts.infolist()) > path.stat().st_size:
            raise ValueError("found compressed parts")
    return torch.load(path, map_location="cpu", weights_only=True)


def read_safetensors(path: Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    """Returns the header's metadata and the tensors by name.

    Raises InputError if the file is broken, or is not the content that `to_safetensors` wrote.
    """
    try:
        with safe_open(str(path), "pt") as file:
            header, weights = file.metadata() or {}, {name: file.get_tensor(name) for name in list(file.keys())}
    except (SafetensorError, OSError, ValueError, TypeError, AttributeError) as error:
        raise InputError(f"{path}: broken file ({error}); restore it") from None
    found = header.pop(HASH, None), header.pop(HASH_OF, None)  # files of other programs and earlier versions have none
    if found != (None, None) and found != (_content_hash(path), EVERYTHING_ELSE):
        raise InputError(f"{path}: broken file (not the content that was saved); restore it")
    return header, weights


def to_safetensors(weights: Mapping[str, Tensor], header: Mapping[str, str]) -> bytes:
    """Returns the content of a file of tensors, with its SHA-256 in the header; equal for equal tensors and headers.

    safetensors alone writes the entries of the header in random order.
    """
    header = {**header, HASH: NO_HASH, HASH_OF: EVERYTHING_ELSE}
    content = save({name: weight.contiguous() for name, weight in weights.items()}, dict(header))
    start = 8 + int.from_bytes(content[:8], "little")  # a length, a header in JSON, the tensors
    entries = json.loads(content[8:start])
    entries["__metadata__"] = dict(sorted(header.items()))
    text = json.dumps(entries, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    whole = len(text).to_bytes(8, "little") + text + content[start:]
    return whole.replace(_entry(NO_HASH), _entry(sha256(whole).hexdigest()), 1)


def _content_hash(path: Path) -> str | None:
    """Returns the SHA-256 of a file of tensors in which zeros take the place of its own hash."""
    with path.open("rb") as file:
        length = file.read(8)
        text = file.read(int.from_bytes(length, "little"))
        entry = re.search(re.escape(_entry("")[:-1]) + b"[0-9a-f]{64}", text)
        digest = sha256(length + (text.replace(entry[0], _entry(NO_HASH)[:-1]) if entry else text))
        while block := file.read(2**20):
            digest.update(block)
    return digest.hexdigest()


def _entry(digest: str) -> bytes:
    return f'"{HASH}":"{digest}"'.encode()


def load_weights(build: Callable[[], Network], weights: Mapping[str, Tensor], where: str) -> Network:
    """Returns the network that `build` makes, with these weights. `where` names the file in messages.

    Raises InputError if the weights do not fit or are not finite, or if no network can be built. A network of another
    size than that of the weights is not built: whatever a file says, no more memory is used than its weights take.
    """
    _check(weights, where)
    try:
        with torch.device("meta"):  # shapes without memory
            expected = build().state_dict()
        _check_shapes(weights, expected, where)
        network = build()
        network.load_state_dict(dict(weights))
    except InputError as error:
        message = str(error)
        raise InputError(message if message.startswith(where) else f"{where}: {message}") from None
    except Exception as error:  # layers raise errors of many types for sizes that they cannot have
        reason = first_line(error)
        raise InputError(f"{where}: its configuration describes no network ({reason}); {ADVICE}") from None
    return network


def check_size(build: Callable[[], Iterable[nn.Module]]) -> None:
    """Raises InputError if networks cannot be built, or if this machine has too little memory to train them."""
    try:
        with torch.device("meta"):
            weights = sum(weight.numel() for network in build() for weight in network.parameters())
    except InputError:
        raise
    except Exception as error:  # layers raise errors of many types for sizes that they cannot have
        reason = first_line(error)
        raise InputError(f"these options describe no network ({reason}); choose smaller sizes") from None
    needed, there = 4 * NUM_COPIES * weights, _memory()
    if needed > there:
        found = f"found networks of {weights:,} weights, which take {needed / 2**30:.0f} GiB to train"
        raise InputError(f"{found}; this machine has {there / 2**30:.0f} GiB: choose smaller sizes")


def _memory() -> int:
    """Bytes of this machine's memory; on systems that do not tell, as much as can be addressed."""
    if "SC_PHYS_PAGES" not in getattr(os, "sysconf_names", {}):
        return sys.maxsize
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _check(weights: Mapping[str, Tensor], where: str) -> None:
    for name, weight in weights.items():
        if not weight.isfinite().all():
            raise InputError(f"{where}: found weights that are not finite in {name!r}; {ADVICE}")


def _check_shapes(weights: Mapping[str, Tensor], expected: Mapping[str, Tensor], where: str) -> None:
    fit = "its weights do not fit its configuration"
    if different := [name for name in (*expected, *weights) if (name in expected) != (name in weights)]:
        found = "is missing" if different[0] in expected else "has no place in the network"
        raise InputError(f"{where}: {fit} ({different[0]!r} {found}); {ADVICE}")
    for name, weight in weights.items():
        if (weight.shape, weight.dtype) != (expected[name].shape, expected[name].dtype):
            found, wanted = (f"{tuple(each.shape)} {each.dtype}" for each in (weight, expected[name]))
            raise InputError(f"{where}: {fit} ({name!r}: found {found}, expected {wanted}); {ADVICE}")
