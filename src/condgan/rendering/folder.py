"""Writes a folder of rendered scenes in the lab's i-CLEVR layout: images, train.json, objects.json and render.json.

`CLEVR_train_{scene:06d}_{frame}.png` shows the first objects of its scene; each later frame adds objects. The layout of
a scene depends only on the seed, the scene's number and its labels, the noise of an image only on the seed and the
numbers of scene and frame. The content of a file therefore does not depend on the number of processes, their order, or
files that existed before.
"""

import hashlib
import json
import os
import re
import signal
from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from itertools import islice, pairwise
from multiprocessing import get_context, parent_process
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
from PIL import Image

from condgan import files
from condgan.errors import InputError, writing
from condgan.rendering.render import mitsuba, render_scene
from condgan.rendering.scenes import LABELS, check_labels, sample_labels, sample_scene

NAME = re.compile(r"CLEVR_train_(\d{6})_(\d+)\.png")
EXAMPLE = '{"CLEVR_train_000000_0.png": ["red cube"]}'
RENDERER = 1  # version; increased when the same settings would give other pixels


@dataclass(frozen=True)
class Job:
    """The images of one scene that are to be rendered.

    `labels` are all objects of the scene. `images` are (frame, file name, number of objects shown) of each image.
    """

    scene: int
    labels: tuple[str, ...]
    images: tuple[tuple[int, str, int], ...]


def sample_entries(
    num_scenes: int, seed: int, min_objects: int = 1, max_objects: int = 3, excluded: Collection[Collection[str]] = ()
) -> dict[str, list[str]]:
    """Samples scenes and returns the labels of every image by file name.

    The first frame of a scene shows `min_objects` objects, and each later one adds an object, up to `max_objects`.
    Scene s depends only on (seed, s). No scene contains all labels of an excluded combination. Raises InputError if
    there are no scenes or the range of objects is invalid.

    >>> sample_entries(1, seed=0, max_objects=2)
    {'CLEVR_train_000000_0.png': ['blue cylinder'], 'CLEVR_train_000000_1.png': ['blue cylinder', 'brown cube']}
    """
    if num_scenes < 1:
        raise InputError(f"{num_scenes} scenes: expected at least 1")
    entries = {}
    for scene in range(num_scenes):
        labels = sample_labels(np.random.default_rng([seed, scene, 0]), max_objects, max_objects, excluded)
        for frame, num_objects in enumerate(range(min_objects, max_objects + 1)):
            entries[f"CLEVR_train_{scene:06d}_{frame}.png"] = labels[:num_objects]
    if not entries:
        raise InputError(f"{min_objects} to {max_objects} objects: expected a non-empty range")
    return entries


def render_dataset(
    folder: str | Path,
    entries: Mapping[str, Sequence[str]],
    resolution: int,
    seed: int,
    processes: int | None = None,
) -> Generator[int, None, None]:
    """Renders an image of each entry (file name to labels) into the folder; yields the number of finished images.

    Images that already exist are kept and counted first, so a call with the same settings continues one that was
    stopped. `processes` defaults to the number of cores. Raises InputError if a label is unknown, if a frame does not
    begin with the objects of the frame before it, or if the folder was made with other settings.
    """
    folder = Path(folder)
    jobs = group_scenes(entries)
    if resolution < 8:
        raise InputError(f"resolution {resolution}: expected at least 8, e.g. 64")
    if seed < 0:
        raise InputError(f"seed {seed}: expected at least 0")
    mitsuba()
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    _write_descriptions(folder, entries, resolution, seed, len(jobs))
    present = {path.name for path in folder.glob("CLEVR_train_*.png")}
    num_finished = sum(name in present for name in entries)
    yield num_finished
    missing = []
    for job in jobs:
        images = tuple(image for image in job.images if image[1] not in present)
        if images:
            missing.append(Job(job.scene, job.labels, images))
    for num_images in _run(missing, folder, resolution, seed, processes or os.cpu_count() or 1):
        num_finished += num_images
        yield num_finished


def read_entries(text: str, where: str) -> dict[str, list[str]]:
    """Returns the labels of every image by file name from the text of a train.json. `where` names it in messages.

    Raises InputError like `group_scenes`, and unless it is a map of names to lists of names.
    """
    entries = files.parse_json(text, where)
    if not isinstance(entries, dict) or not entries:
        raise InputError(f"{where}: expected a map of file names to objects, such as {EXAMPLE}")
    for name, labels in entries.items():
        if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
            raise InputError(f"{where}, entry {name[:40]!r}: found {repr(labels)[:80]}, expected a list of objects")
    try:
        group_scenes(entries)
    except InputError as error:
        raise InputError(f"{where}, {error}") from None
    return entries


