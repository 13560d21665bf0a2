"""Options that several commands share, and what all of them do with files, messages and progress."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from condgan.errors import InputError

if TYPE_CHECKING:
    from rich.progress import Progress

    from condgan.data import Images

DATA = "A folder or zip file of labelled images, see docs/data.md, or `sample`, `mnist`, `shapes[:KIND]`."
DataOption = Annotated[str, typer.Option("--data", help=DATA)]
DataArgument = Annotated[str, typer.Argument(metavar="DATA", help=DATA)]
ResolutionOption = Annotated[
    int | None,
    typer.Option("--resolution", help="Side length in pixels. Without it: 64, or what the data set is made for."),
]
SeedOption = Annotated[int, typer.Option("--seed", min=0, help="What everything random follows from.")]
JudgeOption = Annotated[
    Path | None, typer.Option("--judge", help="judge.safetensors, or the lab's checkpoint.pth. Embedded if not given.")
]

OptionsOption = Annotated[list[str], typer.Option("--set", metavar="NAME=VALUE", help="An option of the recipe.")]


def fail(message: str, code: int) -> NoReturn:
    """Ends the command with one message."""
    print(f"condgan: {message}", file=sys.stderr)
    sys.exit(code)


def load_data(spec: str, resolution: int | None, **options: Any) -> Images:
    """Loads the data set that an option names."""
    from condgan.data import load_images

    return load_images(spec, resolution, **options)


def read_file(file: Path) -> str:
    """The text of a file that an option names."""
    from condgan.files import read_text

    if not file.is_file():
        raise InputError(f"{file}: no such file")
    return read_text(file)


def parse_options(texts: Iterable[str]) -> dict[str, str]:
    """The options in texts such as NAME=VALUE."""
    options: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise InputError(f"--set {text}: expected NAME=VALUE, such as --set aux_weight=24")
        options[name.strip()] = value
    return options


def progress_bar(text: str, *, hidden: bool = False) -> Progress:
    """A bar with a share, a text with fields of the task, and the time left."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = BarColumn(10), TextColumn("{task.percentage:>3.0f}%"), TextColumn(text), TimeRemainingColumn()
    return Progress(*columns, TextColumn("left"), disable=hidden)
