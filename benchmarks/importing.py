"""Measures the import of a folder of many small images: ours, torchvision's ImageFolder, HuggingFace's `datasets`.

    python benchmarks/importing.py [--images 20000] [--processes 1 2] [--folder FOLDER] [--only NAME ...]

Writes 64x64 PNG files of ten classes into FOLDER, by default a temporary one, unless it has them. Every reader runs in
a process of its own, on as many cores as it may have processes, and decodes each image once: ours into the cache, and
once more from there; torchvision's in a loop or a DataLoader with workers; that of `datasets` into its cache (`pip
install datasets`) and then in the same loop. Prints seconds and processor seconds of all processes, both without the
time for importing libraries, and the highest sum of the processes' memory that is not of files, with the part that was
there before the start. On a busy machine only the processor seconds mean something. Linux only.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

SIDE = 64
NUM_CLASSES = 10
WAIT = 0.1  # seconds between two looks at the memory


def write_images(folder: Path, num_images: int) -> None:
    """Writes images of coarse noise, about 6 KB each."""
    rng = np.random.default_rng(0)
    for label in range(NUM_CLASSES):
        (folder / f"class{label}").mkdir(parents=True, exist_ok=True)
    for i in range(num_images):
        noise = Image.fromarray(rng.integers(0, 256, (8, 8, 3), dtype=np.uint8))
        file = folder / f"class{i % NUM_CLASSES}" / f"{i:07d}.png"
        noise.resize((SIDE, SIDE), Image.Resampling.BILINEAR).save(file, compress_level=1)


def ours(folder: str, processes: int) -> Callable[[], int]:
    """Loads the folder; the number of processes is that of the cores."""
    from condgan import load_images

    return lambda: len(load_images(f"folder:{folder}", SIDE))


def torchvision(folder: str, processes: int) -> Callable[[], int]:
    """Decodes the images of an ImageFolder as uint8 tensors."""
    from torch.utils.data import DataLoader
    from torchvision.datasets import ImageFolder
    from torchvision.transforms.v2 import PILToTensor

    def read() -> int:
        images = ImageFolder(folder, transform=PILToTensor())
        workers = 0 if processes == 1 else processes
        return sum(len(batch) for batch, _ in DataLoader(images, batch_size=256, num_workers=workers))

    return read


def huggingface(folder: str, processes: int) -> Callable[[], int]:
    """Imports the folder into the cache of `datasets`, and decodes its images as uint8 tensors."""
    import datasets
    from torch.utils.data import DataLoader

    datasets.disable_progress_bars()

    def read() -> int:
        with tempfile.TemporaryDirectory() as cache:
            several = None if processes == 1 else processes
            images = datasets.load_dataset(
                "imagefolder", data_dir=folder, split="train", cache_dir=cache, num_proc=several
            ).with_format("torch")
            workers = several or 0
            return sum(len(batch["image"]) for batch in DataLoader(images, batch_size=256, num_workers=workers))

    return read


READERS = {"ours": ours, "ours, from the cache": ours, "torchvision": torchvision, "datasets": huggingface}


def read_once(name: str, folder: str, processes: int) -> None:
    """Prints a line when the libraries are imported, waits for one, and prints the number of images and the seconds."""
    try:
        read = READERS[name](folder, processes)
    except ModuleNotFoundError as error:
        print(json.dumps(f"not measured: {error.name} is not installed"), flush=True)
        return
    print(json.dumps("ready"), flush=True)
    sys.stdin.readline()
    start, before = time.perf_counter(), processor_seconds()
    number = read()
    print(json.dumps([number, time.perf_counter() - start, processor_seconds() - before]), flush=True)


def processor_seconds() -> float:
    """Returns the processor time of this process and of its children that have ended."""
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def measure(name: str, folder: Path, processes: int, cache: str) -> str:
    """Runs a reader and returns the line of its results."""
    cores = sorted(os.sched_getaffinity(0))[-processes:]
    if len(cores) < processes:
        return f"not measured: found {len(cores)} core"
    reader = subprocess.Popen(
        [sys.executable, __file__, "--read", name, "--folder", str(folder), "--processes", str(processes)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "CONDGAN_CACHE": cache, "OMP_NUM_THREADS": "1"},
        preexec_fn=partial(os.sched_setaffinity, 0, cores),
    )
    with reader:
        assert reader.stdin
        assert reader.stdout
        if (found := json.loads(reader.stdout.readline())) != "ready":
            return str(found)
        before = memory(reader.pid)
        reader.stdin.write("\n")
        reader.stdin.flush()
        peak = before
        while (ended := reader.poll()) is None:
            peak = max(peak, memory(reader.pid))
            time.sleep(WAIT)
        if ended:
            return f"failed with exit code {ended}"
        number, seconds, processor = json.loads(reader.stdout.readline())
        times = f"{seconds:7.1f} s  {processor:7.1f} s of processors  {number / seconds:6.0f} images/s"
        return f"{times}  {peak:6.0f} MB, {before:.0f} of them before the start"


def memory(pid: int) -> float:
    """Returns the memory of a process and its children in MB, without that of files; shared pages count once."""
    return sum(map(anonymous_kib, tree(pid))) * 1024 / 1e6


def tree(pid: int) -> Iterator[int]:
    """Yields a process and all processes that it has started."""
    yield pid
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield from tree(int(child))
    except OSError:  # it has ended
        return


def anonymous_kib(pid: int) -> int:
    """Returns the proportional share of memory that is not of files; 0 for a process that has ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss_Anon:"))


def main() -> None:
    """Measures all readers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--only", nargs="+", choices=READERS, default=list(READERS))
    parser.add_argument("--read", choices=READERS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.read:
        read_once(options.read, str(options.folder), *options.processes)
        return
    with ExitStack() as stack:
        folder = options.folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if not folder.is_dir() or not any(folder.iterdir()):
            write_images(folder, options.images)
        for processes in options.processes:
            cache = stack.enter_context(tempfile.TemporaryDirectory())
            for name in options.only:
                print(f"{name:20} {processes} processes  {measure(name, folder, processes, cache)}", flush=True)


if __name__ == "__main__":
    main()
