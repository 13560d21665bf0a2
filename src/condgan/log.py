"""The logs of a run: log.jsonl, pretraining.jsonl, scores.jsonl, diagnostics.jsonl, and trackers of experiments."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accelerate.tracking import GeneralTracker
from torch import Tensor

from condgan import files
from condgan.errors import InputError, writing
from condgan.files import as_json, read_text
from condgan.state import GAME
from condgan.train import Progress


@dataclass(frozen=True)
class Status:
    """Progress of a run, e.g. for a progress bar.

    `step`, `kimg` and `progress` in [0, 1] are those of the phase, see `condgan.train.Progress`. `losses` holds losses
    and statistics by name, means since the last line of the log. `seconds` counts from the start of the run.
    """

    phase: str
    step: int
    kimg: float
    seconds: float
    images_per_second: float
    progress: float
    losses: Mapping[str, float]

    @property
    def totals(self) -> dict[str, float]:
        """The sum of each network's losses, e.g. `{"D": 1.2, "G": 0.7}`, or the loss of pretraining."""
        if self.phase != GAME:
            return {"loss": self.losses["classification_real"]}
        totals: dict[str, float] = {}
        for name, loss in self.losses.items():
            network, slash, _ = name.partition("/")
            if slash:
                totals[network] = totals.get(network, 0.0) + loss
        return totals


class RunLog:
    """Writes the logs of a run, on the main process.

    `steps` holds for each phase the step that the run continues from, and is empty for a run that starts anew: lines of
    later steps, and of phases that are not in it, are removed. `trackers` get the same values; their steps count those
    of all phases, as W&B refuses steps that go back.
    """

    def __init__(self, folder: Path, steps: Mapping[str, int], is_main_process: bool):
        self.folder, self.steps = folder, dict(steps)
        self.trackers: Sequence[GeneralTracker] = ()
        self.files = [folder / f"{name}.jsonl" for name in ("log", "pretraining", "scores", "diagnostics")]
        self.log, self.pretraining, self.scores, self.diagnostics = self.files
        self.is_main_process = is_main_process
        self.images_per_second = 0.0
        self._sums: dict[str, Tensor] = {}
        self._num_steps = 0
        self.start()
        if is_main_process:
            for file in self.files:
                kept = [line for line in read_lines(file) if line["step"] <= steps.get(line.get("phase", GAME), -1)]
                if file.exists():
                    files.write(file, "".join(json.dumps(line) + "\n" for line in kept))

    def start(self) -> None:
        """Starts the clock that the speed of the next line is measured with."""
        self._kimg: float | None = None
        self._time = time.monotonic()

    def state_dict(self) -> dict[str, Any]:
        """What the next line needs of the steps so far, so that it does not depend on saves and interrupts."""
        return {"sums": {name: total.cpu() for name, total in self._sums.items()}, "num_steps": self._num_steps}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restores what `state_dict` returned, or nothing of a run of an earlier version."""
        self._sums, self._num_steps = dict(state.get("sums", {})), state.get("num_steps", 0)

    def sync(self) -> None:
        """Waits until all lines are on the disk."""
        for file in self.files:
            if file.exists():
                with writing(file), file.open("a") as opened:
                    files.sync(opened)

    def add(self, progress: Progress) -> None:
        """Adds the losses and statistics of a step to the means."""
        if self._kimg is None:
            self._kimg = progress.kimg * (1 - 1 / progress.step)  # before this step
        for name, value in {**progress.losses, **progress.statistics}.items():
            self._sums[name] = self._sums[name].to(value.device) + value if name in self._sums else value
        self._num_steps += 1

    def means(self) -> dict[str, float]:
        """Returns the means since the last line."""
        return {name: float(total) / self._num_steps for name, total in self._sums.items()}

    def write(self, progress: Progress, seconds: float, share: float) -> Status:
        """Writes a line with the means since the last one. `share` is the progress of the phase, in [0, 1]."""
        status = self.status(progress, seconds, share)
        means = status.losses
        self._sums, self._num_steps = {}, 0
        self.start()
        if self.is_main_process:
            line: dict[str, Any] = {} if progress.phase == GAME else {"phase": progress.phase}
            line |= {"step": progress.step, "kimg": progress.kimg, "seconds": round(seconds, 3)}
            line |= {"images_per_second": round(self.images_per_second, 2)}
            line |= means
            _append(self.log if progress.phase == GAME else self.pretraining, line)
            prefix = "" if progress.phase == GAME else f"{progress.phase}/"
            self._track({prefix + name: mean for name, mean in means.items()}, progress.step, progress.phase)
        return status

    def status(self, progress: Progress, seconds: float, share: float) -> Status:
        """Returns the progress since the last line without writing one."""
        kimg = progress.kimg - (self._kimg or 0.0)
        self.images_per_second = speed = 1000 * kimg / max(time.monotonic() - self._time, 1e-9)
        return Status(progress.phase, progress.step, progress.kimg, seconds, speed, share, self.means())

    def score(self, scores: Mapping[str, float], step: int, kimg: float, seconds: float) -> None:
        """Appends the scores of a save to scores.jsonl. Call it on the main process only."""
        _append(self.scores, {"step": step, "kimg": kimg, "seconds": round(seconds, 3), **scores})
        self._track(scores, step)

    def diagnose(self, measurements: Mapping[str, float], step: int, kimg: float) -> None:
        """Appends the measurements of a save to diagnostics.jsonl. Call it on the main process only."""
        _append(self.diagnostics, {"step": step, "kimg": kimg, **measurements})
        self._track(measurements, step)

    def close(self) -> None:
        """Ends the trackers."""
        for tracker in self.trackers:
            with writing(self.folder):
                tracker.finish()

    def _track(self, values: Mapping[str, float], step: int, phase: str = GAME) -> None:
        self.steps[phase] = step
        for tracker in self.trackers:
            with writing(self.folder):
                tracker.log(dict(values), step=sum(self.steps.values()))


def read_lines(file: Path) -> list[dict[str, Any]]:
    """Reads the lines of a log; returns none if the file does not exist. Raises InputError naming file and line.

    A last line without an end is left out: it is being written, or its process was killed.
    """
    lines: list[dict[str, Any]] = []
    *whole, _ = read_text(file).split("\n") if file.exists() else [""]
    for number, text in enumerate(whole, start=1):
        try:
            line = json.loads(text)
        except (ValueError, RecursionError):
            line = None
        if not _is_line(line):
            expected = 'expected an object with step, kimg and numbers, e.g. {"step": 50, "kimg": 1.6}; delete the line'
            raise InputError(f"{file}, line {number}: found {text[:40]!r}, {expected}")
        lines.append(line)
    return lines


def _is_line(line: Any) -> bool:
    if not isinstance(line, dict) or type(line.get("step")) is not int or not 0 <= line["step"] < 2**53:
        return False
    numbers = [value for name, value in line.items() if name not in ("phase", "step") and value is not None]
    is_phase = isinstance(line.get("phase", ""), str)
    return is_phase and line.get("kimg") is not None and all(map(_is_number, [line["kimg"], *numbers]))


def _is_number(value: Any) -> bool:
    """Whether a number can be plotted. NaN can: it is a gap."""
    return type(value) in (int, float) and (value != value or abs(value) < 1e300)


def _append(file: Path, line: Mapping[str, Any]) -> None:
    with writing(file), file.open("a") as log:
        log.write(json.dumps(as_json(line)) + "\n")  # None for NaN and infinity, which JSON does not have
