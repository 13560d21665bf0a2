"""Runs condgan commands in a folder that is a small disk of its own; started by tests/test_full_disk.py.

python small_disk.py FOLDER SIZE STEP...   prints the results of the commands as JSON

A step is a JSON list: the words of a command, or `fill` and the bytes to spare, `free`, `read-only`, `writable`.
"""

import json
import os
import subprocess
import sys
import tempfile
from hashlib import sha256
from pathlib import Path
from typing import Any

from torch.utils import tensorboard  # noqa: F401  # imported once for all commands, as is more

from condgan import callbacks, cli, run  # noqa: F401
from condgan.cli import length  # noqa: F401

BALLAST = "ballast"


def mount(folder: Path, *options: str) -> None:
    """Mounts or remounts a disk in memory. It ends with this process, in whose namespace it is."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", str(folder)], check=True)


def fill(folder: Path, spare: int) -> None:
    """Fills the disk, apart from so many bytes."""
    disk = os.statvfs(folder)
    (folder / BALLAST).write_bytes(b"1" * max(0, disk.f_bavail * disk.f_frsize - spare))


def execute(folder: Path, words: list[str]) -> dict[str, Any]:
    """Runs a command in a child; returns its exit code, its output, and the hashes of all files in the folder."""
    with tempfile.TemporaryFile("w+") as output:
        child = os.fork()
        if child == 0:
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
            sys.argv, code = ["condgan", *words], 1
            try:
                cli.main()
            except SystemExit as end:
                code = int(end.code or 0)
            finally:
                sys.stdout.flush()
                os._exit(code)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        output.seek(0)
        files = {file for file in folder.rglob("*") if file.is_file() and "tensorboard" not in file.parts}
        hashes = {str(file.relative_to(folder)): sha256(file.read_bytes()).hexdigest() for file in files}
        return {"code": code, "output": output.read(), "files": hashes}


def do(folder: Path, name: str, *words: Any) -> list[dict[str, Any]]:
    """Does a step and returns the result of a command, if it is one."""
    match name:
        case "fill":
            fill(folder, *words)
        case "free":
            (folder / BALLAST).unlink()
        case "read-only" | "writable":
            mount(folder, "remount", "ro" if name == "read-only" else "rw")
        case _:
            return [execute(folder, [name, *words])]
    return []


if __name__ == "__main__":
    place, size, *steps = sys.argv[1:]
    mount(Path(place), f"size={size}")
    print(json.dumps([result for step in steps for result in do(Path(place), *json.loads(step))]))
