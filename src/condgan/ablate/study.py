"""Runs an ablation in a folder, in which every cell and seed is an ordinary run.

<cell>/seed-N/       the run
<cell>/seed-N.json   its record: the request (training, budget, scoring) and the outcome
<cell>/seed-N.txt    the output of its commands
"""

import hashlib
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

from condgan import files, machine, recipes
from condgan.ablate.spec import Cell, Spec
from condgan.checked import checked
from condgan.data import load_images
from condgan.errors import InputError
from condgan.files import read_json
from condgan.interrupts import end_with_parent, prompt_interrupts
from condgan.judge import load_judge
from condgan.state import check_trainable

DONE, ALREADY_DONE = "done", "already done"
INTERRUPTED = 130  # exit code of the command line after an interrupt


class TrialEvent(NamedTuple):
    """The start or end of a run. `state` is "started", "done", "already done" or "failed: ..."."""

    number: int
    total: int
    run: str
    state: str
    seconds_left: float


@dataclass(frozen=True)
class _Record:
    """What the record of a run holds: the request, and how it ended."""

    training: Mapping[str, Any]
    budget: Mapping[str, float | None]
    scoring: Mapping[str, Any]
    end: str


@dataclass(frozen=True)
class Trial:
    """One run of a study: a cell, a seed and a folder."""

    cell: Cell
    seed: int
    folder: Path

    @property
    def name(self) -> str:
        """Cell and seed, e.g. `acgan/seed-0`."""
        return f"{self.folder.parent.name}/{self.folder.name}"

    @property
    def record(self) -> Path:
        """The JSON file with the request and its outcome."""
        return self.folder.with_name(f"{self.folder.name}.json")

    @property
    def before(self) -> _Record | None:
        """The record with all options resolved, or None if the run was never started."""
        kept = self._kept()
        if not kept:
            return None
        training = kept.training
        try:
            # options were not resolved in earlier versions
            options = recipes.resolve(training["recipe"], training["options"])
            return replace(kept, training={**training, "options": options, "precision": training["precision"]})
        except (KeyError, TypeError):
            raise InputError(f"{self.record}: not the record of a run; delete the file") from None

    @property
    def end(self) -> str:
        """DONE, or the reason why the run is not done."""
        kept = self._kept()
        return kept.end if kept else "not started"

    def _kept(self) -> _Record | None:
        return checked(_Record, read_json(self.record), str(self.record)) if self.record.exists() else None


