"""The journal of a run: log.jsonl, scores.jsonl, and TensorBoard's curves where that is installed."""

import json
import time
from collections.abc import Mapping
from math import isfinite
from pathlib import Path
from typing import Any

from torch import Tensor

from condgan import files
from condgan.data.dataset import read_text
from condgan.errors import InputError
from condgan.train import Progress


class Journal:
    """log.jsonl and scores.jsonl and, when TensorBoard is installed, its curves.

    Lines after the step we go on from are dropped.
    """

    def __init__(self, folder: Path, step: int, kimg: float, is_main_process: bool):
        self.file, self.scores, self.is_main_process = folder / "log.jsonl", folder / "scores.jsonl", is_main_process
        self.sums: dict[str, Tensor] = {}
        self.num_steps, self.kimg, self.images_per_second = 0, kimg, 0.0
        self.time = time.monotonic()
        if is_main_process:
            for file in (self.file, self.scores):
                kept = [line for line in read_lines(file) if line["step"] <= step]
                if file.exists():
                    files.write(file, "".join(json.dumps(line) + "\n" for line in kept))
            self.board = _tensorboard(folder)

    def add(self, progress: Progress) -> None:
        for name, loss in {**progress.losses, **progress.beliefs}.items():
            self.sums[name] = self.sums[name] + loss if name in self.sums else loss
        self.num_steps += 1

    def write(self, progress: Progress, seconds: float) -> dict[str, float]:
        """A line with the means since the last one, which it returns."""
        losses = {name: float(total) / self.num_steps for name, total in self.sums.items()}
        now = time.monotonic()
        self.images_per_second = 1000 * (progress.kimg - self.kimg) / (now - self.time)
        self.sums, self.num_steps, self.kimg, self.time = {}, 0, progress.kimg, now
        if self.is_main_process:
            line: dict[str, float | None] = {"step": progress.step, "kimg": progress.kimg, "seconds": round(seconds, 3)}
            line |= {"images_per_second": round(self.images_per_second, 2)}
            line |= {name: loss if isfinite(loss) else None for name, loss in losses.items()}  # JSON knows no NaN
            _append(self.file, line)
            self._draw(losses, progress.step)
        return losses

    def score(self, scores: Mapping[str, float], step: int, kimg: float, seconds: float) -> None:
        """A line of what somebody who watches the run found. Only the main process may."""
        _append(self.scores, {"step": step, "kimg": kimg, "seconds": round(seconds, 3), **scores})
        self._draw(scores, step)

    def _draw(self, values: Mapping[str, float], step: int) -> None:
        if self.board:
            for name, value in values.items():
                self.board.add_scalar(name, value, step)


def read_lines(file: Path) -> list[dict[str, Any]]:
    """The lines of a journal, none if there is no file. Raises InputError naming file and line."""
    lines: list[dict[str, Any]] = []
    for number, text in enumerate(read_text(file).splitlines() if file.exists() else [], start=1):
        try:
            line = json.loads(text)
            line["step"], line["kimg"]
        except (ValueError, TypeError, KeyError):
            expected = 'expected an object with step and kimg, such as {"step": 50, "kimg": 1.6}; delete the line'
            raise InputError(f"{file}, line {number}: found {text[:40]!r}, {expected}") from None
        lines.append(line)
    return lines


def _append(file: Path, line: Mapping[str, Any]) -> None:
    with file.open("a") as journal:
        journal.write(json.dumps(line) + "\n")


def _tensorboard(folder: Path) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder / "tensorboard"))
