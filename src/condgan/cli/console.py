"""Everything that commands print: results, messages and progress, for people or for scripts."""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TextIO, cast

import typer

from condgan.cli.progress import Bars, Lines
from condgan.cli.signatures import with_options
from condgan.cli.streams import LastingStream
from condgan.files import as_json

if TYPE_CHECKING:
    from rich.console import RenderableType

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
                print(shown(result), file=self.stream, flush=True)
            else:
                from rich.console import Console as Terminal

                width = None if self.stream.isatty() else WIDTH
                Terminal(file=self.stream, width=width).print(result, markup=False)

    def note(self, text: str) -> None:
        """Prints what is worth knowing on the way to the result."""
        if not self.quiet and _is_main():
            print(shown(text), file=self.stream, flush=True)  # before a long wait, also into a pipe

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
                yield Bars(progress).show
        else:
            lines = Lines(self.stream)
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
        print(f"condgan: {shown(message)}", file=sys.stderr)
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
        lasting = LastingStream(sys.stdout), LastingStream(sys.stderr)
        out, err = (cast("TextIO", stream) for stream in lasting)
        console.json, console.quiet, console.out = json, quiet, out
        with redirect_stderr(err), redirect_stdout(err if json else out):  # libraries print, too
            console.document(command(**values))
        lasting[0].check()

    return with_options(run, command, OPTIONS)


def shown(text: str) -> str:
    """Returns a text with control characters escaped, such as those of a file's name that would recolour a terminal.

    >>> print(shown("\\x1b[31mred.png: no labels"))
    \\x1b[31mred.png: no labels
    """
    return re.sub(r"[^\n\t\x20-\x7e\xa0-\U0010ffff]", lambda found: ascii(found[0])[1:-1], text)
