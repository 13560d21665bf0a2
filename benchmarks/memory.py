"""Measures the peak memory of commands for data sets of several sizes.

    python benchmarks/memory.py [--images 2000 8000 32000] [--resolution 64] [--only NAME ...] [--folder FOLDER]

Writes a folder of images of ten classes for each size, imports it into an empty cache, inspects it, trains `cdcgan` for
twenty steps with scores at saves and evaluates the run. Rendering makes a hundredth as many images. Each command runs
in a process of its own. Prints a Markdown table of two numbers in MB for each: the peak of the memory that is not of
files, summed over all its processes, and the peak of all resident memory of the largest, to which the pages of mapped
files belong that the system may take back at any time. Linux only.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

NUM_CLASSES = 10
WAIT = 0.05  # seconds between two looks at the memory
IMPORT = "import sys; from condgan import load_images; load_images(sys.argv[1], int(sys.argv[2]))"
JUDGE = """
import sys
from pathlib import Path
from condgan import load_images
from condgan.judge.formats import judge_to_bytes
from condgan.judge.model import small_judge
condition = load_images(sys.argv[1], int(sys.argv[2])).condition
Path(sys.argv[3]).write_bytes(judge_to_bytes(small_judge(condition, int(sys.argv[2]))))
"""


def write_images(folder: Path, num_images: int, resolution: int) -> None:
    """Writes images of coarse noise in a sub-folder for each class, unless they are there."""
    random = np.random.default_rng(0)
    for label in range(NUM_CLASSES):
        (folder / f"class{label}").mkdir(parents=True, exist_ok=True)
    for i in range(num_images):
        file = folder / f"class{i % NUM_CLASSES}" / f"{i:07d}.png"
        noise = random.integers(0, 256, (8, 8, 3), dtype=np.uint8)
        if not file.exists():
            Image.fromarray(noise).resize((resolution, resolution)).save(file, compress_level=1)


def commands(folder: Path, num_images: int, resolution: int) -> dict[str, list[str]]:
    """Returns the words of each command after the interpreter's, in the order in which they need each other."""
    data, size, judge, runs = str(folder / "images"), str(resolution), str(folder / "judge.safetensors"), str(folder)
    condgan = ["-m", "condgan.cli"]
    small = ["--set", "width=8", "--set", "batch_size=32", "--kimg", "0.64"]
    train = [*condgan, "train", "cdcgan", "--data", data, "--resolution", size, "--judge", judge, "--runs", runs]
    render = [*condgan, "data", "render", "--scenes", str(num_images // 300), "--resolution", "64", "--processes", "1"]
    return {
        "import": ["-c", IMPORT, data, size],
        "judge": ["-c", JUDGE, data, size, judge],
        "data inspect": [*condgan, "data", "inspect", data, "--resolution", size],
        "train": [*train, *small, "--name", "run", "--resume"],
        "evaluate": [*condgan, "evaluate", str(folder / "run"), "--judge", judge, "--draws", "8"],
        "data render": [*render, str(folder / "rendered")],
    }


def measure(words: Sequence[str], cache: Path) -> tuple[float, float]:
    """Runs a command; returns the two peaks in MB. Ends the program if it fails."""
    environment = {**os.environ, "CONDGAN_CACHE": str(cache), "OMP_NUM_THREADS": "1"}
    with tempfile.TemporaryFile("w+") as output:
        started = subprocess.Popen([sys.executable, *words], stdout=output, stderr=output, env=environment)
        peak = 0.0
        while (ended := os.wait4(started.pid, os.WNOHANG))[0] == 0:
            peak = max(peak, not_of_files(started.pid))
            time.sleep(WAIT)
        started.returncode = os.waitstatus_to_exitcode(ended[1])
        if started.returncode:
            output.seek(0)
            sys.exit(f"{' '.join(words)}: exit code {started.returncode}\n{output.read()[-2000:]}")
        return peak, ended[2].ru_maxrss / 1000


def not_of_files(pid: int) -> float:
    """Returns the resident memory of a process and its children that is not of files, in MB."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):  # it has ended
        return 0.0
    own = sum(int(line.split()[1]) for line in status.splitlines() if line.startswith("RssAnon:"))
    return own / 1000 + sum(not_of_files(int(child)) for child in children)


def main() -> None:
    """Prints the table a row at a time."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, nargs="+", default=[2000, 8000, 32000])
    parser.add_argument("--resolution", type=int, default=64)
    parser.add_argument("--only", nargs="+", help="commands to measure; they need those before them")
    parser.add_argument("--folder", type=Path, help="kept, with the images; default: a temporary one")
    parsed = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        parent, measured = parsed.folder or Path(temporary), dict[str, list[str]]()
        print(f"pixels in MB: {', '.join(f'{3 * parsed.resolution**2 * n / 1e6:.0f}' for n in parsed.images)}")
        for number in parsed.images:
            folder = parent / str(number)
            write_images(folder / "images", number, parsed.resolution)
            for name, words in commands(folder, number, parsed.resolution).items():
                if not parsed.only or name in (*parsed.only, "judge"):
                    peak, resident = measure(words, folder / "cache")
                    measured.setdefault(name, []).append(f"{peak:.0f} / {resident:.0f}")
                    print(f"{number} images, {name}: {peak:.0f} / {resident:.0f} MB", file=sys.stderr, flush=True)
    print("| command | " + " | ".join(f"{number:,}" for number in parsed.images) + " |")
    print("|---|" + "---|" * len(parsed.images))
    for name, row in measured.items():
        if name != "judge":
            print(f"| `{name}` | " + " | ".join(row) + " |")


if __name__ == "__main__":
    main()
