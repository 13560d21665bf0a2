"""i-CLEVR as users have it: a folder (or zip) of frames with `train.json`, `objects.json` and condition lists.

Frames are named `CLEVR_train_<scene>_<turn>.png`; `train.json` maps each to the objects it shows, `objects.json` each
object to its index. `test.json` and `new_test.json`, if there, are the conditions to draw; `held_out.json`, if there,
lists the scenes kept from training, which otherwise are every 20th.
"""

import hashlib
import io
import json
import os
import re
import zipfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError
from torch import Tensor

from condgan.conditions import MultiLabel
from condgan.data.dataset import Images, load_json, parse_conditions, read_text
from condgan.errors import InputError
from condgan.files import beside
from condgan.networks.parts import num_doublings

CONDITION_LISTS = ("test", "new_test")
Folder = Path | zipfile.Path


def read(path: str | Path, resolution: int = 64, *, min_objects: int = 1) -> Images:
    """The data set in a folder or zip file, each frame resized straight to (resolution, resolution), aspect not kept.

    Decoded once into a cache (`$CONDGAN_CACHE`, else `~/.cache/condgan`) that is mapped into memory from then on.
    Raises InputError naming file and entry: missing or broken frames, unknown or repeated labels, fewer than
    `min_objects` labels.
    """
    num_doublings(resolution)
    path = Path(path)
    if not path.exists():
        raise InputError(f"{path}: no such folder; expected one with train.json, objects.json and the frames it names")
    folder: Folder = path if path.is_dir() else zipfile.Path(_open_zip(path))
    condition = _read_objects(folder)
    frames = _read_labels(folder, condition, min_objects)
    scenes = _scenes(folder, frames)
    lists = {
        name: parse_conditions(_text(folder, f"{name}.json"), f"{path / name}.json", condition)
        for name in CONDITION_LISTS
        if (folder / f"{name}.json").exists()
    }
    return Images(
        images=_packed(path, folder, list(frames), resolution),
        labels=torch.stack(list(frames.values())),
        condition=condition,
        scenes=scenes,
        held_out=_held_out(folder, scenes),
        condition_lists=lists,
    )


def _open_zip(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except zipfile.BadZipFile:
        raise InputError(f"{path}: neither a folder nor a zip file; expected an i-CLEVR folder") from None


def _text(folder: Folder, name: str) -> str:
    file = folder / name
    if not file.exists():
        raise InputError(f"{file}: no such file; an i-CLEVR folder holds train.json, objects.json and the frames")
    return read_text(file)


def _read_objects(folder: Folder) -> MultiLabel:
    where = str(folder / "objects.json")
    objects = load_json(_text(folder, "objects.json"), where)
    if not isinstance(objects, dict) or sorted(objects.values(), key=str) != sorted(range(len(objects)), key=str):
        raise InputError(f'{where}: expected a map of object names to 0, 1, 2, ..., such as {{"gray cube": 0}}')
    return MultiLabel(sorted(objects, key=objects.__getitem__))


def _read_labels(folder: Folder, condition: MultiLabel, min_objects: int) -> dict[str, Tensor]:
    where = str(folder / "train.json")
    entries = load_json(_text(folder, "train.json"), where)
    if not isinstance(entries, dict) or not entries:
        raise InputError(f'{where}: expected a map of frames to objects, such as {{"CLEVR_train_000000_0.png": [...]}}')
    labels = {}
    for name, objects in entries.items():
        if not isinstance(objects, list) or len(objects) < min_objects:
            raise InputError(f"{where}, {name}: found {objects!r}, expected a list of at least {min_objects} objects")
        try:
            labels[name] = (
                condition.parse(", ".join(map(str, objects))) if objects else torch.zeros(condition.dim).byte()
            )
        except InputError as error:
            raise InputError(f"{where}, {name}: {error}") from None
    return labels


def _scenes(folder: Folder, names: Iterable[str]) -> Tensor:
    numbers = []
    for name in names:
        match = re.fullmatch(r".*?(\d+)_\d+\.\w+", name)
        if not match:
            raise InputError(f"{folder / 'train.json'}, {name}: expected a name such as CLEVR_train_000000_0.png")
        numbers.append(int(match[1]))
    return torch.tensor(numbers)


def _held_out(folder: Folder, scenes: Tensor) -> Tensor:
    if not (folder / "held_out.json").exists():
        return scenes % 20 == 0
    where = str(folder / "held_out.json")
    kept = load_json(_text(folder, "held_out.json"), where)
    if not isinstance(kept, list) or not all(type(number) is int for number in kept):
        raise InputError(f"{where}: expected a list of scene numbers, such as [0, 20, 40]")
    return torch.isin(scenes, torch.tensor(kept, dtype=torch.int64))


def _packed(path: Path, folder: Folder, names: list[str], resolution: int) -> Tensor:
    """The decoded frames, (N, 3, R, R) uint8, mapped from the cache."""
    cache = Path(os.environ.get("CONDGAN_CACHE") or Path.home() / ".cache" / "condgan")
    packed = cache / f"{_fingerprint(path, names, resolution)}.npy"
    if not packed.exists():
        with beside(packed) as temporary:
            _pack(temporary, folder, names, resolution)
    return torch.from_numpy(np.load(packed, mmap_mode="c"))  # copy on write: torch wants it writable


def _pack(file: Path, folder: Folder, names: list[str], resolution: int) -> None:
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
            rgb = image.convert("RGB")
    except (FileNotFoundError, KeyError):
        raise InputError(
            f"{folder / name}: no such frame, though train.json names it; restore it or drop the entry"
        ) from None
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        raise InputError(f"{folder / name}: broken image ({error}); replace the file") from None
    if rgb.size != (resolution, resolution):
        rgb = rgb.resize((resolution, resolution), Image.Resampling.BILINEAR)
    return np.asarray(rgb).transpose(2, 0, 1)


def _fingerprint(path: Path, names: list[str], resolution: int) -> str:
    """Changes when a frame does, as far as name, size and time tell."""
    files = [path] if path.is_file() else [path / name for name in names]
    stats = [(f.stat().st_size, f.stat().st_mtime_ns) if f.exists() else None for f in files]
    description = json.dumps([str(path.resolve()), names, stats, resolution])
    return hashlib.sha256(description.encode()).hexdigest()[:32]