class Study:
    """A spec and the folder of its runs."""

    def __init__(self, spec: Spec, folder: Path):
        """Raises InputError if a cell cannot be trained, or if the folder holds runs of a different spec."""
        self.spec, self.folder = spec, folder
        if spec.judge:
            files.check_file(spec.judge, "a judge")
        # Seeds in the outer loop: a study that is stopped half way has results of every cell.
        self.trials = [
            Trial(cell, seed, folder / cell.name / f"seed-{seed}") for seed in spec.seeds for cell in spec.cells
        ]
        self._hashes = {name: self._check_data(name) for name in spec.data}
        self.precision = self._precision()
        for trial in self.trials:
            self._check_before(trial)

    def run(self) -> Iterator[TrialEvent]:
        """Trains and scores the runs that are not done, one at a time; yields at the start and the end of each.

        A failure is recorded and the study continues with the next run; calling `run` again retries it. On SIGINT or
        SIGTERM the current run is saved and KeyboardInterrupt is raised.
        """
        total, durations = len(self.trials), list[float]()
        left = [trial for trial in self.trials if not self._is_done(trial)]
        for number, trial in enumerate(self.trials, start=1):
            if trial not in left:
                yield TrialEvent(number, total, trial.name, ALREADY_DONE, self._seconds_left(durations, len(left)))
                continue
            yield TrialEvent(number, total, trial.name, "started", self._seconds_left(durations, len(left)))
            started = time.monotonic()
            self._write_record(trial, "interrupted")
            problem = self._train_and_score(trial)
            self._write_record(trial, problem or DONE)
            left.remove(trial)
            durations.append(time.monotonic() - started)
            state = f"failed: {problem}" if problem else DONE
            yield TrialEvent(number, total, trial.name, state, self._seconds_left(durations, len(left)))

    def _check_data(self, name: str) -> str:
        """Returns the hash of a data set. Raises InputError if a cell or the judge cannot be used with it."""
        images = load_images(name, self.spec.resolution)
        for cell in self.spec.cells:
            if cell.settings["data"] == name:
                check_trainable(recipes.build(cell.recipe, cell.options), images)
        if images.labels.numel():
            load_judge(self.spec.judge, images.condition)
        return images.content_hash

    def _precision(self) -> str:
        """Returns the precision of all runs. "auto" is resolved only once, so that all runs are comparable."""
        if self.spec.precision != "auto":
            return self.spec.precision
        found = [str(trial.before.training["precision"]) for trial in self.trials if trial.before]
        return found[0] if found else machine.fast_precision()

    def _check_before(self, trial: Trial) -> None:
        """Raises InputError if the spec changes more of an existing run than its scoring, or reduces its budget."""
        if not trial.before:
            return
        request = self._request(trial, DONE)
        for name, value in request.training.items():
            if (found := trial.before.training.get(name)) != value:
                self._refuse(trial, f"{name} {found!r}", repr(value))
        for name, value in request.budget.items():
            found = trial.before.budget.get(name)
            if found is not None and (value is None or value >= found):
                continue
            if found != value:
                self._refuse(trial, f"{name} {found!r}", f"a smaller {value!r}")

    def _refuse(self, trial: Trial, before: str, now: str) -> None:
        found = f"{trial.folder} was started with {before}, found {now} in the spec"
        raise InputError(f"{found}; rename the spec file, or delete {self.folder}")

    def _request(self, trial: Trial, end: str) -> _Record:
        """Returns the record of a run that ends so."""
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
        budget, scoring = {"minutes": minutes, "kimg": spec.kimg}, {"draws": spec.draws, "judge": judge}
        return _Record(training, budget, scoring, end)

    def _write_record(self, trial: Trial, end: str) -> None:
        files.write_json(trial.record, asdict(self._request(trial, end)))

    def _is_done(self, trial: Trial) -> bool:
        return trial.before == self._request(trial, DONE) and (trial.folder / "metrics.json").is_file()

    def _seconds_left(self, durations: Sequence[float], num_left: int) -> float:
        """Estimates the remaining time from the runs done so far, or from the budget before the first is done."""
        each = fmean(durations) if durations else self.spec.minutes * 60  # inf without a budget in minutes
        return num_left * each if num_left else 0.0

    def _train_and_score(self, trial: Trial) -> str:
        spec, cell = self.spec, trial.cell
        recipe = recipes.build(cell.recipe, cell.options)
        judge = ["--judge", spec.judge] if spec.judge else []
        # a recipe of your own was named by --recipe, else the spec was refused
        train = ["train", cell.recipe, "--data", cell.settings["data"], "--seed", trial.seed, "--resume"]
        train += ["--runs", trial.folder.parent, "--name", trial.folder.name, "--precision", self.precision, *judge]
        train += ["--save-minutes", spec.save_minutes]
        train += ["--previews", spec.previews] if spec.previews else []
        train += ["--minutes", spec.minutes] if spec.minutes < float("inf") else []
        train += ["--kimg", spec.kimg] if spec.kimg else ["--epochs", recipe.num_epochs]
        train += ["--resolution", spec.resolution] if spec.resolution else []
        train += [word for name, value in cell.options.items() for word in ("--set", f"{name}={value}")]
        log = trial.folder.with_name(f"{trial.folder.name}.txt")
        evaluate = ["evaluate", trial.folder, "--draws", spec.draws, "--recipe", cell.recipe, *judge]
        return execute(train, log) or execute(evaluate, log)


def execute(words: Sequence[Any], log: Path) -> str:
    """Runs a condgan command, appends its output to `log`, and returns its error message, or "" on success."""
    command = [sys.executable, "-m", "condgan.cli", *map(str, words)]
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a") as output, prompt_interrupts():
        # In a session of its own: Ctrl-C reaches this process only and is passed on once, as a second one would abort
        # the child without saving.
        child = subprocess.Popen(
            command,
            stdout=output,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=end_with_parent if sys.platform == "linux" else None,  # also if this process is killed
        )
        try:
            errors = child.communicate()[1]
        except KeyboardInterrupt:
            if sys.platform != "win32":  # where there are no sessions, and Ctrl-C reaches the child by itself
                child.send_signal(signal.SIGINT)
            output.write(child.communicate()[1])
            raise
        output.write(errors)
    if child.returncode == INTERRUPTED:
        raise KeyboardInterrupt
    lines = [line for line in errors.splitlines() if line.strip()] or [f"exit code {child.returncode}"]
    return lines[-1].removeprefix("condgan: ") if child.returncode else ""
