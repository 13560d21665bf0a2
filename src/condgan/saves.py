"""The saves of a run: `saves.json` lists them with the hashes of their files, and is written last.

A save counts once it is in the list. Whatever a process was doing when it was killed, the list names files that were
written before, and what is newer than its last entry is made again.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from math import inf
from pathlib import Path
from typing import Any

from condgan import files
from condgan.errors import InputError, did_you_mean
from condgan.files import read_json

NAME = "saves.json"
NUM_LAST = 2  # saves that are always kept: should one be broken, a run continues from the other
KEPT = ("last", "best", "every")
MAX_NAME = 200  # letters of the path of a file in a run; the system refuses to look for longer ones
CHECKPOINTS = "[0-9]" * 9  # the beginning of the names of checkpoints


@dataclass(frozen=True)
class Save:
    """A state of a run that it can continue from.

    `checkpoint` is the path of its file in the run's folder, or None before the first step, where the state follows
    from the seed. `files` holds the SHA-256 of each of its files by path. Both are unknown for runs of earlier
    versions: then `files` is empty and `processes` is 0. `kimg` counts thousands of images of the game. `score` is the
    first that the callback of the run returned, if there is one.
    """

    checkpoint: str | None
    processes: int
    files: Mapping[str, str]
    kimg: float = 0.0
    score: float | None = None

    def is_whole(self, folder: Path, name: str) -> bool:
        """Whether a file is there and has the content that was saved; of unknown content it has to be there only."""
        file = folder / name
        return file.is_file() and self.files.get(name) in (None, file_hash(file))


@dataclass(frozen=True)
class Keep:
    """Which saves of a run are kept: the last two, from which it continues, and others.

    With `best`, also the one with the highest score, the earliest of several. With `every`, also the first in each
    interval of so many kimg; the first interval, which begins untrained, has none.
    """

    best: bool = False
    every: float | None = None

    @classmethod
    def parse(cls, text: str) -> "Keep":
        """Parses a list such as `last,best,every=200`. Raises InputError.

        >>> Keep.parse("best,every=200")
        Keep(best=True, every=200.0)
        """
        keep = cls()
        for word in filter(None, (part.strip() for part in text.split(","))):
            name, _, number = word.partition("=")
            if word == "best":
                keep = replace(keep, best=True)
            elif name == "every" and number.replace(".", "", 1).isdecimal() and float(number) > 0:
                keep = replace(keep, every=float(number))
            elif word != "last":
                expected = "expected last, best or every=N (a positive number of kimg), separated by commas"
                advice = "" if name in KEPT else did_you_mean(name, KEPT)
                raise InputError(f"--keep {text}: found {word!r}, {expected}{advice}")
        return keep

    def __str__(self) -> str:
        """The list that `parse` reads.

        >>> print(Keep(best=True, every=200))
        last,best,every=200
        """
        every = f",every={Decimal(repr(self.every)).normalize():f}" if self.every else ""  # exact, without an exponent
        return "last" + ",best" * self.best + every

    def of(self, saves: Sequence[Save]) -> list[Save]:
        """Returns the saves that are kept, of all so far or of those that were kept before the last one."""
        kept = list(saves[-NUM_LAST:])
        if self.best:
            kept += sorted((save for save in saves if save.score is not None), key=lambda save: -(save.score or 0))[:1]
        if self.every:
            interval = 0
            for save in saves:
                if save.kimg // self.every > interval:
                    interval = int(save.kimg // self.every)
                    kept.append(save)
        return [save for save in saves if save in kept]

    def most(self, kimg: float, num_saves: float = inf) -> int:
        """Returns how many checkpoints there are at most, with the one being written, in a run of this length.

        >>> Keep().most(1000), Keep(best=True, every=200).most(1000), Keep(every=1).most(1000, num_saves=12)
        (3, 9, 15)
        """
        return NUM_LAST + 1 + int(min(self.best + (kimg // self.every if self.every else 0), num_saves))


def read_keep(folder: Path) -> Keep:
    """Returns which saves a run has kept so far; by default the last two. Raises InputError."""
    file = folder / NAME
    content = read_json(file) if file.is_file() else {}
    try:
        return Keep.parse(str(content.get("keep", ""))) if isinstance(content, dict) else Keep()
    except InputError as error:
        raise InputError(f"{file}: {error}; restore the file, or say what to keep with --keep") from None


def read_saves(folder: Path) -> list[Save]:
    """Returns the saves of a run, oldest first, also of a run of an earlier version. Raises InputError."""
    file = folder / NAME
    if not file.is_file():
        found = sorted((folder / "checkpoints").glob("*.pt"))
        return [Save(f"checkpoints/{checkpoint.name}", 0, {}) for checkpoint in found]
    content = read_json(file)
    try:
        saves = [_save(entry) for entry in content["saves"]]
        names = [name for save in saves for name in (save.checkpoint, *save.files) if name is not None]
        is_valid = all(isinstance(name, str) and not Path(name).is_absolute() and ".." not in name for name in names)
        is_valid = is_valid and all(len(name) < MAX_NAME for name in names)
    except (KeyError, TypeError, ValueError, OverflowError, AttributeError):
        is_valid = False
    if not is_valid:
        raise InputError(
            f"{file}: not the list of a run's saves; restore it, or delete it to use the checkpoints as is"
        )
    return saves


def _save(entry: Mapping[str, Any]) -> Save:
    score = entry.get("score")  # entries of earlier versions have none
    score = None if score is None else float(score)
    files = dict(entry["files"])
    return Save(entry["checkpoint"], int(entry["processes"]), files, float(entry.get("kimg", 0)), score)


def add_save(folder: Path, new: Save, keep: Keep) -> None:
    """Adds a save whose files have been written, and deletes the checkpoints of those that are not kept."""
    before = [save for save in read_saves(folder) if save.checkpoint not in (None, new.checkpoint)]
    write_saves(folder, keep.of([*before, new]), keep)


def write_saves(folder: Path, saves: Sequence[Save], keep: Keep) -> None:
    """Replaces the list of saves, and deletes all other checkpoints."""
    content = {"keep": str(keep), "saves": [asdict(save) for save in saves]}
    files.write(folder / NAME, json.dumps(content, indent=2) + "\n")
    delete_others(folder, saves)


def delete_others(folder: Path, saves: Sequence[Save]) -> None:
    """Deletes the checkpoints of a run that are of none of these saves."""
    names = {save.checkpoint for save in saves}
    for checkpoint in (folder / "checkpoints").glob(f"{CHECKPOINTS}*.pt"):
        if f"checkpoints/{checkpoint.name}" not in names:
            checkpoint.unlink()


def file_hash(file: Path) -> str:
    """Returns the SHA-256 of a file."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
