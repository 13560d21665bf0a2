"""A folder of rendered scenes in the lab's i-CLEVR layout: images, train.json, objects.json and render.json.

Image `CLEVR_train_{scene:06d}_{turn}.png` shows the first objects of its scene; each later turn adds to them. A scene
is laid out from (seed, scene number) and its labels alone, an image's noise from (seed, scene number, turn), so what is
in a file does not depend on the number of processes, on their order, or on which files were there before.
"""

import hashlib
import json
import os
import re
import signal
from collections.abc import Collection, Iterator, Mapping, Sequence
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
from condgan.errors import InputError
from condgan.rendering.render import mitsuba, render_scene
from condgan.rendering.scenes import LABELS, check_labels, sample_labels, sample_scene

NAME = re.compile(r"CLEVR_train_(\d{6})_(\d+)\.png")
RENDERER = 1  # grows when the same settings would give other pixels


@dataclass(frozen=True)
class Job:
    """One scene: its number, all its labels, and per image the turn, the file name and how many objects it shows."""

    scene: int
    labels: tuple[str, ...]
    images: tuple[tuple[int, str, int], ...]


def sample_entries(
    num_scenes: int, seed: int, min_objects: int = 1, max_objects: int = 3, excluded: Collection[Collection[str]] = ()
) -> dict[str, list[str]]:
    """Labels of every image of sampled scenes, by file name: each scene grows from `min_objects` to `max_objects`.

    Scene s depends on (seed, s) alone. No scene holds all labels of an excluded combination.
    """
    if num_scenes < 1:
        raise InputError(f"{num_scenes} scenes: expected at least 1")
    entries = {}
    for scene in range(num_scenes):
        labels = sample_labels(np.random.default_rng([seed, scene, 0]), max_objects, max_objects, excluded)
        for turn, num_objects in enumerate(range(min_objects, max_objects + 1)):
            entries[f"CLEVR_train_{scene:06d}_{turn}.png"] = labels[:num_objects]
    if not entries:
        raise InputError(f"{min_objects} to {max_objects} objects: expected a range that is not empty")
    return entries


def render_dataset(
    folder: str | Path,
    entries: Mapping[str, Sequence[str]],
    resolution: int,
    seed: int,
    processes: int | None = None,
) -> Iterator[int]:
    """Render every entry (file name to labels) into the folder; yields how many images are there, first those found.

    `processes` defaults to the number of cores. Stop it at any time: the next call with the same settings goes on.
    Raises InputError for labels that are unknown or do not nest, and for a folder that was begun with other settings.
    """
    folder = Path(folder)
    jobs = group_scenes(entries)
    if resolution < 8:
        raise InputError(f"resolution {resolution}: expected at least 8, e.g. 64")
    if seed < 0:
        raise InputError(f"seed {seed}: expected a number from 0 up")
    mitsuba()
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


def group_scenes(entries: Mapping[str, Sequence[str]]) -> list[Job]:
    """Entries by scene, checked: known objects, none twice, each turn's list the beginning of the next turn's."""
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
    for scene, turns in sorted(scenes.items()):
        turns.sort()
        for (_, before), (_, after) in pairwise(turns):
            if list(entries[after])[: len(entries[before])] != list(entries[before]):
                raise InputError(
                    f"entry {after!r} ({', '.join(entries[after])}) does not begin with the objects of {before!r} "
                    f"({', '.join(entries[before])}): the turns of one scene must add to each other"
                )
        images = tuple((turn, name, len(entries[name])) for turn, name in turns)
        jobs.append(Job(scene, tuple(entries[turns[-1][1]]), images))
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
            f"{key} {found.get(key)} there, {settings[key]} now" for key in settings if found.get(key) != settings[key]
        ]
        if differences:
            raise InputError(f"{place}: begun with other settings ({'; '.join(differences)}): choose another folder")
    elif any(folder.glob("*.png")) or (folder / "train.json").exists():
        raise InputError(f"{folder}: holds images or labels that were not rendered here: choose an empty folder")
    files.write(place, json.dumps(settings, indent=1))
    files.write(folder / "objects.json", json.dumps({label: i for i, label in enumerate(LABELS)}))
    files.write(folder / "train.json", labels)


def _read_settings(place: Path) -> dict[str, Any]:
    try:
        found = json.loads(place.read_text())
    except json.JSONDecodeError as error:
        raise InputError(f"{place}: not JSON ({error}): choose another folder") from error
    return found if isinstance(found, dict) else {}


def _run(jobs: Sequence[Job], folder: Path, resolution: int, seed: int, processes: int) -> Iterator[int]:
    """Do the jobs; yields the number of images of each as it ends."""
    if processes == 1 or len(jobs) <= 1:
        for job in jobs:
            yield render_job(job, folder, resolution, seed)
        return
    # Spawned, not forked: the caller may hold threads, which a fork would leave locked.
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
    """Let the parent alone act on Ctrl-C: a worker ends its scene, then the pool ends the worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End this worker once the parent is gone: a parent that was killed could not tell it."""
    if (parent := parent_process()) is not None:
        parent.join()
        os._exit(1)


def render_job(job: Job, folder: Path, resolution: int, seed: int) -> int:
    """Lay out one scene and write its images; returns their number."""
    scene = sample_scene(job.labels, np.random.default_rng([seed, job.scene, 1]))
    for turn, name, num_objects in job.images:
        pixel_seed = int(np.random.SeedSequence([seed, job.scene, turn]).generate_state(1)[0])
        picture = Image.fromarray(render_scene(scene, num_objects, resolution, pixel_seed))
        with files.atomic_path(folder / name) as temporary:
            picture.save(temporary, format="png")
    return len(job.images)
