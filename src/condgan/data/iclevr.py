"""i-CLEVR: a folder or zip file of frames with `train.json`, `objects.json` and condition lists.

Frames are named `CLEVR_train_<scene>_<frame>.png`. `train.json` maps each to the objects it shows, `objects.json` each
object to its index. Optional are `test.json` and `new_test.json`, lists of conditions to generate and score, and
`held_out.json`, a list of the scenes that are not trained on; by default these are every 20th. The files may be in
sub-folders, such as `iclevr` for the frames and `file` for the rest.
"""

import re
from collections.abc import Iterable
from pathlib import Path

import torch
from torch import Tensor

from condgan.conditions import MultiLabel, parse_conditions
from condgan.data.dataset import Images, check_resolution
from condgan.data.image_files import ImageFiles
from condgan.data.listing import Listing, list_folder
from condgan.data.names import by_name, named
from condgan.data.opening import open_folder, text_in
from condgan.data.packed import decode_images
from condgan.errors import InputError
from condgan.files import parse_json

CONDITION_LISTS = ("test", "new_test")
NAMES = {"train.json", "objects.json", "held_out.json", *(f"{name}.json" for name in CONDITION_LISTS)}
MAX_DIGITS = 15  # of the number of a scene
FRAME = r".*?(\d+)_\d+\.\w+"


def iclevr(path: str | Path, resolution: int = 64, *, min_objects: int = 1) -> Images:
    """Reads the data set in a folder or zip file, each frame stretched to (resolution, resolution).

    Raises InputError naming file and entry: missing or broken frames, unknown or repeated labels, fewer than
    `min_objects` labels.
    """
    check_resolution(resolution)
    path = Path(path)
    if not path.exists():
        raise InputError(f"{path}: no such folder; expected one with train.json, objects.json and the frames it names")
    listing = list_folder(open_folder(path))
    files = _Files(listing)
    condition = _read_objects(files)
    labels = _read_labels(files, condition, min_objects)
    scenes = _scenes(files, labels)
    held_out = _held_out(files, scenes)
    lists = {
        name: parse_conditions(*files.text(f"{name}.json"), condition)
        for name in CONDITION_LISTS
        if f"{name}.json" in files.paths
    }
    images = listing.file_names
    found = {name: images.find(name) for name in labels}
    if several := [name for name, frames in found.items() if len(frames) > 1]:
        first, second = found[several[0]]
        raise InputError(f"{files.where('train.json')}, {several[0]}: found {first} and {second}; keep one of them")
    frames = [found[name][0] if found[name] else name for name in labels]  # a missing one is reported when it is read
    without = sorted(set(listing.images) - set(frames), key=by_name)
    notices = [f"left out, frames without labels: {len(without)} ({named(without)})"] if without else []
    notices += listing.notices(list(files.paths.values()))
    image_files = ImageFiles(listing.folder, frames)
    return Images(
        images=decode_images(path, image_files, resolution),
        labels=torch.stack(list(labels.values())),
        condition=condition,
        scenes=scenes,
        held_out=held_out,
        condition_lists=lists,
        symmetric=True,
        files=image_files,
        notices=notices,
    )


def is_iclevr(listing: Listing) -> str:
    """Returns the file that tells that a folder has this layout, or nothing."""
    files = _Files(listing)
    if "objects.json" in files.paths:
        return "objects.json"
    if "train.json" not in files.paths:
        return ""
    try:
        entries = parse_json(*files.text("train.json"))
    except InputError:
        return ""
    is_map = isinstance(entries, dict) and bool(entries) and all(isinstance(value, list) for value in entries.values())
    return "train.json" if is_map and all(re.fullmatch(FRAME, name) for name in entries) else ""


class _Files:
    """The JSON files of a folder: those with the fewest folders around them."""

    def __init__(self, listing: Listing):
        self.folder = listing.folder
        nearest = sorted(listing.others, key=lambda name: -name.count("/"))
        self.paths = {name.rpartition("/")[2]: name for name in nearest if name.rpartition("/")[2] in NAMES}

    def where(self, name: str) -> str:
        return str(self.folder / self.paths.get(name, name))

    def text(self, name: str) -> tuple[str, str]:
        """Returns the text of a file, and its name in messages. Raises InputError if there is none."""
        return text_in(self.folder, self.paths.get(name, name)), self.where(name)


def _read_objects(files: _Files) -> MultiLabel:
    text, where = files.text("objects.json")
    objects = parse_json(text, where)
    if not isinstance(objects, dict) or sorted(objects.values(), key=str) != sorted(range(len(objects)), key=str):
        raise InputError(f'{where}: expected a map of object names to 0, 1, 2, ..., such as {{"gray cube": 0}}')
    return MultiLabel(sorted(objects, key=objects.__getitem__))


def _read_labels(files: _Files, condition: MultiLabel, min_objects: int) -> dict[str, Tensor]:
    text, where = files.text("train.json")
    entries = parse_json(text, where)
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


def _scenes(files: _Files, names: Iterable[str]) -> Tensor:
    numbers = []
    for name in names:
        match = re.fullmatch(FRAME, name)
        if not match or len(match[1]) > MAX_DIGITS:
            raise InputError(f"{files.where('train.json')}, {name}: expected a name such as CLEVR_train_000000_0.png")
        numbers.append(int(match[1]))
    return torch.tensor(numbers)


def _held_out(files: _Files, scenes: Tensor) -> Tensor:
    if "held_out.json" not in files.paths:
        return scenes % 20 == 0
    text, where = files.text("held_out.json")
    kept = parse_json(text, where)
    if not isinstance(kept, list) or not all(type(number) is int and abs(number) < 10**MAX_DIGITS for number in kept):
        raise InputError(f"{where}: expected a list of scene numbers, such as [0, 20, 40]")
    return torch.isin(scenes, torch.tensor(kept, dtype=torch.int64))
