"""Streams to print to that may end before the command does: the reader of a pipe, the space of a disk, a terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

from condgan.errors import writing


class LastingStream:
    """A stream that takes what it is given, also after the system has refused to write it: a command goes on.

    `error` is what the system said first. That the reader of a pipe has ended is said at once, as it has no other sign.
    """

    def __init__(self, stream: TextIO):
        self.stream = stream
        self.error: OSError | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)

    def write(self, text: str) -> int:
        self._try(lambda: self.stream.write(text))
        return len(text)

    def flush(self) -> None:
        self._try(self.stream.flush)

    def check(self) -> None:
        """Raises InputError if something could not be written, unless its reader has left."""
        if self.error and not isinstance(self.error, BrokenPipeError):
            with writing(Path("the standard output"), advice="send it elsewhere"):
                raise self.error

    def _try(self, action: Callable[[], Any]) -> None:
        if self.error:
            return
        try:
            action()
        except OSError as error:
            self.error = error
            with suppress(OSError):  # what is left in buffers would be written, and refused, when Python ends
                os.dup2(os.open(os.devnull, os.O_WRONLY), self.stream.fileno())
            if isinstance(error, BrokenPipeError):
                print("condgan: the output pipe was closed; the command continues", file=sys.stderr)
