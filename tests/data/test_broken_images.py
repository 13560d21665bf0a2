"""What is no image, or a broken one, is refused with a message."""

import io
import os
import zlib
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from condgan.data.decode import MAX_PIXELS, read_original
from condgan.errors import InputError
from decoded import SIDE, decoded, noise, saved


def assert_refused(file: Path, *parts: str) -> None:
    for read in (decoded, read_original):
        with pytest.raises(InputError) as raised:
            read(file)
        for part in (str(file), *parts):
            assert part in str(raised.value)
        assert " at 0x" not in str(raised.value)


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        (b"", ["an empty file", "replace or delete it"]),
        (b"<!DOCTYPE html><title>Sign in</title>", ["a web page, beginning with '<!DOCTYPE html>"]),
        (b"version https://git-lfs.github.com/spec/v1\noid", ["a Git LFS pointer", "git lfs pull"]),
        (b'{"error": "rate limit"}', ["text, beginning with '{\"error"]),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", ["a PostScript file"]),
        (b"\0\0\0\x18ftypheic\0\0\0\0", ["a HEIC image"]),
        (bytes(100), ["nothing but zeros"]),
        (b"\x89PNG\r\n\x1a\n" + bytes(50), ["broken image"]),
        (bytes(range(128, 256)), ["bytes of an unknown kind"]),
    ],
)
def test_what_is_no_image_is_described(tmp_path: Path, content: bytes, parts: list[str]) -> None:
    (tmp_path / "photo.jpg").write_bytes(content)
    assert_refused(tmp_path / "photo.jpg", *parts)


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "bmp", "gif"])
def test_a_truncated_image_is_refused(tmp_path: Path, suffix: str) -> None:
    file = saved(tmp_path, noise(), f"image.{suffix}")
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(InputError, match="broken image"):
        decoded(file)


@pytest.mark.parametrize("side", [10_000, 14_000, 20_000])
def test_an_image_of_too_many_pixels_is_refused_before_it_is_decoded(tmp_path: Path, side: int) -> None:
    file = tmp_path / "scan.png"
    saved(tmp_path, Image.new("1", (8, 8)), "scan.png")
    content = bytearray(file.read_bytes())
    content[16:24] = side.to_bytes(4) * 2
    content[29:33] = zlib.crc32(content[12:29]).to_bytes(4)
    file.write_bytes(content)
    assert_refused(file, f"at most MAX_PIXELS = {MAX_PIXELS}", "make it smaller")


def test_pipes_and_folders_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "zeros.png").symlink_to("/dev/zero")
    assert_refused(tmp_path / "pipe.png", "a pipe or device")
    assert_refused(tmp_path / "zeros.png", "a pipe or device")
    assert_refused(tmp_path / "folder.png", "a folder, not a regular file")


def encoded(suffix: str) -> bytes:
    file = io.BytesIO()
    noise().save(file, suffix)
    return file.getvalue()


ENCODED = {suffix: encoded(suffix) for suffix in ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "ICO", "JPEG2000")}


@given(st.sampled_from(sorted(ENCODED)), st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=4))
def test_changed_bytes_are_decoded_or_refused(
    tmp_path_factory: pytest.TempPathFactory, suffix: str, changes: list[tuple[int, int]]
) -> None:
    content = bytearray(ENCODED[suffix])
    for place, byte in changes:
        content[place % len(content)] = byte
    file = tmp_path_factory.getbasetemp() / f"changed.{suffix.lower()}"
    file.write_bytes(content)
    with suppress(InputError):
        assert decoded(file).shape == (SIDE, SIDE, 3)
    with suppress(InputError):
        assert read_original(file).width > 0
