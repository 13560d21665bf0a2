"""What `condgan train` says: before it starts how long and how large it becomes, then its progress and time left."""

import gc
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil, inf
from pathlib import Path
from typing import Any

import typer

from condgan.budget import Budget, Forecast
from condgan.checkpoint import checkpoint_bytes
from condgan.cli.console import console
from condgan.cli.progress import duration, size
from condgan.config import Config
from condgan.data import Images
from condgan.data.inspect import summary
from condgan.errors import InputError
from condgan.files import read_text
from condgan.log import Status, read_lines
from condgan.machine import Speed
from condgan.recipes import Recipe
from condgan.run import Run
from condgan.saves import Keep, read_saves
from condgan.state import GAME

FIRST_LOOK = 10  # minutes; suggested if a training takes more than twice as long


def precision_before(folder: Path) -> str | None:
    """Returns the precision of the run in a folder, or None without one. Raises InputError if run.json is broken."""
    file = folder / "run.json"
    return Config.parse(read_text(file), str(file)).precision if file.is_file() else None


@dataclass(frozen=True)
class DiskUse:
    """The most space that the checkpoints of a run take."""

    checkpoints: int
    num_bytes: int  # of each, about

    def __str__(self) -> str:
        """For example:

        >>> print(DiskUse(3, 12_300_000))
        checkpoints: up to 3 x 12 MB
        """
        return f"checkpoints: up to {self.checkpoints} x {size(self.num_bytes)}"

    def check(self, folder: Path) -> None:
        """Raises InputError if the disk of a run's folder, which need not exist, has obviously not enough space."""
        present = sum(file.stat().st_size for file in (folder / "checkpoints").glob("*.pt"))
        place = folder.absolute()
        disk = next(parent for parent in (place, *place.parents) if parent.exists())
        free, needed = shutil.disk_usage(disk).free, self.checkpoints * self.num_bytes - present
        if free < needed:
            found = f"{folder}: found {size(free)} of free space, expected {size(needed)} ({self})"
            raise InputError(f"{found}; free some space, choose another --runs, or keep fewer with --keep")


def describe(context: typer.Context, data: str, images: Images) -> None:
    """Says what the data set is, and what was left out of it."""
    console.note(f"data {data}: {summary(images)}")
    for notice in images.notices:
        console.note(f"notice: {notice}")
    if context.obj.data_hash not in ("", images.content_hash):
        console.note(f"notice: these are not the images of {context.obj.file}, or they have another resolution")


def forecast_of(
    recipe: Recipe,
    images: Images,
    kept: Keep,
    budget: Budget,
    save_minutes: float,
    speeds: Mapping[str, Speed],
    folder: Path,
) -> tuple[Callable[[Run], Iterable[str]], Forecast]:
    """Returns what to say about the length of a run before it starts, and a forecast of it.

    Raises InputError if the checkpoints do not fit on the disk.
    """
    gc.collect()  # the networks that were measured, which are in reference cycles
    num_saves = inf if budget.minutes is None else ceil(budget.minutes / save_minutes) + 1
    forecast = Forecast(budget, speeds)
    kimg = budget.kimg or forecast.seconds_left(GAME) * speeds[GAME].images_per_second / 1000
    disk = DiskUse(kept.most(kimg, num_saves), checkpoint_bytes(recipe, images))
    disk.check(folder)
    return lambda run: length_lines(run, forecast, recipe, images.num_training, disk), forecast


def length_lines(run: Run, forecast: Forecast, recipe: Recipe, num_training: int, disk: DiskUse) -> Iterator[str]:
    """Yields what to say about the length of a run before it starts or continues; nothing if it is over."""
    budget, phases = forecast.budget, list(forecast.images_per_second)
    lines = [line for name in ("pretraining", "log") for line in read_lines(run.folder / f"{name}.jsonl")]
    start: dict[str, Any] = {"phase": phases[0], "kimg": 0.0, "seconds": 0.0}
    last = {"phase": GAME, **lines[-1]} if lines else start
    left = forecast.seconds_left(last["phase"], last["kimg"], last["seconds"], run.config.planned_kimg)
    if not left:
        return
    saves = [save for save in read_saves(run.folder) if save.checkpoint]
    if saves:
        yield f"continues from {saves[-1].checkpoint}, {saves[-1].kimg:.1f} kimg"
    pretraining = forecast.pretraining_left(last["phase"], last["kimg"])
    speed = f"at {_rate(forecast.images_per_second[GAME])}"
    ending = " left" if lines else ""
    if budget.minutes is not None:
        kimg = (left - pretraining) * forecast.images_per_second[GAME] / 1000
        epochs = f"about {1000 * kimg / num_training:.2g} epochs{ending} {speed}"
        after = f", after {duration(pretraining)} of pretraining" if pretraining else ""
        what = f"{epochs}{after}" if kimg > 0 else f"nothing but pretraining, {duration(pretraining)}"
        yield f"--minutes {budget.minutes:g}: {what}; {disk}"
        if not lines and pretraining > 30 * budget.minutes:
            yield _warning(run, pretraining, budget.minutes, phases)
        return
    all_kimg = recipe.num_epochs * num_training / 1000
    whole = budget.kimg == all_kimg
    what = f"{recipe.num_epochs} epochs of {num_training:,} images" if whole else f"{budget.kimg:g} kimg"
    share = f", {duration(pretraining)} of it for pretraining" if pretraining else ""
    advice = f"; --minutes {FIRST_LOOK} for a first look" if left > 120 * FIRST_LOOK and not lines else ""
    yield f"{what}: about {duration(left)}{ending} {speed}{share}{advice}; {disk}"


def _rate(images_per_second: float) -> str:
    """Formats a speed; below 10 with two digits, as slow runs show less than one image per second."""
    return f"{images_per_second:{'.0f' if images_per_second >= 9.95 else '.2g'}} images/s"


def _warning(run: Run, pretraining: float, minutes: float, phases: list[str]) -> str:
    options = [f"--set {phase}_kimg=N" for phase in phases if f"{phase}_kimg" in run.config.options]
    advice = " ".join(["; shorten it with", *options]) if options else ""
    found = f"pretraining alone takes about {duration(pretraining)} of --minutes {minutes:g}"
    return f"warning: {found}, and is not cut short{advice}, or use more --minutes"


@contextmanager
def training_progress(forecast: Forecast, run: Run) -> Iterator[Callable[[Status], None]]:
    """Shows the progress of each phase of a training; yields a function to call with the newest status."""
    with console.progress() as progress:

        def show(status: Status) -> None:
            losses = "  ".join(f"{network} {total:.3f}" for network, total in status.totals.items())
            done = f"{status.phase}  step {status.step}  {status.kimg:.1f} kimg"
            forecast.images_per_second[status.phase] = status.images_per_second
            left = forecast.seconds_left(status.phase, status.kimg, status.seconds, run.config.planned_kimg)
            text = f"{done}  {_rate(status.images_per_second)}  {losses}"
            progress(status.phase, status.progress, text, f"{duration(left)} left")

        yield show
