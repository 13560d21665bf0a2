"""An ablation is a folder: an ordinary run for each cell and seed, and beside each what was asked of it and its end.

<cell>/seed-N/       the run
<cell>/seed-N.json   what was asked of it, and how it ended
<cell>/seed-N.txt    what its commands said
"""

import hashlib
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

from condgan import files, machine, recipes
from condgan.ablate.spec import Cell, Spec
from condgan.data import load_images
from condgan.errors import InputError
from condgan.files import read_json
from condgan.judge import load_judge
from condgan.run import check_trainable

DONE = "done"
INTERRUPTED = 130  # how our own commands end then


class TrialEvent(NamedTuple):
    """A run begins or has ended: "starts", "done", "done before", or "failed: ..."."""

    number: int
    total: int
    run: str
    state: str
    seconds_left: float


@dataclass(frozen=True)
class Trial:
    """A cell with a seed, and the folder of its run."""

    cell: Cell
    seed: int
    folder: Path

    @property
    def name(self) -> str:
        return f"{self.folder.parent.name}/{self.folder.name}"

    @property
    def record(self) -> Path:
        """Where it stands what was asked, and how it ended."""
        return self.folder.with_name(f"{self.folder.name}.json")

    @cached_property
    def before(self) -> Mapping[str, Any]:
        """What stood there when this study began; empty if nothing."""
        if not self.record.exists():
            return {}
        kept = read_json(self.record)
        if not isinstance(kept, dict) or not {"training", "budget", "scoring", "end"} <= kept.keys():
            raise InputError(f"{self.record}: expected what was asked of a run and its end; delete the file")
        return kept

    @property
    def end(self) -> str:
        """DONE, or why it is not."""
        return str(read_json(self.record)["end"]) if self.record.exists() else "not begun"


