"""Converts an open picture to RGB as it is meant to be seen: upright, on white, in sRGB, 8 bits.

Converted, reduced and transposed images of Pillow keep `info`, and with it the colour profile.
"""

import io
from functools import lru_cache

import numpy as np
from PIL import Image, ImageChops, ImageCms

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


def as_rgb(image: Image.Image, resolution: int) -> Image.Image:
    """Returns the first frame in the orientation it is shown in, as RGB on white.

    Images of at least LARGE pixels are shrunk on the way, to no less than four times the resolution.
    """
    if image.width * image.height >= LARGE:
        image.draft(None, (4 * resolution, 4 * resolution))  # JPEG is decoded at a fraction of its size
    image.load()
    cmyk_as_stored = image.format == "JPEG" and image.mode == "CMYK" and "adobe" not in image.info
    upright = _upright(_shrunk(image, resolution), orientation_of(image))
    if upright.mode in ("I", "F") or upright.mode.startswith("I;16"):
        return _grey(upright, image).convert("RGB")
    if cmyk_as_stored:  # Pillow inverts, as Adobe's programs do, whose mark is missing
        upright = ImageChops.invert(upright)
    if upright.has_transparency_data:
        return _on_white(upright)
    return _in_srgb(upright.convert("RGB") if upright.mode == "P" else upright)


def _shrunk(image: Image.Image, resolution: int) -> Image.Image:
    """Returns a large image averaged over squares of pixels, so that converting it takes little memory."""
    factor = min(image.size) // (4 * resolution)
    if image.width * image.height < LARGE or factor < 2 or image.mode[0] in "IF":
        return image
    if image.has_transparency_data and image.mode not in ("RGBA", "LA"):
        image = _rgba(image)
    elif image.mode in ("P", "1"):
        image = image.convert("RGB")
    return image.reduce(factor)


def orientation_of(image: Image.Image) -> int:
    """Returns the orientation of a photograph, 1 to 8; 1 if it is unknown."""
    try:
        orientation = image.getexif().get(ORIENTATION)
    except Exception:  # programs that show photographs ignore broken metadata, too
        return 1
    return orientation if isinstance(orientation, int) else 1


def _upright(image: Image.Image, orientation: int) -> Image.Image:
    method = TRANSPOSED.get(orientation)
    return image if method is None else image.transpose(method)


def _rgba(image: Image.Image) -> Image.Image:
    return (image.convert("LA") if image.mode == "La" else image).convert("RGBA")


def _on_white(image: Image.Image) -> Image.Image:
    rgba = _rgba(image)
    rgb = _in_srgb(rgba.convert("RGB")).convert("RGBA")
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
