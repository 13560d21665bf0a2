"""Files with labels beside images, of every kind that is read."""

import gzip
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from PIL import Image

from condgan.data import Reading, load_images
from condgan.data.inspect import inspect
from condgan.rendering.scenes import LABELS
from fuzz.bytes import changed
from fuzz.case import Case, Target
from fuzz.values import NUMBERS, TEXTS, changed_json

NUM_IMAGES = 12
CELLS = (
    *TEXTS,
    *map(repr, NUMBERS[:20]),
    *("?", "-1", "1.0", "TRUE", "yes", "no", "n/a", "a;b", "a|b", "['a', 'b']", "{'a': 1}", '"', "\r"),
)


@dataclass(frozen=True)
class Layout:
    """A file of labels by its name, and the images beside it."""

    file: str
    content: bytes
    images: Sequence[str]
    tree: Any = None  # its JSON


def write_images(folder: Path, names: Sequence[str]) -> None:
    """Writes small images of noise."""
    for i, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.random.default_rng(i).integers(0, 256, (8, 8, 3), dtype=np.uint8)).save(folder / name)


def _lines(lines: Sequence[str]) -> bytes:
    return ("\n".join(lines) + "\n").encode()


def _json(file: str, tree: Any, images: Sequence[str]) -> Layout:
    return Layout(file, json.dumps(tree).encode(), images, tree)


def layouts() -> list[Layout]:
    """Returns an example of every kind."""
    n = range(NUM_IMAGES)
    flat, below = [f"{i}.png" for i in n], [f"images/{i}.png" for i in n]
    frames = [f"CLEVR_train_{i // 2:06d}_{i % 2}.png" for i in n]
    values = [("cat", "dog", "fox")[i % 3] for i in n]
    records = [{"file_name": f"{i}.png", "label": values[i], "size": i % 2, "tags": values[: 1 + i % 3]} for i in n]
    entries = {frame: list(LABELS[i : i + 1 + i % 2]) for i, frame in enumerate(frames)}
    coco = {
        "images": [{"id": i, "file_name": f"{i}.png"} for i in n],
        "annotations": [{"image_id": i, "category_id": i % 3} for i in n],
        "categories": [{"id": i, "name": name} for i, name in enumerate(("cat", "dog", "fox"))],
    }
    return [
        Layout(
            "labels.csv",
            _lines(["file,label,split", *(f"{i}.png,{values[i]},{'test' if i > 9 else 'train'}" for i in n)]),
            flat,
        ),
        Layout(
            "labels.csv",
            _lines(
                ["file,hair,eyes", *(f"{i}.png,{('aqua', 'red')[i % 2]},{('blue', 'green')[i // 2 % 2]}" for i in n)]
            ),
            flat,
        ),
        Layout("labels.csv", _lines(["id;a;b;c", *(f"{i};{i % 2};{i % 3 > 0:d};yes" for i in n)]), flat),
        Layout("labels.tsv", _lines(["file\tlabels", *(f'{i}.png\t"{values[i]}|{values[i - 1]}"' for i in n)]), flat),
        Layout(
            "list_attr_celeba.txt",
            _lines(
                [str(NUM_IMAGES), "Bald Smiling", *(f"{i}.png {1 - 2 * (i % 2)} {1 - 2 * (i // 2 % 2)}" for i in n)]
            ),
            flat,
        ),
        Layout(
            "tags.csv",
            _lines([f"{i},{('aqua', 'red')[i % 2]} hair {('blue', 'green')[i // 2 % 2]} eyes" for i in n]),
            below,
        ),
        Layout("0.txt", b"long hair, smile, 1girl", flat),
        _json("dataset.json", {"labels": [[f"{i}.png", i % 3] for i in n]}, flat),
        _json("dataset.json", {"labels": [[f"{i}.png", [i % 2, 1, 0]] for i in n]}, flat),
        _json("labels.json", {f"{i}.png": values[i] for i in n}, flat),
        _json("metadata.json", records, flat),
        Layout("metadata.jsonl", _lines(list(map(json.dumps, records))), flat, records),
        _json("train.json", entries, frames),
        _json("objects.json", {label: i for i, label in enumerate(LABELS)}, frames),
        _json("held_out.json", [0, 2], frames),
        _json("test.json", [["gray cube"], ["red cube", "blue sphere"]], frames),
        _json("annotations.json", coco, below),
    ]


