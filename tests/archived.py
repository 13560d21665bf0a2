"""Writes small archives for tests, and reads them."""

import io
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from condgan.data.archives import Folder
from condgan.data.listing import list_folder
from condgan.data.opening import open_folder
from condgan.errors import InputError

PIXELS = b"\x89PNG\r\n\x1a\n and some pixels"  # archives do not decode
TWO = {"cat/0.png": PIXELS + b"0", "dog/1.png": PIXELS + b"1"}


def write_zip(file: Path, members: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file


def write_tar(file: Path, members: Mapping[str, bytes], mode: str = "w") -> Path:
    with tarfile.open(file, mode) as archive:  # type: ignore[call-overload]
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return file


WRITERS: list[tuple[str, Callable[[Path, Mapping[str, bytes]], Path]]] = [
    ("a.zip", write_zip),
    ("bzip2.zip", lambda file, members: write_zip(file, members, zipfile.ZIP_BZIP2)),
    ("lzma.zip", lambda file, members: write_zip(file, members, zipfile.ZIP_LZMA)),
    ("a.tar", write_tar),
    ("a.tar.gz", lambda file, members: write_tar(file, members, "w:gz")),
    ("a.tgz", lambda file, members: write_tar(file, members, "w:gz")),
    ("a.tar.bz2", lambda file, members: write_tar(file, members, "w:bz2")),
    ("a.tar.xz", lambda file, members: write_tar(file, members, "w:xz")),
    ("no suffix", lambda file, members: write_tar(file, members, "w:xz")),
]
both = pytest.mark.parametrize(("name", "write"), [WRITERS[0], WRITERS[3]])


def contents(folder: Folder) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in list_folder(folder).images}


def assert_refused(path: Path, *parts: str) -> None:
    """Asserts that opening the archive, or reading all of its images, fails with a message that contains the parts."""
    with pytest.raises(InputError) as raised:
        contents(open_folder(path))
    for part in (str(path), *parts):
        assert part in str(raised.value)
