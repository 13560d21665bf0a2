"""The saves of a run: `saves.json` lists them with the hashes of their files, and is written last.

A save counts once it is in the list. Whatever a process was doing when it was killed, the list names files that were
written before, and what is newer than its last entry is made again.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from condgan import files
from condgan.errors import InputError
from condgan.files import read_json

NAME = "saves.json"
NUM_KEPT = 2
CHECKPOINTS = "[0-9]" * 9  # the beginning of the names of checkpoints


@dataclass(frozen=True)
class Save:
    """A state of a run that it can continue from.

    `checkpoint` is the path of its file in the run's folder, or None before the first step, where the state follows
    from the seed. `files` holds the SHA-256 of each of its files by path. Both are unknown for runs of earlier
    versions: then `files` is empty and `processes` is 0.
    """

    checkpoint: str | None
    processes: int
    files: Mapping[str, str]

    def is_whole(self, folder: Path, name: str) -> bool:
        """Whether a file is there and has the content that was saved; of unknown content it has to be there only."""
        file = folder / name
        return file.is_file() and self.files.get(name) in (None, file_hash(file))


def read_saves(folder: Path) -> list[Save]:
    """Returns the saves of a run, oldest first, also of a run of an earlier version. Raises InputError."""
    file = folder / NAME
    if not file.is_file():
        found = sorted((folder / "checkpoints").glob("*.pt"))
        return [Save(f"checkpoints/{checkpoint.name}", 0, {}) for checkpoint in found]
    content = read_json(file)
    try:
        saves = [Save(entry["checkpoint"], int(entry["processes"]), dict(entry["files"])) for entry in content["saves"]]
        names = [name for save in saves for name in (save.checkpoint, *save.files) if name is not None]
        is_valid = all(isinstance(name, str) and not Path(name).is_absolute() and ".." not in name for name in names)
    except (KeyError, TypeError, ValueError, AttributeError):
        is_valid = False
    if not is_valid:
        raise InputError(
            f"{file}: not the list of a run's saves; restore it, or delete it to use the checkpoints as is"
        )
    return saves


def add_save(folder: Path, saves: Sequence[Save], new: Save) -> list[Save]:
    """Adds a save whose files have been written, deletes the checkpoints of old ones, and returns the saves kept."""
    kept = [*(save for save in saves if save.checkpoint not in (None, new.checkpoint)), new][-NUM_KEPT:]
    files.write(folder / NAME, json.dumps({"saves": [asdict(save) for save in kept]}, indent=2) + "\n")
    names = {save.checkpoint for save in kept}
    for checkpoint in (folder / "checkpoints").glob(f"{CHECKPOINTS}*.pt"):
        if f"checkpoints/{checkpoint.name}" not in names:
            checkpoint.unlink()
    return kept


def file_hash(file: Path) -> str:
    """Returns the SHA-256 of a file."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
