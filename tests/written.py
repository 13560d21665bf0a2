"""Writes small data sets for tests."""

import gzip
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

HAIR, EYES = ("aqua", "dark red", "white"), ("blue", "green")


def write_images(folder: Path, names: Iterable[str], size: tuple[int, int] = (16, 16)) -> None:
    """Writes distinct images of noise."""
    for i, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(i).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / name)


def write_csv(folder: Path, header: str, rows: Sequence[str], name: str = "labels.csv") -> None:
    """Writes a CSV file with rows for 0.png, 1.png, ... and the images."""
    write_images(folder, [f"{i}.png" for i in range(len(rows))])
    (folder / name).write_text("\n".join([f"file,{header}", *(f"{i}.png,{row}" for i, row in enumerate(rows))]) + "\n")


def write_folder(folder: Path) -> None:
    """Writes forty images with two attributes."""
    write_csv(folder, "hair,eyes", [f"{HAIR[i % 3]},{EYES[i % 2]}" for i in range(40)])


def write_anime(folder: Path) -> None:
    """Writes forty images with `tags.csv`."""
    write_images(folder, [f"images/{i}.jpg" for i in range(40)])
    rows = [f"{i},{HAIR[i % 3]} hair {EYES[i % 2]} eyes" for i in range(40)]
    (folder / "tags.csv").write_text("\n".join(rows) + "\n")


def idx(array: np.ndarray) -> bytes:
    """Returns the content of an idx file of bytes."""
    return bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes() + array.astype(np.uint8).tobytes()


def write_mnist(folder: Path, num_training: int = 40, num_held_out: int = 10) -> None:
    """Writes the four idx files with images of noise, those of t10k compressed."""
    rng = np.random.default_rng(0)
    for part, num in (("train", num_training), ("t10k", num_held_out)):
        arrays = {"images-idx3": rng.integers(0, 256, (num, 28, 28)), "labels-idx1": np.arange(num) % 10}
        for name, array in arrays.items():
            file = folder / f"{part}-{name}-ubyte"
            if part == "train":
                file.write_bytes(idx(array))
            else:
                file.with_name(f"{file.name}.gz").write_bytes(gzip.compress(idx(array)))


def write_coco(folder: Path) -> None:
    """Writes forty images with COCO annotations of three categories."""
    write_images(folder, [f"images/{i}.jpg" for i in range(40)])
    content = {
        "images": [{"id": i, "file_name": f"{i}.jpg"} for i in range(40)],
        "annotations": [{"image_id": i, "category_id": c} for i in range(40) for c in range(3) if i % 3 >= c],
        "categories": [{"id": c, "name": name} for c, name in enumerate(("cat", "dog", "fox"))],
    }
    (folder / "annotations.json").write_text(json.dumps(content))


WRITERS: dict[str, Callable[[Path], None]] = {
    "mnist": write_mnist,
    "anime": write_anime,
    "coco": write_coco,
    "folder": write_folder,
}
