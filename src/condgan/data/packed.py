"""Image files of a folder or zip file, decoded once into a packed file that is memory-mapped from then on.

Packed files are in `$CONDGAN_CACHE`, by default `~/.cache/condgan`, and can be deleted at any time.
"""

import hashlib
import io
import json
import os
import zipfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from condgan.errors import InputError
from condgan.files import atomic_path, read_text

Folder = Path | zipfile.Path
IMAGE_SUFFIXES = (".bmp", ".jpeg", ".jpg", ".png", ".webp")


def cache_folder() -> Path:
    """Returns the folder of packed files and downloads."""
    return Path(os.environ.get("CONDGAN_CACHE") or Path.home() / ".cache" / "condgan")


def open_folder(path: Path) -> Folder:
    """Opens a folder or zip file. If a zip file contains a single folder, opens that folder.

    Raises InputError if it is neither.
    """
    if path.is_dir():
        return path
    if not path.exists():
        raise InputError(f"{path}: no such folder or zip file; expected one with images")
    try:
        inside = zipfile.Path(zipfile.ZipFile(path))
    except zipfile.BadZipFile:
        raise InputError(f"{path}: neither a folder nor a zip file; expected one with images") from None
    entries = [entry for entry in inside.iterdir() if not _is_hidden(entry.name)]
    return entries[0] if len(entries) == 1 and entries[0].is_dir() else inside


def image_names(folder: Folder) -> list[str]:
    """Returns relative paths of the image files in the folder and its sub-folders, sorted, without hidden files."""
    if isinstance(folder, Path):
        names = [file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()]
    else:
        names = [name.removeprefix(folder.at) for name in folder.root.namelist() if name.startswith(folder.at)]
    return sorted(name for name in names if name.lower().endswith(IMAGE_SUFFIXES) and not _is_hidden(name))


def _is_hidden(name: str) -> bool:
    """Returns whether a file belongs to an editor or the system, such as those that macOS adds to zip files."""
    return any(part.startswith((".", "__MACOSX")) for part in name.split("/"))


def text_in(folder: Folder, name: str) -> str:
    """Reads a text file of the folder. Raises InputError if it does not exist or is not UTF-8."""
    file = folder / name
    if not file.exists():
        raise InputError(f"{file}: no such file; expected it beside the images")
    return read_text(file)


def decode_images(path: Path, folder: Folder, names: Sequence[str], resolution: int) -> Tensor:
    """Decodes the named images as RGB, (N, 3, R, R) uint8, each stretched to R x R, or maps them from the cache.

    Transparency becomes white, and the EXIF orientation of photographs is applied. Raises InputError naming a missing
    or broken image.
    """
    array = cache_folder() / f"{_fingerprint(path, names, resolution)}.npy"
    if not array.exists():
        with atomic_path(array) as temporary:
            _pack(temporary, folder, names, resolution)
    return torch.from_numpy(np.load(array, mmap_mode="c"))  # copy on write, as torch expects writable memory


def _pack(file: Path, folder: Folder, names: Sequence[str], resolution: int) -> None:
    shape = (len(names), 3, resolution, resolution)
    images = np.lib.format.open_memmap(file, mode="w+", dtype=np.uint8, shape=shape)
    with ThreadPoolExecutor() as pool:
        decoded = pool.map(lambda name: _decode(folder, name, resolution), names)
        for i, image in enumerate(decoded):
            images[i] = image
    images.flush()


@dataclass(frozen=True)
class Original:
    """An image file before resizing: size in pixels, and `colors`: RGB, grey, palette, transparent or a Pillow mode."""

    width: int
    height: int
    colors: str


def read_original(file: Folder) -> Original:
    """Reads size and colours from the header of an image file. Raises InputError naming a missing or broken image."""
    with _reading(file), file.open("rb") as content, Image.open(content) as image:
        if image.has_transparency_data:
            colors = "transparent"
        else:
            colors = {"L": "grey", "LA": "grey", "1": "grey", "P": "palette", "RGB": "RGB"}.get(image.mode, image.mode)
        return Original(image.width, image.height, colors)


def _decode(folder: Folder, name: str, resolution: int) -> np.ndarray:
    file = folder / name
    with _reading(file), Image.open(io.BytesIO(file.read_bytes())) as image:
        rgb = _as_rgb(ImageOps.exif_transpose(image))
    if rgb.size != (resolution, resolution):
        rgb = rgb.resize((resolution, resolution), Image.Resampling.BILINEAR)
    return np.asarray(rgb).transpose(2, 0, 1)


@contextmanager
def _reading(file: Folder) -> Iterator[None]:
    """Converts errors while reading an image into an InputError that names its file."""
    try:
        yield
    except (FileNotFoundError, KeyError):
        raise InputError(f"{file}: no such image, but it has labels; restore it or drop its entry") from None
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        raise InputError(f"{file}: broken image ({error}); replace the file") from None


def _as_rgb(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image.convert("RGB")
    rgba = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")


def _fingerprint(path: Path, names: Sequence[str], resolution: int) -> str:
    """Returns a cache key from names, sizes and modification times."""
    files = [path] if path.is_file() else [path / name for name in names]
    stats = [(f.stat().st_size, f.stat().st_mtime_ns) if f.exists() else None for f in files]
    description = json.dumps([str(path.resolve()), list(names), stats, resolution])
    return hashlib.sha256(description.encode()).hexdigest()[:32]
