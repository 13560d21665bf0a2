"""Image files."""

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from random import Random

import numpy as np
from PIL import Image, features

from condgan.data.decode import decode, pillow_warnings, read_original
from fuzz.bytes import changed
from fuzz.case import Case, Target

FORMATS = {
    "PNG": ("RGB", "RGBA", "L", "LA", "P", "1", "I;16"),
    "JPEG": ("RGB", "L", "CMYK"),
    "GIF": ("P", "L"),
    "TIFF": ("RGB", "L", "I;16", "F", "CMYK", "LAB"),
    "BMP": ("RGB", "L", "P"),
    "WEBP": ("RGB", "RGBA"),
    "PPM": ("RGB", "L", "1"),
    "TGA": ("RGB", "RGBA"),
    "ICO": ("RGBA",),
    "PCX": ("RGB", "P"),
    "SGI": ("RGB", "L"),
    "DDS": ("RGB", "RGBA"),
    "JPEG2000": ("RGB", "L"),
    "AVIF": ("RGB",),
    "QOI": ("RGB", "RGBA"),
}
OTHERS = (
    b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\nshowpage\n",
    b"<svg/>",
    b"version https://git-lfs",
    b"8BPS",
    b"",
)


def examples() -> list[tuple[str, bytes]]:
    """Returns a small image of each format and mode that this Pillow writes, and files of other kinds."""
    found = [("eps.png", content) for content in OTHERS]
    pixels = Image.fromarray(np.random.default_rng(0).integers(0, 256, (9, 12, 3), dtype=np.uint8))
    for kind, modes in FORMATS.items():
        for mode in modes:
            image = pixels.convert("RGB" if mode == "LAB" else "L" if mode in ("I;16", "F") else mode)
            image = image if image.mode == mode or mode == "LAB" else image.convert(mode)
            for options in (
                {},
                {"compression": "tiff_lzw"},
                {"progressive": True},
                {"interlace": 1},
                {"lossless": True},
            ):
                file = io.BytesIO()
                try:
                    image.save(file, kind, **options)
                except (OSError, ValueError, KeyError):
                    continue
                if not any(content == file.getvalue() for _, content in found):
                    found.append((f"image.{'tga' if kind == 'TGA' else 'png'}", file.getvalue()))
    exif = Image.Exif()
    exif[0x0112] = 6
    file = io.BytesIO()
    pixels.save(file, "JPEG", exif=exif, dpi=(72, 72), comment="x")
    return [*found, ("image.jpg", file.getvalue())]


def bomb(random: Random) -> bytes:
    """Returns a PNG of many pixels in few bytes."""
    width, height = (random.choice([1, 100, 13_000, 30_000, 2**31 - 1, 2**32 - 1]) for _ in range(2))
    rows = zlib.compress(bytes(random.choice([100, 10**6])))

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(
        ">IIBBBBB", width, height, random.choice([1, 8, 16]), random.choice([0, 2, 3, 6]), 0, 0, random.choice([0, 1])
    )
    texts = chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(random.choice([10, 10**7]))))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + texts + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def _prepare(folder: Path) -> Callable[[Random], Case]:
    seeds = examples()
    contents = [content for _, content in seeds]

    def make(random: Random) -> Case:
        name, content = random.choice(seeds)
        if not random.randrange(30):
            content = bomb(random)
        elif random.randrange(3):
            content = changed(content, random, contents)
        else:  # the headers of small files are most of what can be wrong
            content = changed(content[:64], random) + content[64:]

        def call() -> None:
            file = folder / name
            file.write_bytes(content)
            with pillow_warnings():
                pixels, _ = decode(file, 8)
            assert pixels.shape == (3, 8, 8)
            original = read_original(file)
            assert original.width > 0
            assert original.height > 0

        return Case(content, call)

    return make


assert features.check("jpg")
TARGETS = (Target("images", 5_000, _prepare),)
