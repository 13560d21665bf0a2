"""MNIST, handwritten digits in four idx files, LeCun et al. 1998, and other data sets in the same format."""

import gzip
import re
import zlib
from collections.abc import Mapping
from math import prod
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torchvision.transforms.v2.functional import resize

from condgan.conditions import Class
from condgan.data.archives import Folder
from condgan.data.cache import cache_folder
from condgan.data.dataset import Images, check_resolution
from condgan.data.delimited import decode
from condgan.data.listing import Listing, list_folder
from condgan.data.names import named
from condgan.data.opening import open_folder
from condgan.errors import InputError, in_one_line

SIDE = 28
FILES = "train-images-idx3-ubyte, train-labels-idx1-ubyte and the same with t10k, uncompressed or as .gz"
IDX = re.compile(r"(?:(.*)[-_.])?(train|t10k|test)[-_.](images|labels)[-_.]idx[13][-_.]ubyte(?:\.gz)?", re.IGNORECASE)


def mnist(path: str | Path | None = None, resolution: int = SIDE, *, min_objects: int = 1) -> Images:
    """Reads the grey digits in a folder or zip file of idx files; without a path, downloads them to the cache.

    The files may be in sub-folders and have other separators, such as `train-images.idx3-ubyte`. Those of EMNIST are
    read with their mapping to characters, and transposed, because they are stored so. The images of `t10k` or `test`
    are held out. Images are resized unless the resolution is 28. `min_objects` has no effect, as every image shows a
    digit. Raises InputError naming a missing or broken file.
    """
    if resolution != SIDE:
        check_resolution(resolution)
    listing = list_folder(open_folder(Path(path)) if path else _download())
    files, notices = _files(listing)
    (image, digit), (held_out_image, held_out_digit) = _read(listing, files, "train"), _read(listing, files, "t10k")
    images, digits = torch.cat([image, held_out_image]), torch.cat([digit, held_out_digit])
    names, is_emnist = [str(name) for name in range(10)], "emnist" in "".join(files.values()).lower()
    if is_emnist:
        images = images.transpose(2, 3).contiguous()
        notices.append("the images of EMNIST are stored transposed and were transposed back")
        names = _characters(listing, int(digits.max()) + 1)
        shown = digits.unique()
        names, digits = [names[index] for index in shown.tolist()], torch.searchsorted(shown, digits)
    elif digits.max() > 9:
        labels = files["train", "labels"] if digit.max() > 9 else files["t10k", "labels"]
        entry = int((digit if digit.max() > 9 else held_out_digit).argmax())
        raise InputError(f"{listing.where(labels)}, entry {entry}: found {int(digits.max())}, expected 0 to 9")
    scenes = torch.arange(len(images))
    return Images(
        images=images if resolution == SIDE else _resized(images, resolution),
        labels=digits.long(),
        condition=Class(names),
        scenes=scenes,
        held_out=scenes >= len(image),
        notices=notices,
    )


def is_mnist(listing: Listing) -> str:
    """Returns the name of an idx file of images, or nothing. Folders with image files are read by these."""
    found = (name.rpartition("/")[2] for name in listing.others)
    return next((name for name in found if (match := IDX.fullmatch(name)) and match[3].lower() == "images"), "")


def _files(listing: Listing) -> tuple[dict[tuple[str, str], str], list[str]]:
    """Returns the idx files by part and kind, with the fewest folders around them, and notices of what is left out."""
    found: dict[tuple[str, str], str] = {}
    sets: dict[str, None] = {}
    read = [name for name in listing.others if name.endswith("mapping.txt")]
    for name in sorted(listing.others, key=lambda name: (name.count("/"), name.endswith(".gz"), name)):
        match = IDX.fullmatch(name.rpartition("/")[2])
        if not match:
            continue
        sets[match[1] or ""] = None
        key = ("train" if match[2].lower() == "train" else "t10k", match[3].lower())
        if found.setdefault(key, name) in (name, name.removesuffix(".gz")):  # also the same file, compressed
            read.append(name)
    if len(sets) > 1:
        raise InputError(f"{listing.folder}: found idx files of several data sets, {', '.join(sets)}; keep one of them")
    images = listing.images
    notices = [f"left out images beside the idx files: {len(images)} ({named(images)})"] if images else []
    return found, [*notices, *listing.notices(read)]


def _characters(listing: Listing, number: int) -> list[str]:
    """Returns the character of each label in EMNIST's mapping, or the label without one."""
    names = list(map(str, range(number)))
    for file in (name for name in listing.others if name.endswith("mapping.txt")):
        for line in decode((listing.folder / file).read_bytes(), listing.where(file)).splitlines():
            label, *codes = [int(word) if re.fullmatch("[0-9]{1,7}", word) else -1 for word in line.split()] or [-1]
            if 0 <= label < number and codes and 0 < codes[0] < 0x110000:
                names[label] = chr(codes[0])
    return names


def _download() -> Folder:
    from torchvision.datasets import MNIST

    try:
        return Path(MNIST(cache_folder(), download=True).raw_folder)
    except (OSError, RuntimeError) as error:
        reason = in_one_line(error)
        raise InputError(
            f"mnist: download failed ({reason}); put {FILES}, into a folder and use mnist:FOLDER"
        ) from None


def _read(listing: Listing, files: Mapping[tuple[str, str], str], part: str) -> tuple[Tensor, Tensor]:
    """Returns images (N, 1, 28, 28) and digits (N,), both uint8."""
    for kind, dims in (("images", 3), ("labels", 1)):
        if (part, kind) not in files:
            missing = listing.where(f"{part}-{kind}-idx{dims}-ubyte")
            raise InputError(f"{missing}: no such file, with or without .gz; expected {FILES}")
    images, labels = (listing.folder / files[part, kind] for kind in ("images", "labels"))
    image, digit = _read_idx(images, 3), _read_idx(labels, 1)
    if len(image) != len(digit):
        raise InputError(f"{labels}: found {len(digit)} labels, expected {len(image)} as in {images.name}")
    if image.shape[1:] != (SIDE, SIDE):
        raise InputError(f"{images}: found images of {tuple(image.shape[1:])} pixels, expected {SIDE} x {SIDE}")
    return image[:, None], digit


def _read_idx(file: Folder, num_dims: int) -> Tensor:
    """Reads an idx file: two zeros, 8 for bytes, the number of dimensions, the size of each, the bytes."""
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
