"""Everything that commands print: results, messages and progress, for people or for scripts."""

from __future__ import annotations

import hashlib
import json
import math
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TextIO

import typer

from condgan.cli.signatures import with_options

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.progress import Progress, TaskID

LINE_SECONDS = 60  # between two lines of progress in a file
FIRST_SECONDS = 10  # before the first of them
WIDTH = 160  # of tables in a file

Show = Callable[..., None]  # see `Console.progress`

OPTIONS: Mapping[str, tuple[Any, Any]] = {  # of all commands: annotation and default
    "json": (
        Annotated[
            bool,
            typer.Option(
                "--json",
                help="Print the result as a JSON document, and everything else to stderr.",
                rich_help_panel="Output",
            ),
        ],
        False,
    ),
    "quiet": (
        Annotated[
            bool,
            typer.Option("--quiet", "-q", help="Print results and errors only.", rich_help_panel="Output"),
        ],
        False,
    ),
}


@dataclass
class Console:
    """Where a command prints. The options `--json` and `--quiet` configure it; commands do not know them.

    A command prints its result for people with `print` and returns it as plain data, which is what `--json` prints.
    Of the processes of a job, only the first prints.
    """

    json: bool = False
    quiet: bool = False
    out: TextIO | None = None  # of JSON documents; sys.stdout by default

    @property
    def stream(self) -> TextIO:
        """Where everything but a JSON document goes."""
        return sys.stderr if self.json else sys.stdout

    def print(self, *results: RenderableType) -> None:
        """Prints results for people: texts, one in a line, and tables. Tables have a fixed width in files."""
        if (self.json and self.quiet) or not _is_main():
            return
        for result in results:
            if isinstance(result, str):
                print(result, file=self.stream, flush=True)
            else:
                from rich.console import Console as Terminal

                width = None if self.stream.isatty() else WIDTH
                Terminal(file=self.stream, width=width).print(result, markup=False)

    def note(self, text: str) -> None:
        """Prints what is worth knowing on the way to the result."""
        if not self.quiet and _is_main():
            print(text, file=self.stream, flush=True)  # before a long wait, also into a pipe

    @contextmanager
    def progress(self) -> Iterator[Show]:
        """Yields `show(task, share, text, left="")`, which tells how far a part of the command has got.

        A terminal shows a bar for each task; a file gets one line a minute. `share` is in [0, 1], or None if it is
        unknown. `left` is the time left; by default it is estimated from the speed so far.
        """
        if self.quiet or not _is_main():
            yield lambda *args, **more: None
        elif self.stream.isatty():
            from rich.console import Console as Terminal
            from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

            columns = BarColumn(10), TaskProgressColumn(), TextColumn("{task.description}", markup=False)
            with Progress(*columns, console=Terminal(file=self.stream)) as progress:
                yield _Bars(progress).show
        else:
            lines = _Lines(self.stream)
            yield lines.show
            lines.end()

    def document(self, result: Any) -> None:
        """Prints the result of a command with `--json`."""
        if self.json and _is_main():
            print(json.dumps(as_json(result), indent=2, allow_nan=False), file=self.out, flush=True)


console = Console()


class Interrupted(Exception):
    """A training was interrupted. The message says what of it is saved."""


def fail(message: str, code: int) -> NoReturn:
    """Exits with this code after printing one message. Processes of torchrun print the same message once."""
    if is_first(message):
        print(f"condgan: {message}", file=sys.stderr)
    sys.exit(code)


def _is_main() -> bool:
    """Whether this is the first process of a job, by what its launcher said; `processes` checks that."""
    return os.environ.get("RANK", "0") == "0"


def is_first(message: str) -> bool:
    """Whether no other process that torchrun started on this machine has printed this message."""
    file = os.environ.get("TORCHELASTIC_ERROR_FILE")  # of this process; the parent of its folder is for all of them
    if not file:
        return True
    mark = Path(file).parents[1] / f"condgan-{hashlib.sha256(message.encode()).hexdigest()[:16]}"
    try:
        mark.touch(exist_ok=False)
    except FileExistsError:
        return False
    except OSError:  # a message twice is better than none
        return True
    return True


def with_output(command: Callable[..., Any]) -> Callable[..., None]:
    """Adds `--json` and `--quiet` to a command, which returns its result as plain data."""

    @wraps(command)
    def run(*, json: bool, quiet: bool, **values: Any) -> None:
        console.json, console.quiet, console.out = json, quiet, sys.stdout
        with redirect_stdout(console.stream):  # libraries print, too
            result = command(**values)
        console.document(result)

    return with_options(run, command, OPTIONS)


def as_json(value: Any) -> Any:
    """Returns plain data that JSON has: paths as text, tuples as lists, and no NaN or infinity.

    >>> as_json({"loss": float("nan"), "shape": (3, 64, 64)})
    {'loss': None, 'shape': [3, 64, 64]}
    """
    if isinstance(value, Mapping):
        return {str(name): as_json(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(each) for each in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, str | int | None) else str(value)


def table_as_json(title: str, columns: Any, rows: Any) -> dict[str, Any]:
    """Returns a printed table as plain data, with an object for each row."""
    names = list(columns)
    return {"title": title, "rows": [dict(zip(names, row, strict=True)) for row in rows]}


@dataclass
class _Clock:
    """Estimates how long a task takes from when it was first shown."""

    started: dict[str, tuple[float, float]] = field(default_factory=dict)  # time and share

    def text(self, task: str, share: float | None, text: str, left: str) -> str:
        now = time.monotonic()
        since, first = self.started.setdefault(task, (now, share or 0.0))
        if not left and share is not None and first < share < 1:
            left = f"{duration((now - since) * (1 - share) / (share - first))} left"
        return f"{text}  {left}".rstrip()


class _Bars:
    """Bars on a terminal, one for each task."""

    def __init__(self, progress: Progress):
        self.progress, self.clock = progress, _Clock()
        self.tasks: dict[str, TaskID] = {}

    def show(self, task: str, share: float | None, text: str, left: str = "") -> None:
        if task not in self.tasks:
            for earlier in self.tasks.values():  # is done, also if it was unknown how long it takes
                self.progress.update(earlier, total=1.0, completed=1.0)
            self.tasks[task] = self.progress.add_task("", total=1.0)
        total = None if share is None else 1.0
        description = self.clock.text(task, share, text, left)
        self.progress.update(self.tasks[task], total=total, completed=share or 0.0, description=description)


class _Lines:
    """Lines in a file, one a minute, and a last one with the state in which a task that had any ended."""

    def __init__(self, stream: TextIO):
        self.stream, self.clock = stream, _Clock()
        self.next, self.last, self.printed = time.monotonic() + FIRST_SECONDS, "", ""

    def show(self, task: str, share: float | None, text: str, left: str = "") -> None:
        percentage = "" if share is None else f"{share:4.0%}  "
        self.last = percentage + self.clock.text(task, share, text, left)
        if time.monotonic() >= self.next:
            self._print()

    def end(self) -> None:
        if self.printed and self.printed != self.last:
            self._print()

    def _print(self) -> None:
        print(self.last, file=self.stream, flush=True)
        self.printed, self.next = self.last, time.monotonic() + LINE_SECONDS


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
