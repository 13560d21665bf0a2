"""MNIST, handwritten digits in four idx files, LeCun et al. 1998, and other data sets in the same format."""

import gzip
import zlib
from math import prod
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torchvision.transforms.v2.functional import resize

from condgan.conditions import Class
from condgan.data.dataset import Images, check_resolution
from condgan.data.packed import Folder, cache_folder, open_folder
from condgan.errors import InputError

SIDE = 28
FILES = "train-images-idx3-ubyte, train-labels-idx1-ubyte and the same with t10k, uncompressed or as .gz"


def mnist(path: str | Path | None = None, resolution: int = SIDE, *, min_objects: int = 1) -> Images:
    """Reads the grey digits in a folder or zip file of idx files; without a path, downloads them to the cache.

    The images of `t10k` are held out. Images are resized unless the resolution is 28. `min_objects` has no effect, as
    every image shows a digit. Raises InputError naming a missing or broken file.
    """
    if resolution != SIDE:
        check_resolution(resolution)
    folder = open_folder(Path(path)) if path else _download()
    (image, digit), (held_out_image, held_out_digit) = _read(folder, "train"), _read(folder, "t10k")
    images, digits = torch.cat([image, held_out_image]), torch.cat([digit, held_out_digit])
    scenes = torch.arange(len(images))
    return Images(
        images=images if resolution == SIDE else _resized(images, resolution),
        labels=digits.long(),
        condition=Class([str(name) for name in range(10)]),
        scenes=scenes,
        held_out=scenes >= len(image),
    )


def _download() -> Folder:
    from torchvision.datasets import MNIST

    try:
        return Path(MNIST(cache_folder(), download=True).raw_folder)
    except (OSError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise InputError(
            f"mnist: download failed ({reason}); put {FILES}, into a folder and use mnist:FOLDER"
        ) from None


def _read(folder: Folder, part: str) -> tuple[Tensor, Tensor]:
    """Returns images (N, 1, 28, 28) and digits (N,), both uint8."""
    images, labels = f"{part}-images-idx3-ubyte", f"{part}-labels-idx1-ubyte"
    image, digit = _read_idx(folder, images, 3), _read_idx(folder, labels, 1)
    if len(image) != len(digit):
        raise InputError(f"{folder / labels}: found {len(digit)} labels, expected {len(image)} as in {images}")
    if image.shape[1:] != (SIDE, SIDE):
        raise InputError(
            f"{folder / images}: found images of {tuple(image.shape[1:])} pixels, expected {SIDE} x {SIDE}"
        )
    if digit.max() > 9:
        raise InputError(f"{folder / labels}, entry {int(digit.argmax())}: found {int(digit.max())}, expected 0 to 9")
    return image[:, None], digit


def _read_idx(folder: Folder, name: str, num_dims: int) -> Tensor:
    """Reads an idx file: two zeros, 8 for bytes, the number of dimensions, the size of each, the bytes."""
    file = folder / name if (folder / name).exists() else folder / f"{name}.gz"
    if not file.exists():
        raise InputError(f"{folder / name}: no such file, with or without .gz; expected {FILES}")
    try:
        content = gzip.decompress(file.read_bytes()) if file.name.endswith(".gz") else file.read_bytes()
    except (EOFError, OSError, zlib.error) as error:
        raise InputError(f"{file}: broken file ({error}); restore it") from None
    start = 4 + 4 * num_dims
    shape = np.frombuffer(content[4:start].ljust(4 * num_dims, b"\0"), ">u4").tolist()
    if content[:4] != bytes([0, 0, 8, num_dims]) or not prod(shape):
        raise InputError(f"{file}: expected a non-empty idx file of {num_dims}-dimensional bytes; restore it")
    if len(content) != start + prod(shape):
        expected = f"expected {start + prod(shape)} for an array of {shape}"
        raise InputError(f"{file}: found {len(content)} bytes, {expected}; the file is broken, restore it")
    return torch.from_numpy(np.frombuffer(content, np.uint8, offset=start).reshape(shape).copy())


def _resized(images: Tensor, resolution: int) -> Tensor:
    """Resizes bilinearly with antialiasing; in parts, as torchvision may convert to floats."""
    return torch.cat([resize(part, [resolution, resolution], antialias=True) for part in images.split(5000)])
