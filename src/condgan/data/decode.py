"""Decodes image files: every common format, bit depth, orientation, palette and colour profile.

Formats are recognised by content. Only those in FORMATS are decoded: they run no other programs, unlike EPS.
"""

import hashlib
import io
import re
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import RLock
from typing import IO

import numpy as np
from PIL import Image, UnidentifiedImageError

from condgan.data.archives import Folder
from condgan.data.contents import HEAD_BYTES, describe, is_image
from condgan.data.opening import file_size
from condgan.data.rgb import LARGE, as_rgb, orientation_of
from condgan.errors import InputError, in_one_line

FORMATS = (
    *("PNG", "JPEG", "MPO", "WEBP", "BMP", "DIB", "GIF", "TIFF", "AVIF", "JPEG2000", "PPM", "QOI", "DDS", "ICO", "PCX"),
    "SGI",
)
MAX_PIXELS = 89_478_485  # of an image: a quarter of a GiB as RGB, from which on Pillow warns as well
COLORS = {
    "L": "grey",
    "LA": "grey",
    "1": "grey",
    "P": "palette",
    "RGB": "RGB",
    "I": "32-bit grey",
    "F": "floating-point grey",
}
one_large: AbstractContextManager[object] = RLock()  # processes that decode together share another one


@dataclass(frozen=True)
class Original:
    """An image file before resizing: size in pixels as shown, `colors`: RGB, grey, palette, transparent, or others.

    `animated` tells whether there are more images in the file, of which only the first is read.
    """

    width: int
    height: int
    colors: str
    animated: bool = False


def read_original(file: Folder) -> Original:
    """Reads size and colours from the header of an image file. Raises InputError naming a missing or broken image."""
    with pillow_warnings(), _reading(file):
        file_size(file)
        with file.open("rb") as content, _open(content, file) as image:
            sideways = orientation_of(image) in (5, 6, 7, 8)
            width, height = (image.height, image.width) if sideways else image.size
            return Original(width, height, _colors(image), bool(getattr(image, "is_animated", False)))


def _colors(image: Image.Image) -> str:
    if image.has_transparency_data:
        return "transparent"
    if image.mode.startswith("I;16"):
        return "16-bit grey"
    return COLORS.get(image.mode, image.mode)


def decode(file: Folder, resolution: int) -> tuple[np.ndarray, bytes]:
    """Decodes an image file as RGB, (3, R, R) uint8, stretched to R x R; returns it and the SHA-256 of the file.

    Transparency becomes white. The orientation of photographs is applied, and colour profiles are converted to sRGB. Of
    an animation the first frame is decoded. Raises InputError naming the file and the reason if it cannot be decoded.
    """
    with _reading(file), _alone_if(file_size(file) >= LARGE):
        content = file.read_bytes()
        with _open(io.BytesIO(content), file) as image, _alone_if(image.width * image.height >= LARGE):
            return in_rgb(image, resolution), hashlib.sha256(content).digest()


def in_rgb(image: Image.Image, resolution: int) -> np.ndarray:
    """Returns an open image as `decode` does, (3, R, R) uint8."""
    return _resized(as_rgb(image, resolution), resolution)


def _alone_if(large: bool) -> AbstractContextManager[object]:
    return one_large if large else nullcontext()


def _resized(rgb: Image.Image, resolution: int) -> np.ndarray:
    if rgb.size != (resolution, resolution):
        rgb = rgb.resize((resolution, resolution), Image.Resampling.BILINEAR)
    return np.asarray(rgb).transpose(2, 0, 1)


@contextmanager
def pillow_warnings() -> Iterator[None]:
    """Silences Pillow's warnings about metadata, and makes those about the number of pixels errors.

    Filters belong to the process, so this is entered once around the threads that decode.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


def _open(content: IO[bytes], file: Folder) -> Image.Image:
    image = Image.open(content, formats=_formats(Path(file.name).suffix.lower() == ".tga"))
    if image.width * image.height > MAX_PIXELS:
        raise InputError(_too_large(file, f"{image.width} x {image.height}"))
    return image


@cache
def _formats(tga: bool) -> tuple[str, ...]:
    """Returns the formats that this version of Pillow reads. TGA has no mark and is recognised by its name."""
    Image.init()
    return tuple(name for name in (*FORMATS, *(("TGA",) if tga else ())) if name in Image.OPEN)


@contextmanager
def _reading(file: Folder) -> Iterator[None]:
    """Converts errors while reading an image into an InputError that names its file and the reason."""
    try:
        yield
    except InputError:
        raise
    except (FileNotFoundError, NotADirectoryError, KeyError):
        raise InputError(f"{file}: no such image, but it has labels; restore it or drop its entry") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        number = re.search(r"\d+", str(error))
        raise InputError(_too_large(file, number[0] if number else "more")) from None
    except Exception as error:  # decoders raise errors of many types
        raise InputError(f"{file}: {_reason(file, error)}") from None


def _too_large(file: Folder, found: str) -> str:
    return f"{file}: found {found} pixels, expected at most MAX_PIXELS = {MAX_PIXELS}; make it smaller or leave it out"


def _reason(file: Folder, error: Exception) -> str:
    """Returns what is wrong with an image and what to do about it."""
    try:
        with file.open("rb") as content:
            head = content.read(HEAD_BYTES)
    except OSError as unreadable:
        return f"cannot be opened ({unreadable.strerror}); make it readable or leave it out"
    if not is_image(head) and isinstance(error, UnidentifiedImageError):
        found = describe(head)
        advice = "run `git lfs pull`" if "LFS" in found else "replace or delete it"
        return f"not an image that can be read, but {found}; {advice}"
    text = "" if isinstance(error, UnidentifiedImageError) else in_one_line(error)
    if "truncated" in text.lower():
        return f"broken image, as the end of the file is missing ({text}); replace the file"
    return f"broken image ({text or 'its header cannot be read'}); replace the file"
