"""Wrong usage of the command line, such as an unknown option: typer prints it, once for all processes of a job."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import typer
from typer.core import TyperGroup

from condgan.cli.console import is_first
from condgan.errors import InputError

# Some versions of typer contain click, others import it. `BadParameter` is the only name that all of them export of an
# error of usage; `UsageError`, its base, is what they raise for a missing argument or an unknown option.
UsageError: Any = typer.BadParameter.__base__


def check_words(words: Sequence[str]) -> None:
    """Raises InputError for an empty word, which as a path would be the folder where the command runs."""
    for before, word in pairwise(["condgan", *words]):
        option, equals, value = word.partition("=")
        if not word or (word.startswith("--") and equals and not value):
            expected = "expected a name or value; is a variable of the shell unset?"
            raise InputError(f"found nothing after {option or before}, {expected}")


class Commands(TyperGroup):
    """The commands as typer makes them. Processes of torchrun print the same wrong usage once."""

    def make_context(self, *args: Any, **more: Any) -> Any:
        """Reads the options before the command."""
        with _once():
            return super().make_context(*args, **more)

    def invoke(self, ctx: Any) -> Any:
        """Reads the options of a command and runs it."""
        with _once():
            return super().invoke(ctx)


@contextmanager
def _once() -> Iterator[None]:
    """Raises an error of usage, which typer prints, or exits with its code if another process has printed it."""
    try:
        yield
    except UsageError as error:
        if is_first(error.format_message()):
            raise
        sys.exit(error.exit_code)
