"""Archives that are broken, locked or no archives are refused with a message."""

import lzma
import struct
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archived import PIXELS, TWO, assert_refused, both, contents, write_tar, write_zip
from condgan.data.archives import MAX_FILE_BYTES
from condgan.data.listing import list_folder
from condgan.data.opening import open_folder
from condgan.errors import InputError


def patched(file: Path, flags: int, method: int) -> Path:
    """Sets flags and compression method of all members in the headers of a zip file."""
    content = bytearray(file.read_bytes())
    for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = content.find(signature)
        while start >= 0:
            content[start + place : start + place + 4] = struct.pack("<HH", flags, method)
            start = content.find(signature, start + 1)
    file.write_bytes(content)
    return file


@pytest.mark.parametrize(
    ("flags", "method", "message"),
    [
        (1, 8, "needs a password"),
        (1, 99, "needs a password"),
        (0, 9, "compressed with Deflate64"),
        (0, 93, "compressed with Zstandard"),
        (0, 98, "compressed with PPMd"),
        (0, 14, "damaged"),
    ],
)
def test_members_that_cannot_be_unpacked_are_named(tmp_path: Path, flags: int, method: int, message: str) -> None:
    assert_refused(patched(write_zip(tmp_path / "a.zip", TWO), flags, method), "a.zip/cat/0.png", message)


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        (b"", ["an empty file"]),
        (b"<html>Not found</html>", ["a web page, beginning with '<html>"]),
        (b"version https://git-lfs.github.com/spec/v1", ["a Git LFS pointer"]),
        (b"7z\xbc\xaf\x27\x1c rest", ["a 7z archive"]),
        (b"Rar!\x1a\7\0", ["a RAR archive"]),
        (b"PK\x03\x04" + bytes(500), ["its end is missing", "download or pack it again"]),
        (b"\x1f\x8b" + bytes(600), ["damaged archive"]),
        (lzma.compress(b"no tar file"), ["damaged archive"]),
    ],
)
def test_what_is_no_archive_is_described(tmp_path: Path, content: bytes, parts: list[str]) -> None:
    (tmp_path / "a.zip").write_bytes(content)
    assert_refused(tmp_path / "a.zip", *parts)


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:xz"])
@pytest.mark.parametrize("share", [0.3, 0.6])
def test_a_tar_file_that_is_cut_off_is_refused(tmp_path: Path, mode: str, share: float) -> None:
    file = write_tar(tmp_path / "a.tar", {f"{i}.png": bytes(range(256)) * 9 for i in range(9)}, mode)
    content = file.read_bytes()
    file.write_bytes(content[: int(len(content) * share)])
    assert_refused(file)


def test_a_broken_header_within_a_tar_file_is_refused(tmp_path: Path) -> None:
    file = write_tar(tmp_path / "a.tar", TWO)
    content = bytearray(file.read_bytes())
    content[1024 + 3] ^= 255  # in the second header
    file.write_bytes(content)
    assert_refused(file, "damaged at byte 1024")


def test_a_member_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    file = write_zip(tmp_path / "a.zip", TWO)
    content = file.read_bytes()
    for signature, place in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):  # the size of the unpacked member
        start = content.index(signature) + place
        content = content[:start] + struct.pack("<I", MAX_FILE_BYTES + 1) + content[start + 4 :]
    file.write_bytes(content)
    assert_refused(file, f"unpack to {MAX_FILE_BYTES + 1 + len(PIXELS) + 1}, expected at most")


def test_a_pipe_is_no_archive(tmp_path: Path) -> None:
    for device in ("/dev/zero", "/dev/null"):
        assert_refused(Path(device), "a pipe or device")


@both
@given(data=st.data())
def test_changed_bytes_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory,
    name: str,
    write: Callable[[Path, Mapping[str, bytes]], Path],
    data: st.DataObject,
) -> None:
    content = bytearray(write(tmp_path_factory.getbasetemp() / name, TWO).read_bytes())
    for place in data.draw(st.lists(st.integers(0, 1100), max_size=4)):
        content[place % len(content)] ^= data.draw(st.integers(1, 255))
    (tmp_path_factory.getbasetemp() / name).write_bytes(content)
    with suppress(InputError):
        folder = open_folder(tmp_path_factory.getbasetemp() / name)
        assert set(contents(folder)) == set(list_folder(folder).images)
