"""Image files of a folder or archive, decoded once into a packed file that is memory-mapped from then on.

A packed file is named by the SHA-256 of what it was made from, so that other images never get its pixels. Reading all
files for that takes about a second for each GB. The hashes of a data set are therefore kept in the cache too, and only
files whose size, times or inode have changed are read again. The time of the last change of the inode cannot be set by
programs.
"""

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from condgan.data.archives import Folder
from condgan.data.cache import cache_folder, is_whole, new_file
from condgan.data.decode import decode, pillow_warnings
from condgan.data.listing import file_size, inside
from condgan.errors import InputError

VERSION = 2  # of the decoder: packed files of others are not used
IN_FLIGHT_BYTES = 2**26  # of decoded images that wait to be written
RECENT = 2_000_000_000  # nanoseconds: files changed so shortly before could change again at the same recorded time
DIGEST = 32
STATUS = 32  # bytes: size, two times and inode
_progress: ContextVar[Callable[[int, int], None]] = ContextVar("progress", default=lambda done, total: None)


def decode_images(path: Path, folder: Folder, names: Sequence[str], resolution: int) -> Tensor:
    """Decodes the named images as RGB, (N, 3, R, R) uint8, each stretched to R x R, or maps them from the cache.

    Transparency becomes white, and the EXIF orientation of photographs is applied. Raises InputError naming a missing
    or broken image, a name that leads outside of the folder, or a cache without space.
    """
    files = [inside(folder, name) for name in names]
    on_disk = [file for file in files if isinstance(file, Path)]
    digests = content_hashes(on_disk or [path])
    description = json.dumps([VERSION, list(names), [digest.hex() for digest in digests], resolution])
    packed = cache_folder() / f"{hashlib.sha256(description.encode()).hexdigest()[:32]}.pixels"
    shape = (len(names), 3, resolution, resolution)
    num_bytes = len(names) * 3 * resolution**2
    if not is_whole(packed, num_bytes):
        with new_file(packed, num_bytes) as file:
            for image in _decoded(files, digests if on_disk else [], resolution):
                file.write(np.ascontiguousarray(image).data)
    # copy on write, as torch expects writable memory
    return torch.from_numpy(np.memmap(packed, np.uint8, mode="c", shape=shape))


@contextmanager
def watched(progress: Callable[[int, int], None]) -> Iterator[None]:
    """Calls `progress(number of decoded images, number of images)` while images are decoded within the context."""
    token = _progress.set(progress)
    try:
        yield
    finally:
        _progress.reset(token)


def _decoded(files: Sequence[Folder], digests: Sequence[bytes], resolution: int) -> Iterator[np.ndarray]:
    """Yields the decoded images in order. Raises InputError if a file has changed since it was hashed."""

    def read(i: int) -> np.ndarray:
        image, digest = decode(files[i], resolution)
        if digests and digest != digests[i]:
            raise InputError(f"{files[i]}: changed while the data set was read; run the same command again")
        return image

    chunk = max(64, min(1024, IN_FLIGHT_BYTES // (3 * resolution**2)))
    with pillow_warnings(), ThreadPoolExecutor() as pool:
        for start in range(0, len(files), chunk):  # all at once would hold all images in memory
            yield from pool.map(read, range(start, min(start + chunk, len(files))))
            _progress.get()(min(start + chunk, len(files)), len(files))


def content_hashes(files: Sequence[Path]) -> list[bytes]:
    """Returns the SHA-256 of each file; from the cache for files that have not changed since they were hashed.

    Raises InputError naming a file that does not exist or is not a regular file.
    """
    names = "\0".join(os.path.abspath(file) for file in files)
    index = cache_folder() / f"{hashlib.sha256(names.encode(errors='surrogateescape')).hexdigest()[:32]}.hashes"
    known = _read_index(index, len(files))
    start = time.time_ns()
    status = np.array([_status(file) for file in files], dtype=np.uint64).reshape(-1, 4)
    entries = np.concatenate([status.view(np.uint8), known[:, STATUS:]], axis=1)
    changed = np.flatnonzero((entries[:, :STATUS] != known[:, :STATUS]).any(axis=1)).tolist()
    with ThreadPoolExecutor() as pool:
        for begin in range(0, len(changed), 1024):
            part = changed[begin : begin + 1024]
            for i, digest in zip(part, pool.map(_content_hash, [files[i] for i in part]), strict=True):
                entries[i, STATUS:] = np.frombuffer(digest, np.uint8)
    digests = [bytes(entry) for entry in entries[:, STATUS:]]
    if changed:
        entries[status[:, 2] > start - RECENT, :STATUS] = 0  # hashed again next time
        _write_index(index, entries)
    return digests


def _status(file: Path) -> tuple[int, int, int, int]:
    try:
        file_size(file)
        status = file.stat()
    except OSError:
        raise InputError(f"{file}: no such image, but it has labels; restore it or drop its entry") from None
    change = status.st_ctime_ns if os.name == "posix" else time.time_ns()  # elsewhere, the time of creation
    return status.st_size, status.st_mtime_ns % 2**64, change % 2**64, status.st_ino % 2**64


def _content_hash(file: Path) -> bytes:
    try:
        with file.open("rb") as content:
            return hashlib.file_digest(content, "sha256").digest()
    except OSError as error:
        raise InputError(f"{file}: cannot be opened ({error.strerror}); make it readable or leave it out") from None


def _read_index(index: Path, num_files: int) -> np.ndarray:
    """Returns status and hash of each file, (N, 64) uint8; zeros if they are not known."""
    num_bytes = num_files * (STATUS + DIGEST)
    if is_whole(index, num_bytes):
        return np.fromfile(index, np.uint8, num_bytes).reshape(num_files, -1)
    return np.zeros((num_files, STATUS + DIGEST), np.uint8)


def _write_index(index: Path, entries: np.ndarray) -> None:
    try:
        with new_file(index, entries.nbytes) as file:
            file.write(entries.tobytes())
    except InputError:
        pass  # a cache that cannot be written is an error only where images have to be packed
