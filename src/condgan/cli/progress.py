"""Progress of a long task, as bars on a terminal or as lines in a file; durations and sizes as people write them."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

LINE_SECONDS = 60  # between two lines in a file
FIRST_SECONDS = 10  # before the first of them


@dataclass
class Clock:
    """Estimates how long a task takes from when it was first shown."""

    started: dict[str, tuple[float, float]] = field(default_factory=dict)  # time and share

    def text(self, task: str, share: float | None, text: str, left: str) -> str:
        now = time.monotonic()
        since, first = self.started.setdefault(task, (now, share or 0.0))
        if not left and share is not None and first < share < 1:
            left = f"{duration((now - since) * (1 - share) / (share - first))} left"
        return f"{text}  {left}".rstrip()


class Bars:
    """Bars on a terminal, one for each task."""

    def __init__(self, progress: Progress):
        self.progress, self.clock = progress, Clock()
        self.tasks: dict[str, TaskID] = {}

    def show(self, task: str, share: float | None, text: str, left: str = "") -> None:
        if task not in self.tasks:
            for earlier in self.tasks.values():  # is done, also if it was unknown how long it takes
                self.progress.update(earlier, total=1.0, completed=1.0)
            self.tasks[task] = self.progress.add_task("", total=1.0)
        total = None if share is None else 1.0
        description = self.clock.text(task, share, text, left)
        self.progress.update(self.tasks[task], total=total, completed=share or 0.0, description=description)


class Lines:
    """Lines in a file, one a minute, and a last one with the state in which a task that had any ended."""

    def __init__(self, stream: TextIO):
        self.stream, self.clock = stream, Clock()
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
