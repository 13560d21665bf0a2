"""Image files of a folder or a zip file, decoded once into an array that is mapped into memory from then on.

The arrays lie in `$CONDGAN_CACHE`, else in `~/.cache/condgan`; any of them may be deleted.
"""

import hashlib
import io
import json
import os
import zipfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError
from torch import Tensor

from condgan.data.dataset import read_text
from condgan.errors import InputError
from condgan.files import beside

Folder = Path | zipfile.Path


def open_folder(path: Path) -> Folder:
    """The folder, or the inside of the zip file. Raises InputError if it is neither."""
    if path.is_dir():
        return path
    if not path.exists():
        raise InputError(f"{path}: no such folder or zip file; expected one that holds images")
    try:
        return zipfile.Path(zipfile.ZipFile(path))
    except zipfile.BadZipFile:
        raise InputError(f"{path}: neither a folder nor a zip file; expected one that holds images") from None


def text_in(folder: Folder, name: str) -> str:
    """The text of a file in the folder. Raises InputError if there is none, or if it is not UTF-8."""
    file = folder / name
    if not file.exists():
        raise InputError(f"{file}: no such file; expected it beside the images")
    return read_text(file)


def packed(path: Path, folder: Folder, names: Sequence[str], resolution: int) -> Tensor:
    """The named images as colours, (N, 3, R, R) uint8, each resized straight to R x R, aspect not kept.

    Transparent parts are white. Raises InputError naming a missing or broken image.
    """
    cache = Path(os.environ.get("CONDGAN_CACHE") or Path.home() / ".cache" / "condgan")
    array = cache / f"{_fingerprint(path, names, resolution)}.npy"
    if not array.exists():
        with beside(array) as temporary:
            _pack(temporary, folder, names, resolution)
    return torch.from_numpy(np.load(array, mmap_mode="c"))  # copy on write: torch wants it writable


def _pack(file: Path, folder: Folder, names: Sequence[str], resolution: int) -> None:
    shape = (len(names), 3, resolution, resolution)
    images = np.lib.format.open_memmap(file, mode="w+", dtype=np.uint8, shape=shape)
    with ThreadPoolExecutor() as pool:
        decoded = pool.map(lambda name: _decode(folder, name, resolution), names)
        for i, image in enumerate(decoded):
            images[i] = image
    images.flush()


def _decode(folder: Folder, name: str, resolution: int) -> np.ndarray:
    try:
        with Image.open(io.BytesIO((folder / name).read_bytes())) as image:
            rgb = _as_rgb(image)
    except (FileNotFoundError, KeyError):
        raise InputError(
            f"{folder / name}: no such image, though its labels are there; restore it or drop its entry"
        ) from None
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        raise InputError(f"{folder / name}: broken image ({error}); replace the file") from None
    if rgb.size != (resolution, resolution):
        rgb = rgb.resize((resolution, resolution), Image.Resampling.BILINEAR)
    return np.asarray(rgb).transpose(2, 0, 1)


def _as_rgb(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image.convert("RGB")
    rgba = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")


def _fingerprint(path: Path, names: Sequence[str], resolution: int) -> str:
    """Changes when an image does, as far as name, size and time tell."""
    files = [path] if path.is_file() else [path / name for name in names]
    stats = [(f.stat().st_size, f.stat().st_mtime_ns) if f.exists() else None for f in files]
    description = json.dumps([str(path.resolve()), list(names), stats, resolution])
    return hashlib.sha256(description.encode()).hexdigest()[:32]
