"""The journal of a run: log.jsonl, and TensorBoard's curves where that is installed."""

import json
import time
from math import isfinite
from pathlib import Path
from typing import Any

from torch import Tensor

from condgan import files
from condgan.train import Progress


class Journal:
    """log.jsonl and, when TensorBoard is installed, its curves. Lines after the step we go on from are dropped."""

    def __init__(self, folder: Path, step: int, kimg: float, is_main_process: bool):
        self.file, self.is_main_process = folder / "log.jsonl", is_main_process
        self.sums: dict[str, Tensor] = {}
        self.num_steps, self.kimg, self.images_per_second = 0, kimg, 0.0
        self.time = time.monotonic()
        if is_main_process:
            lines = self.file.read_text().splitlines() if self.file.exists() else []
            kept = [line for line in lines if json.loads(line)["step"] <= step]
            files.write(self.file, "".join(line + "\n" for line in kept))
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
            with self.file.open("a") as log:
                log.write(json.dumps(line) + "\n")
            if self.board:
                for name, loss in losses.items():
                    self.board.add_scalar(name, loss, progress.step)
        return losses


def _tensorboard(folder: Path) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder / "tensorboard"))
