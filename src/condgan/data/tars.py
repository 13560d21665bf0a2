"""Tar files, uncompressed or compressed with gzip, bzip2 or xz."""

import bz2
import gzip
import io
import lzma
import tarfile
import tempfile
import threading
import weakref
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import IO

from condgan.data.archives import DAMAGED, MAX_FILE_BYTES, MAX_RATIO, UNPACK, Archive, Stored
from condgan.data.cache import cache_folder
from condgan.data.zips import readings
from condgan.errors import InputError, writing

OPENERS: dict[bytes, Callable[[Path], io.BufferedIOBase]] = {
    b"\x1f\x8b": partial(gzip.GzipFile, mode="rb"),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\0": lzma.LZMAFile,
}
BLOCK = 2**20


class TarArchive(Archive):
    """A tar file. If it is compressed, it is unpacked to a file without a name, which ends with the process."""

    def _members(self) -> Iterator[Stored]:
        self._lock = threading.Lock()
        self._file = self._uncompressed()
        size = self._file.seek(0, io.SEEK_END)
        self._file.seek(0)
        with tarfile.open(fileobj=self._file, mode="r:", encoding="utf-8") as tar:
            while (info := tar.next()) is not None:
                yield self._stored(info, size)
                tar.members = []  # type: ignore[attr-defined]  # for flat memory: tarfile would keep them all
            end = tar.offset
        self._file.seek(end)  # tarfile takes a broken header, or the end of the file, for the end of the archive
        mark = self._file.read(tarfile.BLOCKSIZE)
        if mark != bytes(tarfile.BLOCKSIZE):
            what = "damaged" if mark else "cut off"
            raise InputError(f"{self.path}: {what} at byte {end}; {DAMAGED}")

    def _stored(self, info: tarfile.TarInfo, size: int) -> Stored:
        try:
            info.name.encode()
        except UnicodeEncodeError:
            raw = info.name.encode("utf-8", "surrogateescape")
            raise InputError(f"{self.path}: found a name in an unknown encoding, {readings(raw)}; {UNPACK}") from None
        if info.isdir():
            return Stored(info.name, "folder")
        if info.issym() or info.islnk():
            return Stored(info.name, "link", target=info.linkname, from_root=info.islnk())
        if not info.isreg() or info.issparse():
            return Stored(info.name, "other")
        if info.offset_data + info.size > size:
            raise InputError(f"{self.path}/{info.name}: cut off in the archive; {DAMAGED}")
        return Stored(info.name, "file", info.size, partial(self._read, info.offset_data, info.size))

    def _read(self, start: int, size: int) -> bytes:
        with self._lock:
            self._file.seek(start)
            return self._file.read(size)

    def _uncompressed(self) -> IO[bytes]:
        """Opens the archive, unpacked if it is compressed: members are read in any order."""
        with self.path.open("rb") as file:
            head = file.read(6)
        opener = next((opener for magic, opener in OPENERS.items() if head.startswith(magic)), None)
        if opener is None:
            return self._closed_in_the_end(self.path.open("rb"))
        limit = max(MAX_FILE_BYTES, MAX_RATIO * self.path.stat().st_size)
        cache_folder().mkdir(parents=True, exist_ok=True)
        unpacked = self._closed_in_the_end(tempfile.TemporaryFile(dir=cache_folder()))  # noqa: SIM115
        with opener(self.path) as packed:
            while block := packed.read(BLOCK):
                with writing(cache_folder(), f"unpacking {self.path}", "name another folder in CONDGAN_CACHE"):
                    unpacked.write(block)
                if unpacked.tell() > limit:
                    raise InputError(f"{self.path}: unpacks to more than {limit} bytes; {UNPACK}")
        return unpacked

    def _closed_in_the_end(self, file: IO[bytes]) -> IO[bytes]:
        """Closes the file when the archive is no longer used."""
        weakref.finalize(self, file.close)
        return file
