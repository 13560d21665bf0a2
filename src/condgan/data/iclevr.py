"""i-CLEVR: a folder or zip file of frames with `train.json`, `objects.json` and condition lists.

Frames are named `CLEVR_train_<scene>_<frame>.png`. `train.json` maps each to the objects it shows, `objects.json` each
object to its index. Optional are `test.json` and `new_test.json`, lists of conditions to generate and score, and
`held_out.json`, a list of the scenes that are not trained on; by default these are every 20th.
"""

import re
from collections.abc import Iterable
from pathlib import Path

import torch
from torch import Tensor

from condgan.conditions import MultiLabel, parse_conditions
from condgan.data.dataset import Images, check_resolution
from condgan.data.packed import Folder, decode_images, open_folder, text_in
from condgan.errors import InputError
from condgan.files import parse_json

CONDITION_LISTS = ("test", "new_test")


def iclevr(path: str | Path, resolution: int = 64, *, min_objects: int = 1) -> Images:
    """Reads the data set in a folder or zip file, each frame stretched to (resolution, resolution).

    Raises InputError naming file and entry: missing or broken frames, unknown or repeated labels, fewer than
    `min_objects` labels.
    """
    check_resolution(resolution)
    path = Path(path)
    if not path.exists():
        raise InputError(f"{path}: no such folder; expected one with train.json, objects.json and the frames it names")
    folder = open_folder(path)
    condition = _read_objects(folder)
    frames = _read_labels(folder, condition, min_objects)
    scenes = _scenes(folder, frames)
    lists = {
        name: parse_conditions(text_in(folder, f"{name}.json"), f"{path / name}.json", condition)
        for name in CONDITION_LISTS
        if (folder / f"{name}.json").exists()
    }
    return Images(
        images=decode_images(path, folder, list(frames), resolution),
        labels=torch.stack(list(frames.values())),
        condition=condition,
        scenes=scenes,
        held_out=_held_out(folder, scenes),
        condition_lists=lists,
        symmetric=True,
        files=[folder / name for name in frames],
    )


def _read_objects(folder: Folder) -> MultiLabel:
    where = str(folder / "objects.json")
    objects = parse_json(text_in(folder, "objects.json"), where)
    if not isinstance(objects, dict) or sorted(objects.values(), key=str) != sorted(range(len(objects)), key=str):
        raise InputError(f'{where}: expected a map of object names to 0, 1, 2, ..., such as {{"gray cube": 0}}')
    return MultiLabel(sorted(objects, key=objects.__getitem__))


def _read_labels(folder: Folder, condition: MultiLabel, min_objects: int) -> dict[str, Tensor]:
    where = str(folder / "train.json")
    entries = parse_json(text_in(folder, "train.json"), where)
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
    kept = parse_json(text_in(folder, "held_out.json"), where)
    if not isinstance(kept, list) or not all(type(number) is int for number in kept):
        raise InputError(f"{where}: expected a list of scene numbers, such as [0, 20, 40]")
    return torch.isin(scenes, torch.tensor(kept, dtype=torch.int64))