def group_scenes(entries: Mapping[str, Sequence[str]]) -> list[Job]:
    """Groups entries (file name to labels) by scene.

    Raises InputError if a name does not have the form CLEVR_train_000012_0.png, if an object is unknown or occurs twice
    in an entry, or if a frame does not begin with the objects of the frame before it.
    """
    scenes: dict[int, list[tuple[int, str]]] = {}
    for name, labels in entries.items():
        match = NAME.fullmatch(name)
        if match is None:
            raise InputError(f"entry {name!r}: expected a name like CLEVR_train_000012_0.png")
        check_labels(labels, f"entry {name!r}")
        if len(set(labels)) < len(labels):
            raise InputError(f"entry {name!r}: an object occurs twice in {', '.join(labels)}")
        scenes.setdefault(int(match[1]), []).append((int(match[2]), name))
    jobs = []
    for scene, frames in sorted(scenes.items()):
        frames.sort()
        for (_, before), (_, after) in pairwise(frames):
            if list(entries[after])[: len(entries[before])] != list(entries[before]):
                raise InputError(
                    f"entry {after!r} ({', '.join(entries[after])}) does not begin with the objects of {before!r} "
                    f"({', '.join(entries[before])}): each frame of a scene must add to the one before it"
                )
        images = tuple((frame, name, len(entries[name])) for frame, name in frames)
        jobs.append(Job(scene, tuple(entries[frames[-1][1]]), images))
    return jobs


def _write_descriptions(
    folder: Path, entries: Mapping[str, Sequence[str]], resolution: int, seed: int, num_scenes: int
) -> None:
    labels = json.dumps({name: list(value) for name, value in entries.items()})
    settings = {
        "renderer": RENDERER,
        "seed": seed,
        "resolution": resolution,
        "num_scenes": num_scenes,
        "num_images": len(entries),
        "labels_sha256": hashlib.sha256(labels.encode()).hexdigest(),
    }
    place = folder / "render.json"
    if place.exists():
        found = _read_settings(place)
        differences = [
            f"{key} is {found.get(key)} there, {settings[key]} here"
            for key in settings
            if found.get(key) != settings[key]
        ]
        if differences:
            raise InputError(f"{place}: made with other settings ({'; '.join(differences)}); choose another folder")
    elif others := sorted(file.name for file in folder.iterdir() if not file.name.startswith(".")):
        raise InputError(f"{folder}: found {others[0]}, which was not rendered; choose an empty folder")
    files.write(place, json.dumps(settings, indent=1))
    files.write(folder / "objects.json", json.dumps({label: i for i, label in enumerate(LABELS)}))
    files.write(folder / "train.json", labels)


def _read_settings(place: Path) -> dict[str, Any]:
    found = files.read_json(place)
    return found if isinstance(found, dict) else {}


def _run(jobs: Sequence[Job], folder: Path, resolution: int, seed: int, processes: int) -> Iterator[int]:
    """Runs the jobs; yields the number of images of each finished one."""
    if processes == 1 or len(jobs) <= 1:
        for job in jobs:
            yield render_job(job, folder, resolution, seed)
        return
    # Spawned, not forked: a fork would copy locks that the caller's threads hold, and never release them.
    pool = ProcessPoolExecutor(min(processes, len(jobs)), get_context("spawn"), _follow_parent)
    try:
        queue = iter(jobs)
        running: set[Future[int]] = set()
        while True:
            for job in islice(queue, 4 * processes - len(running)):
                running.add(pool.submit(render_job, job, folder, resolution, seed))
            if not running:
                break
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                yield future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _follow_parent() -> None:
    """Makes a worker ignore Ctrl-C, so that it finishes its scene first, and exit when the parent has ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Exits as soon as the parent has ended, which may have been killed before it could end its workers."""
    if (parent := parent_process()) is not None:
        parent.join()
        os._exit(1)


def render_job(job: Job, folder: Path, resolution: int, seed: int) -> int:
    """Renders the images of one scene into the folder; returns their number."""
    scene = sample_scene(job.labels, np.random.default_rng([seed, job.scene, 1]))
    for frame, name, num_objects in job.images:
        pixel_seed = int(np.random.SeedSequence([seed, job.scene, frame]).generate_state(1)[0])
        image = Image.fromarray(render_scene(scene, num_objects, resolution, pixel_seed))
        with files.atomic_file(folder / name) as file:
            image.save(file, format="png")
    return len(job.images)
