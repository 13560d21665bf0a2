"""Options shared by several commands, and functions to read files and to show messages and progress."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from condgan.errors import InputError

if TYPE_CHECKING:
    from rich.progress import Progress

    from condgan.data import Images

DATA = (
    "Data set: a folder, zip or tar file of labelled images (see docs/data.md), or `sample`, `mnist`, `shapes[:KIND]`."
)
DataOption = Annotated[str, typer.Option("--data", help=DATA)]
DataArgument = Annotated[str, typer.Argument(metavar="DATA", help=DATA)]
ResolutionOption = Annotated[
    int | None,
    typer.Option(
        "--resolution", help="Side length of the images in pixels. Default: that of the data set, usually 64."
    ),
]
SeedOption = Annotated[int, typer.Option("--seed", min=0, max=2**63 - 1, help="Random seed.")]
JudgeOption = Annotated[
    Path | None,
    typer.Option("--judge", help="Judge: a judge.safetensors or the lab's checkpoint.pth. Default: the embedded one."),
]
OptionsOption = Annotated[
    list[str], typer.Option("--set", metavar="NAME=VALUE", help="Set an option of the recipe; can be repeated.")
]

PresetOption = Annotated[
    str | None,
    typer.Option("--preset", help="Named options of the recipe (see `condgan recipes NAME`); --set overrides them."),
]
RecipeOption = Annotated[
    list[str],
    typer.Option(
        "--recipe",
        metavar="MODULE:FUNCTION",
        help="Recipe of your own that the files may use, which imports it; can be repeated. Recipes of condgan need no "
        "such permission.",
    ),
]


def use_recipes(names: Iterable[str]) -> None:
    """Imports the recipes named by --recipe, so that files may use them."""
    from condgan.recipes import use

    for name in names:
        use(name)


class Interrupted(Exception):
    """A training was interrupted. The message says what of it is saved."""


def fail(message: str, code: int) -> NoReturn:
    """Exits with this code after printing one message."""
    print(f"condgan: {message}", file=sys.stderr)
    sys.exit(code)


def load_data(spec: str, resolution: int | None, *, min_objects: int = 1, **reading: Any) -> Images:
    """Loads the data set named by an option, with a progress bar on a terminal while its files are read.

    `reading` are fields of `condgan.data.Reading`, as run.json has them.
    """
    from condgan.data import Reading, load_images
    from condgan.data.progress import watched

    with progress_bar("{task.description}", hidden=not sys.stdout.isatty()) as bar, watched(partial(show, bar)):
        return load_images(spec, resolution, min_objects=min_objects, reading=Reading(**reading))


def show(bar: Progress, what: str, done: int, total: int | None) -> None:
    """Shows how many files of a data set are listed, hashed or decoded, each in a line of its own."""
    description = f"{what} {done}" + ("" if total is None else f" of {total}") + " files"
    task = next((task.id for task in bar.tasks if task.description.startswith(what)), None)
    if task is None:
        for earlier in bar.tasks:  # is done, also if it was unknown of how many files
            bar.update(earlier.id, total=earlier.completed)
        task = bar.add_task(description, total=total)
    bar.update(task, completed=done, total=total, description=description)


def read_file(file: Path) -> str:
    """Returns the text of a file named by an option. Raises InputError if it cannot be read."""
    from condgan.files import read_text

    return read_text(file)


def parse_options(texts: Iterable[str]) -> dict[str, str]:
    """Parses options written as NAME=VALUE. Raises InputError without an equals sign."""
    options: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise InputError(f"--set {text}: expected NAME=VALUE, such as --set aux_weight=24")
        options[name.strip()] = value
    return options


def progress_bar(text: str, left: str = "", *, hidden: bool = False) -> Progress:
    """Returns a progress bar with the percentage, `text` (formatted with the task's fields) and the time left.

    `left` is the text of the time left; by default it is estimated from the speed of the bar.
    """
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    time_left = [TextColumn(left)] if left else [TimeRemainingColumn(), TextColumn("left")]
    return Progress(BarColumn(10), TextColumn("{task.percentage:>3.0f}%"), TextColumn(text), *time_left, disable=hidden)


def duration(seconds: float) -> str:
    """Formats a duration as people say it.

    >>> duration(50), duration(600), duration(36000), duration(10 * 86400)
    ('50 s', '10 min', '10 h', '10 days')
    """
    for unit, size, limit in (("s", 1, 90), ("min", 60, 90), ("h", 3600, 48)):
        if seconds < limit * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds / 86400:.0f} days"


def size(num_bytes: float) -> str:
    """Formats a number of bytes with two digits.

    >>> size(120_000), size(12_340_000), size(123_400_000), size(3_210_000_000)
    ('0.12 MB', '12 MB', '123 MB', '3.2 GB')
    """
    number, unit = (num_bytes / 1e6, "MB") if num_bytes < 1e9 else (num_bytes / 1e9, "GB")
    return f"{number:.0f} {unit}" if number >= 10 else f"{number:.2g} {unit}"
