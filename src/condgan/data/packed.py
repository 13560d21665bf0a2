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
from collections.abc import Sequence
from math import prod
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from condgan.data.archives import Folder
from condgan.data.cache import cache_folder, is_whole, new_file
from condgan.data.decode import decode, pillow_warnings
from condgan.data.image_files import ImageFiles
from condgan.data.opening import file_size
from condgan.data.parallel import in_parallel
from condgan.data.progress import report
from condgan.errors import InputError

VERSION = 3  # of the decoder: packed files of others are not used
PART_BYTES = 2**22  # of decoded images that are written at once
HASHED_TOGETHER = 256  # files
RECENT = 2_000_000_000  # nanoseconds: files changed so shortly before could change again at the same recorded time
DIGEST = 32
STATUS = 32  # bytes: size, two times and inode


def decode_images(path: Path, files: ImageFiles, resolution: int) -> Tensor:
    """Decodes image files as RGB, (N, 3, R, R) uint8, each stretched to R x R, or maps them from the cache.

    `path` is the folder or archive that contains them. Transparency becomes white, and the EXIF orientation of
    photographs is applied. Raises InputError naming a missing or broken image, a name that leads outside of the folder,
    or a cache without space.
    """
    on_disk = isinstance(files.folder, Path)
    digests = content_hashes(files if on_disk else [path])
    key = hashlib.sha256(json.dumps([VERSION, resolution, len(files)]).encode() + digests.tobytes())
    for name in files.names:
        key.update(name.encode(errors="surrogateescape") + b"\0")
    packed = cache_folder() / f"{key.hexdigest()[:32]}.pixels"
    shape = (len(files), 3, resolution, resolution)
    num_bytes = prod(shape)
    if not is_whole(packed, num_bytes):
        with new_file(packed, num_bytes) as file:
            _decode_into(Path(file.name), files, digests if on_disk else None, resolution)
    # copy on write, as torch expects writable memory
    return torch.from_numpy(np.memmap(packed, np.uint8, mode="c", shape=shape))


def _decode_into(packed: Path, files: ImageFiles, digests: np.ndarray | None, resolution: int) -> None:
    """Writes the decoded images in order. Raises InputError if a file has changed since it was hashed."""

    def write(indices: range) -> int:
        images = np.empty((len(indices), 3, resolution, resolution), np.uint8)
        for image, i in zip(images, indices, strict=True):
            image[:], digest = decode(files[i], resolution)
            if digests is not None and digest != digests[i].tobytes():
                raise InputError(f"{files[i]}: changed while the data set was read; run the same command again")
        with packed.open("rb+") as file:  # each part in its place, whichever process has decoded it
            file.seek(indices.start * images[0].nbytes)
            file.write(images.data)
        return indices.stop

    longest = max(1, PART_BYTES // (3 * resolution**2))
    with pillow_warnings():
        for done in in_parallel(write, len(files), longest, on_disk=digests is not None):
            report("decoded", done, len(files))


def content_hashes(files: ImageFiles | Sequence[Folder]) -> np.ndarray:
    """Returns the SHA-256 of files on disk, (N, 32) uint8; from the cache for those that have not changed since.

    Raises InputError naming a file that does not exist or is not a regular file.
    """
    names, start = hashlib.sha256(), time.time_ns()
    status = np.empty((len(files), 4), np.uint64)
    for i, file in enumerate(files):
        names.update(os.path.abspath(str(file)).encode(errors="surrogateescape") + b"\0")
        status[i] = _status(file)
    index = cache_folder() / f"{names.hexdigest()[:32]}.hashes"
    known = _read_index(index, len(files))
    entries = np.concatenate([status.view(np.uint8), known[:, STATUS:]], axis=1)
    changed = np.flatnonzero((entries[:, :STATUS] != known[:, :STATUS]).any(axis=1))

    def hashes(indices: range) -> tuple[range, bytes]:
        return indices, b"".join(_content_hash(files[changed[i]]) for i in indices)

    for indices, digests in in_parallel(hashes, len(changed), HASHED_TOGETHER, on_disk=True):
        entries[changed[indices], STATUS:] = np.frombuffer(digests, np.uint8).reshape(-1, DIGEST)
        report("hashed", indices.stop, len(changed))
    digests_of_all = entries[:, STATUS:].copy()
    if len(changed):
        entries[status[:, 2] > start - RECENT, :STATUS] = 0  # hashed again next time
        _write_index(index, entries)
    return digests_of_all


def _status(file: Folder) -> tuple[int, int, int, int]:
    try:
        file_size(file)
        status = os.stat(str(file))
    except OSError:
        raise InputError(f"{file}: no such image, but it has labels; restore it or drop its entry") from None
    change = status.st_ctime_ns if os.name == "posix" else time.time_ns()  # elsewhere, the time of creation
    return status.st_size, status.st_mtime_ns % 2**64, change % 2**64, status.st_ino % 2**64


def _content_hash(file: Folder) -> bytes:
    try:
        with open(str(file), "rb") as content:
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
