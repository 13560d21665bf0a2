"""Zip files, with names in other encodings, links, and members that are encrypted or compressed in unusual ways."""

import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from condgan.data.archives import UNPACK, Archive, Stored
from condgan.errors import InputError

METHODS = {9: "Deflate64", 93: "Zstandard", 95: "xz", 96: "JPEG", 97: "WavPack", 98: "PPMd"}
READ_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
ENCRYPTED = 99  # the method of members encrypted with AES
MAX_TARGET = 4096  # bytes of the name that a link leads to


class ZipArchive(Archive):
    """A zip file. Several threads may read it."""

    def _members(self) -> Iterator[Stored]:
        self._zip = zipfile.ZipFile(self.path)
        for info in self._zip.infolist():
            name, mode = _name(self.path, info), info.external_attr >> 16
            if name.endswith(("/", "\\")):
                yield Stored(name, "folder")
            elif stat.S_ISLNK(mode) and info.file_size <= MAX_TARGET:
                yield Stored(name, "link", target=self._read_link(info))
            elif mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG):
                yield Stored(name, "folder" if stat.S_ISDIR(mode) else "other")
            else:
                yield Stored(name, "file", info.file_size, partial(self._read, info))

    def _read(self, info: zipfile.ZipInfo) -> bytes:
        where = f"{self.path}/{info.filename}"
        if info.flag_bits & 1 or info.compress_type == ENCRYPTED:
            raise InputError(f"{where}: needs a password, which is not supported; {UNPACK}")
        if info.compress_type not in READ_METHODS:
            method = METHODS.get(info.compress_type, f"method {info.compress_type}")
            expected = "expected Deflate; pack it again with Deflate, or " + UNPACK
            raise InputError(f"{where}: compressed with {method}, {expected}")
        with self._zip.open(info) as file:
            return file.read(info.file_size + 1)

    def _read_link(self, info: zipfile.ZipInfo) -> str:
        try:
            return self._read(info).decode(errors="replace")
        except Exception:  # a link that cannot be read leads nowhere
            return ""


def _name(path: Path, info: zipfile.ZipInfo) -> str:
    """Returns a name that is ASCII, flagged as UTF-8, given in UTF-8 in an extra field, or valid as UTF-8."""
    name = info.orig_filename.split("\0")[0]
    if info.flag_bits & 0x800 or name.isascii():
        return name
    raw = name.encode("cp437")  # zipfile decodes names without a flag so
    if (unicode := _unicode_path(info.extra, raw)) is not None:
        return unicode
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise InputError(f"{path}: found a name in an unknown encoding, {readings(raw)}; {UNPACK}") from None


def readings(raw: bytes) -> str:
    """Describes what a name would be in encodings that are common in archives."""
    found = []
    for encoding in ("gb18030", "shift_jis", "cp850"):
        try:
            found.append(f"{raw.decode(encoding)!r} in {encoding.upper()}")
        except UnicodeDecodeError:
            continue
    return " or ".join(found) or repr(raw)


def _unicode_path(extra: bytes, raw: bytes) -> str | None:
    """Returns the name in the extra field 0x7075 of Info-ZIP, if it belongs to this name."""
    while len(extra) >= 4:
        kind, size = struct.unpack("<HH", extra[:4])
        field, extra = extra[4 : 4 + size], extra[4 + size :]
        if kind == 0x7075 and len(field) > 5 and field[1:5] == struct.pack("<I", zlib.crc32(raw)):
            return field[5:].decode(errors="replace")
    return None