class Study:
    """A spec and the folder that it fills."""

    def __init__(self, spec: Spec, folder: Path):
        """Raises InputError if a cell cannot be played, or if a run in the folder was asked for something else."""
        self.spec, self.folder = spec, folder
        self.trials = [
            Trial(cell, seed, folder / cell.name / f"seed-{seed}") for cell in spec.cells for seed in spec.seeds
        ]
        self._hashes = {name: self._check_data(name) for name in spec.data}
        self.precision = self._precision()
        for trial in self.trials:
            self._check_before(trial)

    def run(self) -> Iterator[TrialEvent]:
        """Trains and scores what is not done yet, one run at a time; yields as each begins and ends.

        What fails is recorded and the rest go on; asked again, it is tried again. An interrupt (SIGINT, SIGTERM) lets
        the run save and raises KeyboardInterrupt.
        """
        total, lasted = len(self.trials), list[float]()
        left = [trial for trial in self.trials if not self._is_done(trial)]
        for number, trial in enumerate(self.trials, start=1):
            if trial not in left:
                yield TrialEvent(number, total, trial.name, "done before", self._seconds(lasted, len(left)))
                continue
            yield TrialEvent(number, total, trial.name, "starts", self._seconds(lasted, len(left)))
            started = time.monotonic()
            self._note(trial, "interrupted")
            problem = self._train_and_score(trial)
            self._note(trial, problem or DONE)
            left.remove(trial)
            lasted.append(time.monotonic() - started)
            state = f"failed: {problem}" if problem else DONE
            yield TrialEvent(number, total, trial.name, state, self._seconds(lasted, len(left)))

    def _check_data(self, name: str) -> str:
        """What the data hold. Raises InputError if a cell cannot be played on them, or if no judge reads them."""
        images = load_images(name, self.spec.resolution)
        for cell in self.spec.cells:
            if cell.settings["data"] == name:
                check_trainable(recipes.build(cell.recipe, cell.options), images)
        if images.labels.numel():
            load_judge(self.spec.judge, images.condition)
        return images.content_hash

    def _precision(self) -> str:
        """One for all runs: what "auto" finds is timed, and another day's answer would not be comparable."""
        if self.spec.precision != "auto":
            return self.spec.precision
        begun = [str(trial.before["training"]["precision"]) for trial in self.trials if trial.before]
        return begun[0] if begun else machine.fast_precision()

    def _check_before(self, trial: Trial) -> None:
        """A run may be given a larger budget or be scored anew, and nothing else."""
        if not trial.before:
            return
        asked = self._asked(trial)
        for name, value in asked["training"].items():
            if (found := trial.before["training"].get(name)) != value:
                self._refuse(trial, f"{name} {found!r}", repr(value))
        for name, value in asked["budget"].items():
            found = trial.before["budget"].get(name)
            if found is not None and (value is None or value >= found):
                continue
            if found != value:
                self._refuse(trial, f"{name} {found!r}", f"{value!r}, which is less")

    def _refuse(self, trial: Trial, before: str, now: str) -> None:
        found = f"{trial.folder} was begun with {before}, the spec now asks for {now}"
        raise InputError(f"{found}; give the spec's file another name, or delete {self.folder}")

    def _asked(self, trial: Trial) -> dict[str, Any]:
        spec, cell = self.spec, trial.cell
        training = {
            "recipe": cell.recipe,
            "options": recipes.resolve(cell.recipe, cell.options),
            "data_hash": self._hashes[cell.settings["data"]],
            "resolution": spec.resolution,
            "seed": trial.seed,
            "precision": self.precision,
        }
        minutes = None if spec.minutes == float("inf") else spec.minutes
        judge = hashlib.sha256(spec.judge.read_bytes()).hexdigest() if spec.judge else None
        return {
            "training": training,
            "budget": {"minutes": minutes, "kimg": spec.kimg},
            "scoring": {"draws": spec.draws, "judge": judge},
        }

    def _note(self, trial: Trial, end: str) -> None:
        files.write_json(trial.record, {**self._asked(trial), "end": end})

    def _is_done(self, trial: Trial) -> bool:
        return trial.before == {**self._asked(trial), "end": DONE} and (trial.folder / "metrics.json").is_file()

    def _seconds(self, lasted: Sequence[float], num_left: int) -> float:
        """How long the rest takes, if it takes as long as what was done; before that, as long as its budget."""
        return num_left * (fmean(lasted) if lasted else self.spec.minutes * 60)

    def _train_and_score(self, trial: Trial) -> str:
        spec, cell = self.spec, trial.cell
        judge = ["--judge", spec.judge] if spec.judge else []
        train = ["train", cell.recipe, "--data", cell.settings["data"], "--seed", trial.seed, "--resume"]
        train += ["--runs", trial.folder.parent, "--name", trial.folder.name, "--precision", self.precision, *judge]
        train += ["--save-minutes", spec.save_minutes, "--minutes", spec.minutes]
        train += ["--kimg", spec.kimg] if spec.kimg else []
        train += ["--resolution", spec.resolution] if spec.resolution else []
        train += [word for name, value in cell.options.items() for word in ("--set", f"{name}={value}")]
        log = trial.folder.with_name(f"{trial.folder.name}.txt")
        return execute(train, log) or execute(["evaluate", trial.folder, "--draws", spec.draws, *judge], log)


def execute(words: Sequence[Any], log: Path) -> str:
    """The last line of what one of our own commands complains of, or nothing if it went well."""
    command = [sys.executable, "-m", "condgan.cli", *map(str, words)]
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a") as said, _interrupts():
        # In a session of its own, so that Ctrl-C is heard here alone and passed on once: a second one would not save.
        child = subprocess.Popen(command, stdout=said, stderr=subprocess.PIPE, text=True, start_new_session=True)
        try:
            complaint = child.communicate()[1]
        except KeyboardInterrupt:
            child.send_signal(signal.SIGINT)
            child.wait()
            raise
        said.write(complaint)
    if child.returncode == INTERRUPTED:
        raise KeyboardInterrupt
    lines = [line for line in complaint.splitlines() if line.strip()] or [f"exit code {child.returncode}"]
    return lines[-1].removeprefix("condgan: ") if child.returncode else ""


@contextmanager
def _interrupts() -> Iterator[None]:
    """Lets SIGTERM interrupt as Ctrl-C does."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
