"""Decodes image files to RGB: every common format, bit depth, orientation, palette and colour profile.

Formats are recognised by content. Only those in FORMATS are decoded: they run no other programs, unlike EPS.
"""

import hashlib
import io
import re
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from threading import RLock
from typing import IO

import numpy as np
from PIL import Image, ImageChops, ImageCms, UnidentifiedImageError

from condgan.data.archives import Folder
from condgan.data.contents import HEAD_BYTES, describe, is_image
from condgan.data.listing import file_size
from condgan.errors import InputError

FORMATS = (
    *("PNG", "JPEG", "MPO", "WEBP", "BMP", "DIB", "GIF", "TIFF", "AVIF", "JPEG2000", "PPM", "QOI", "DDS", "ICO", "PCX"),
    "SGI",
)
MAX_PIXELS = 89_478_485  # of an image: a quarter of a GiB as RGB, from which on Pillow warns as well
LARGE = 2**22  # bytes or pixels; larger images are decoded one at a time, for flat memory
ORIENTATION = 0x0112
BITS_PER_SAMPLE = 258  # a tag of TIFF
TRANSPOSED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
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
            sideways = _orientation(image) in (5, 6, 7, 8)
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
    return _resized(_as_rgb(image, resolution), resolution)


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
    text = "" if isinstance(error, UnidentifiedImageError) else " ".join(str(error).split()) or type(error).__name__
    if "truncated" in text.lower():
        return f"broken image, as the end of the file is missing ({text}); replace the file"
    return f"broken image ({text or 'its header cannot be read'}); replace the file"


def _as_rgb(image: Image.Image, resolution: int) -> Image.Image:
    """Returns the first frame in the orientation it is shown in, as RGB on white.

    Images of at least LARGE pixels are shrunk on the way, to no less than four times the resolution.
    """
    if image.width * image.height >= LARGE:
        image.draft(None, (4 * resolution, 4 * resolution))  # JPEG is decoded at a fraction of its size
    image.load()
    cmyk_as_stored = image.format == "JPEG" and image.mode == "CMYK" and "adobe" not in image.info
    upright = _upright(_shrunk(image, resolution), _orientation(image))
    if upright.mode in ("I", "F") or upright.mode.startswith("I;16"):
        return _grey(upright, image).convert("RGB")
    if cmyk_as_stored:  # Pillow inverts, as Adobe's programs do, whose mark is missing
        upright = ImageChops.invert(upright)
    if upright.has_transparency_data:
        return _on_white(upright)
    if upright.mode == "P":
        upright = _keeping_profile(upright, "RGB")
    return _in_srgb(upright)


def _shrunk(image: Image.Image, resolution: int) -> Image.Image:
    """Returns a large image averaged over squares of pixels, so that converting it takes little memory."""
    factor = min(image.size) // (4 * resolution)
    if image.width * image.height < LARGE or factor < 2 or image.mode[0] in "IF":
        return image
    if image.has_transparency_data and image.mode not in ("RGBA", "LA"):
        image = _keeping_profile(image, "RGBA")
    elif image.mode in ("P", "1"):
        image = _keeping_profile(image, "RGB")
    shrunk = image.reduce(factor)
    shrunk.info = image.info
    return shrunk


def _orientation(image: Image.Image) -> int:
    """Returns the orientation of a photograph, 1 to 8; 1 if it is unknown."""
    try:
        orientation = image.getexif().get(ORIENTATION)
    except Exception:  # programs that show photographs ignore broken metadata, too
        return 1
    return orientation if isinstance(orientation, int) else 1


def _upright(image: Image.Image, orientation: int) -> Image.Image:
    method = TRANSPOSED.get(orientation)
    if method is None:
        return image
    upright = image.transpose(method)
    upright.info = image.info
    return upright


def _keeping_profile(image: Image.Image, mode: str) -> Image.Image:
    if image.mode == "La":
        image = _keeping_profile(image, "LA")
    converted = image.convert(mode)
    if profile := image.info.get("icc_profile"):
        converted.info["icc_profile"] = profile
    return converted


def _on_white(image: Image.Image) -> Image.Image:
    rgba = _keeping_profile(image, "RGBA")
    rgb = _in_srgb(_keeping_profile(rgba, "RGB")).convert("RGBA")
    rgb.putalpha(rgba.getchannel("A"))
    return Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgb).convert("RGB")


def _in_srgb(image: Image.Image) -> Image.Image:
    """Converts the colour profile to sRGB; a broken one, or one for other colours, is ignored."""
    profile = image.info.get("icc_profile")
    if isinstance(profile, bytes) and image.mode in ("RGB", "L", "CMYK", "LAB"):
        transform = _to_srgb(profile, image.mode)
        if transform is not None:
            return ImageCms.applyTransform(image, transform) or image
    return image.convert("RGB")


@lru_cache(maxsize=16)
def _to_srgb(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if mode == "RGB" and "srgb" in ImageCms.getProfileDescription(source).lower():
            return None
        return ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None


def _grey(image: Image.Image, original: Image.Image) -> Image.Image:
    """Scales grey values of more than 8 bits to 0..255.

    16 bits are scaled from 0..65535, or from the bits that a TIFF file states. Integers of 32 bits and floats are
    scaled from the first of these ranges that contains all of them: 0..1 (floats only), 0..255, 0..65535, their own.
    """
    values = np.asarray(image)
    if image.mode == "F":
        values = np.nan_to_num(values, nan=0, posinf=0, neginf=0)
    if image.mode.startswith("I;16") or (original.format == "PPM" and image.mode == "I"):
        low, high = 0.0, float(2 ** _bits(original) - 1)
    else:
        low, high = _range(values, floats=image.mode == "F")
    grey = np.empty(values.shape, np.uint8)
    num_rows = max(1, LARGE // image.width)
    for start in range(0, image.height, num_rows):  # some rows at a time, for the memory
        pixels = values[start : start + num_rows]
        grey[start : start + num_rows] = ((pixels - low) * (255 / (high - low))).round().clip(0, 255)
    if isinstance(transparent := original.info.get("transparency"), int):
        grey[values == transparent] = 255
    return Image.fromarray(grey)


def _bits(image: Image.Image) -> int:
    bits = getattr(image, "tag_v2", {}).get(BITS_PER_SAMPLE, (16,))[0]
    return bits if isinstance(bits, int) and 8 < bits < 16 else 16


def _range(values: np.ndarray, *, floats: bool) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    if low >= 0:
        for limit in (1.0, 255.0, 65535.0) if floats else (255.0, 65535.0):
            if high <= limit:
                return 0.0, limit
    return low, max(high, low + 1)