def _beside(layout: Layout) -> dict[str, bytes]:
    """The files that belong to the layout, apart from the one that is changed."""
    if layout.images[0].startswith("CLEVR"):
        others = {each.file: each.content for each in layouts() if each.images[0].startswith("CLEVR")}
        return {name: content for name, content in others.items() if name != layout.file}
    if layout.file == "0.txt":
        return {f"{i}.txt": b"smile, short hair" for i in range(1, NUM_IMAGES)}
    return {}


def _changed_cells(content: bytes, random: Random) -> bytes:
    """Replaces cells of a table."""
    lines = content.decode().splitlines()
    for _ in range(random.choice([1, 1, 2, 5])):
        row = random.randrange(len(lines))
        delimiter = next((each for each in "\t;, " if each in lines[row]), ",")
        cells = lines[row].split(delimiter)
        cells[random.randrange(len(cells))] = random.choice(CELLS)
        lines[row] = delimiter.join(cells)
        if not random.randrange(6):
            lines.insert(random.randrange(len(lines)), random.choice(lines))
    return "\n".join(lines).encode(random.choice(["utf-8", "utf-8", "utf-8", "utf-16", "cp1252"]), errors="replace")


def _reading(layout: Layout, random: Random) -> Reading:
    if random.randrange(3) or layout.file in ("train.json", "objects.json", "held_out.json", "test.json"):
        return Reading()
    word = random.choice(["label", "hair", "file", "x", *TEXTS])
    return random.choice(
        [
            Reading(missing=random.choice(["drop", "no", "yes", "keep"])),
            Reading(uncertain=random.choice(["drop", "no", "yes"])),
            Reading(file_column=word),
            Reading(label_columns=(word, random.choice(["size", "eyes"]))),
            Reading(group_by=word),
            Reading(table=random.choice([layout.file, word])),
            Reading(label_per_row=True),
            Reading(delimiter=random.choice([",", ";", "tab", " ", word])),
            Reading(encoding=random.choice(["cp1252", "utf-16-le", "gbk", "utf-7", "punycode", "idna"])),
            Reading(yes=(word,), no=("cat",)),
            Reading(split=random.choice(["stratified", "every-20th"])),
        ]
    )


def _tables(folder: Path) -> Callable[[Random], Case]:
    found = layouts()
    for i, layout in enumerate(found):
        write_images(folder / str(i), layout.images)
        for name, content in _beside(layout).items():
            (folder / str(i) / name).write_bytes(content)

    def make(random: Random) -> Case:
        number = random.randrange(len(found))
        layout, reading = found[number], _reading(found[number], random)
        kind, content = random.randrange(3), layout.content
        if kind == 0 and layout.tree is not None:
            content = changed_json(layout.tree, random)
            if layout.file.endswith("l"):
                content = b"\n".join(changed_json(record, random) for record in layout.tree)
        elif kind == 0:
            content = _changed_cells(layout.content, random)
        if kind == 1 or not random.randrange(4):
            content = changed(content, random, [each.content for each in found])
        min_objects = random.choice([0, 1])

        def call() -> None:
            (folder / str(number) / layout.file).write_bytes(content)
            images = load_images(str(folder / str(number)), 8, min_objects=min_objects, reading=reading)
            assert len(images.labels) == len(images.images) == len(images.held_out)
            inspect(images)
            images.condition.describe_all(images.labels)

        return Case(f"{layout.file} {reading} {min_objects}\n".encode(errors="replace") + content, call)

    return make


def _idx(folder: Path) -> Callable[[Random], Case]:
    rng = np.random.default_rng(0)
    files = {}
    for part in ("train", "t10k"):
        image, digit = rng.integers(0, 256, (6, 28, 28), np.uint8), np.arange(6, dtype=np.uint8)
        for name, array in ((f"{part}-images-idx3-ubyte", image), (f"{part}-labels-idx1-ubyte", digit)):
            head = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
            files[name] = head + array.tobytes()
    names = list(files)

    def make(random: Random) -> Case:
        name = random.choice(names)
        content = (
            changed(files[name][:32], random) + files[name][32:]
            if random.randrange(2)
            else changed(files[name], random)
        )
        compressed = bool(random.randrange(2))
        if compressed:
            content = gzip.compress(content) if random.randrange(2) else changed(gzip.compress(files[name]), random)

        def call() -> None:
            for each in names:
                (folder / each).write_bytes(files[each])
                (folder / f"{each}.gz").unlink(missing_ok=True)
            if compressed:
                (folder / name).unlink()
            (folder / (f"{name}.gz" if compressed else name)).write_bytes(content)
            load_images(f"mnist:{folder}", 28)

        return Case(content, call)

    return make


TARGETS = (Target("label-files", 6_000, _tables), Target("idx-files", 4_000, _idx))
