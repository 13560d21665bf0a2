"""Zip and tar files."""

import io
import stat
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from condgan.data import load_images
from fuzz.bytes import changed
from fuzz.case import Case, Target
from fuzz.targets.tables import write_images

NAMES = (
    *(
        "../outside.png",
        "/etc/passwd",
        "C:\\x.png",
        "a/../../b.png",
        "cat/../dog/9.png",
        "",
        ".",
        "..",
        "cat",
        "cat/0.png",
        "CAT/0.PNG",
    ),
    *(
        "a" * 300 + ".png",
        "x/" * 200 + "y.png",
        "nul\0.png",
        "\u202ex.png",
        "e\u0301.png",
        "labels.csv",
        "train.json",
        "__MACOSX/._0.png",
        "\\\\host\\x.png",
    ),
)
TARGETS_OF_LINKS = (
    "../../../../etc/passwd",
    "/etc/passwd",
    "cat/0.png",
    "self",
    "..",
    "",
    "dog",
    "/proc/self/mem",
    "/dev/zero",
    "a" * 5_000,
)


def _members(folder: Path) -> dict[str, bytes]:
    names = [f"{'cat' if i % 2 else 'dog'}/{i}.png" for i in range(6)]
    write_images(folder, names)
    return {name: (folder / name).read_bytes() for name in names}


def _zip(members: dict[str, bytes], random: Random) -> bytes:
    file = io.BytesIO()
    methods = [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
    with zipfile.ZipFile(file, "w", random.choice(methods)) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
        for _ in range(random.choice([0, 0, 1, 2])):
            info = zipfile.ZipInfo(random.choice(NAMES) or "x")
            kind = random.randrange(4)
            if kind == 0:
                info.external_attr = (stat.S_IFLNK | 0o777) << 16
                archive.writestr(info, random.choice(TARGETS_OF_LINKS))
            elif kind == 1:
                info.external_attr = (
                    random.choice([stat.S_IFIFO, stat.S_IFCHR, stat.S_IFDIR, stat.S_IFSOCK]) | 0o644
                ) << 16
                archive.writestr(info, b"x")
            elif kind == 2:
                archive.writestr(info, bytes(random.choice([10, 10**6])), zipfile.ZIP_DEFLATED)
            else:
                archive.writestr(info, random.choice(list(members.values())))
    return file.getvalue()


def _lying(content: bytes, random: Random) -> bytes:
    """Changes a field of the header of a member in a zip file: its sizes, method, flags, CRC or offset."""
    marks = [i for mark in (b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06") for i in _all(content, mark)]
    start, changed_content = random.choice(marks), bytearray(content)
    field = random.choice([4, 6, 8, 10, 14, 16, 18, 20, 22, 24, 26, 28, 30, 38, 42])
    value = random.choice(
        [0, 1, 8, 9, 12, 14, 93, 95, 99, 2**16 - 1, 2**31, 2**32 - 1, 2**30 + 1, random.randrange(2**32)]
    )
    size = random.choice([2, 4])
    changed_content[start + field : start + field + size] = struct.pack("<I", value)[:size]
    return bytes(changed_content)


def _all(content: bytes, mark: bytes) -> list[int]:
    found, start = [], content.find(mark)
    while start >= 0:
        found.append(start)
        start = content.find(mark, start + 1)
    return found


def _tar(members: dict[str, bytes], random: Random, compression: str) -> bytes:
    file = io.BytesIO()
    formats = [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]
    mode: Any = f"w:{compression}"  # the stubs know each mode as a text of its own
    with tarfile.open(fileobj=file, mode=mode, format=random.choice(formats)) as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        for _ in range(random.choice([0, 0, 1, 2])):
            info = tarfile.TarInfo(random.choice(NAMES).replace("\0", "") or "x")
            info.type = random.choice(
                [
                    tarfile.SYMTYPE,
                    tarfile.LNKTYPE,
                    tarfile.FIFOTYPE,
                    tarfile.CHRTYPE,
                    tarfile.DIRTYPE,
                    tarfile.REGTYPE,
                    b"Z",
                    b"S",
                ]
            )
            if info.type in (tarfile.SYMTYPE, tarfile.LNKTYPE):
                info.linkname = random.choice(TARGETS_OF_LINKS)
            try:
                archive.addfile(info)
            except (ValueError, UnicodeError):
                continue
    return file.getvalue()


def _prepare_zip(folder: Path) -> Callable[[Random], Case]:
    members, file = _members(folder / "members"), folder / "images.zip"

    def make(random: Random) -> Case:
        content = _zip(members, random)
        for _ in range(random.choice([0, 1, 1, 2])):
            content = _lying(content, random)
        if not random.randrange(2):
            content = changed(content, random)
        return Case(content, lambda: _load(file, content))

    return make


def _prepare_tar(folder: Path) -> Callable[[Random], Case]:
    members = _members(folder / "members")

    def make(random: Random) -> Case:
        compression = random.choice(["", "", "gz", "bz2", "xz"])
        content, file = _tar(members, random, compression), folder / "images.tar"
        if random.randrange(5):
            content = changed(content, random)
        return Case(content, lambda: _load(file, content))

    return make


def _load(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    images = load_images(str(file), 8)
    assert len(images.labels) == len(images.images)


TARGETS = (Target("zip-files", 3_000, _prepare_zip), Target("tar-files", 3_000, _prepare_tar))
