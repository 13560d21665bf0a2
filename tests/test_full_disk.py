"""A disk that is full or read-only ends a command with one message, and what was saved before stays whole."""

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from commands import TESTS, TINY
from conftest import Folder

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Done:
    """A command on a small disk: exit code, output, and the SHA-256 of each file afterwards."""

    code: int
    output: str
    files: dict[str, str]

    @property
    def message(self) -> str:
        """The only message of a command that failed."""
        assert self.code == 2, self.output
        (message,) = [line for line in self.output.splitlines() if line.startswith("condgan: ")]
        assert "Traceback" not in self.output
        return message


def on_a_small_disk(folder: Path, size: str, *steps: list[Any]) -> list[Done]:
    """Mounts a disk of this size at the folder, does these steps and returns the results of the commands.

    Skips the test where nobody but root may mount a disk.
    """
    unshare = ["unshare", "--user", "--map-root-user", "--mount"]
    try:
        trial = subprocess.run([*unshare, "mount", "-t", "tmpfs", "tmpfs", str(folder)], capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("no command `unshare`, which lets a user mount a disk on Linux")
    if trial.returncode:
        pytest.skip(f"this system lets no user mount a disk: {trial.stderr.strip()}")
    words = [sys.executable, "small_disk.py", str(folder), size, *map(json.dumps, steps)]
    done = subprocess.run([*unshare, *words], capture_output=True, text=True, cwd=TESTS, check=False)
    assert done.returncode == 0, done.stderr
    return [Done(**result) for result in json.loads(done.stdout.splitlines()[-1])]


def test_a_full_or_read_only_disk_keeps_what_is_saved_of_a_run(tmp_path: Path) -> None:
    def train(name: str, kimg: float) -> list[Any]:
        words = ["train", "cdcgan", "--data", "shapes", *TINY, "--kimg", str(kimg), "--save-minutes", "1e-9"]
        return [*words, "--runs", str(tmp_path), "--name", name, "--resume"]

    whole, saved, half_full, full, again, read_only, other = on_a_small_disk(
        tmp_path,
        "4m",
        train("whole", 0.048),
        train("run", 0.024),
        ["fill", 100_000],
        train("run", 0.048),
        ["free"],
        ["fill", 0],
        train("run", 0.048),
        ["free"],
        train("run", 0.048),
        ["read-only"],
        train("run", 0.08),
        train("other", 0.024),
    )
    assert "cannot write" in half_full.message
    assert "No space left on device; nothing was left behind; free some space" in half_full.message
    assert "found 0 MB of free space, expected" in full.message
    for failed in (half_full, full):
        assert not [name for name in failed.files if name.endswith(".tmp")]
        kept = {name: found for name, found in saved.files.items() if "checkpoints" in name}
        assert kept.items() <= failed.files.items()
        assert failed.files["run/saves.json"] == saved.files["run/saves.json"]
    assert again.code == 0, again.output
    for name in ("generator.safetensors", *(f"samples/{step:09d}.png" for step in range(7))):
        assert again.files[f"run/{name}"] == whole.files[f"whole/{name}"]
    for refused in (read_only, other):
        assert "Read-only file system" in refused.message
        assert refused.files == again.files


def test_a_full_or_read_only_disk_keeps_the_cache(
    iclevr_folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    monkeypatch.setenv("CONDGAN_CACHE", str(cache))
    small, large = (["data", "inspect", str(iclevr_folder.path), "--resolution", size] for size in ("16", "64"))
    image = tmp_path / "cat" / "0.bmp"
    image.parent.mkdir()
    Image.new("RGB", (400, 400)).save(image)  # of 0.5 MB
    shutil.make_archive(str(tmp_path / "packed"), "gztar", tmp_path, "cat")
    packed = ["data", "inspect", str(tmp_path / "packed.tar.gz")]
    first, full, not_unpacked, read_only, not_packed, writable = on_a_small_disk(
        cache, "256k", small, large, packed, ["read-only"], small, large, ["writable"], small
    )
    assert first.code == 0, first.output
    assert "No space left on device; 0.5 MB are needed; free some space, or name another folder" in full.message
    assert "No space left on device; unpacking" in not_unpacked.message
    assert full.files == not_unpacked.files == first.files
    assert read_only.code == 0, read_only.output
    assert "Read-only file system; 0.5 MB are needed" in not_packed.message
    assert writable.files == first.files
