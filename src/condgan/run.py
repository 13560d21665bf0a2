"""A run: a folder with the configuration, logs, previews, checkpoints and generator of one training.

run.json                configuration: recipe, options, data, seed, versions, machine
local.json              where the data set is on this machine; not needed elsewhere
log.jsonl               losses, statistics and speed, a line every LOG_STEPS steps
pretraining.jsonl       the same for networks that are trained before the game
scores.jsonl            scores at every save, if there is a judge
diagnostics.jsonl       measurements of G and D at every save, see `condgan.diagnostics`
samples/*.png           previews at every save and at other steps, always with the same latents and conditions
checkpoints/*.pt        the last two states of the training, to continue from, and others that were asked for
saves.json              the saves with these checkpoints and the SHA-256 of their files; written last, see `saves.py`
generator.safetensors   the averaged generator, with run.json in its header
.lock                   while it is trained: by which process
reader.safetensors      the recipe's reader, if it has one, from the first save after its training; the SHA-256 of this
                        file is `reader_sha256` in the header of generator.safetensors
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, nullcontext
from dataclasses import replace
from itertools import chain
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

from accelerate import Accelerator

from condgan import files, processes, recipes
from condgan.budget import Budget, Plan, any_process
from condgan.checkpoint import check_same_save, clean, restore, write_save
from condgan.config import Config
from condgan.data.dataset import Images
from condgan.diagnostics import Watch, measure
from condgan.errors import InputError, writing
from condgan.generate import LoadedGenerator
from condgan.interrupts import deferred_interrupts
from condgan.lock import NAME as LOCK
from condgan.lock import locked
from condgan.log import RunLog, Status
from condgan.outputs import Outputs, Previews
from condgan.saves import Keep, read_keep, read_saves
from condgan.state import GAME, TrainState, check_trainable
from condgan.trackers import start_trackers
from condgan.train import pretrain, train

if TYPE_CHECKING:
    from condgan.callbacks import Callback

LOG_STEPS = 50
SHOW_SECONDS = 1.0


class Diverged(RuntimeError):
    """A loss or a weight is not finite. The message names it, the step and the last good checkpoint."""


class Run:
    """A training and its folder, new or existing."""

    def __init__(self, folder: Path, config: Config, *, data: str | None = None, resume: bool = False):
        """Creates the folder, or with `resume` opens it if it exists. `data` locates the data set on this machine.

        Raises InputError if the folder is not empty, if its run is being trained by another process, or with `resume`
        if its run has another configuration.
        """
        check_folder(folder, resume=resume)
        self.folder, self.config = folder, config
        file = folder / "run.json"
        if file.exists() and resume:
            before = Config.parse(files.read_text(file), str(file))
            before.check_same(config, str(folder))
            self.config = replace(before, kimg=config.kimg, minutes=config.minutes, planned_kimg=config.planned_kimg)
            if config.minutes is not None and (config.minutes, config.kimg) == (before.minutes, before.kimg):
                self.config = before  # the same budget, so the same plan
        else:
            with writing(folder):
                folder.mkdir(parents=True, exist_ok=True)
            with locked(folder):
                self._write_config()
        if data is not None:
            with locked(folder):
                files.write_json(folder / "local.json", {"data": data})

    @property
    def checkpoints(self) -> list[Path]:
        """The checkpoints, oldest first."""
        return [self.folder / save.checkpoint for save in read_saves(self.folder) if save.checkpoint]

    def train(
        self,
        images: Images,
        budget: Budget,
        *,
        save_minutes: float = 5,
        accelerator: Accelerator | None = None,
        callback: "Callback | None" = None,
        keep: Keep | None = None,
        previews: Previews | None = None,
        log_with: Sequence[str] = (),
    ) -> Iterator[Status]:
        """Trains until the budget is used up and saves regularly; yields every LOG_STEPS steps, and every second.

        Continues from the newest whole save; what is newer is deleted and made again, with the same result. On SIGINT,
        SIGTERM or SIGHUP it finishes the step, saves and raises KeyboardInterrupt; on a second one it raises at once.
        At every save `callback` is called with the averaged generator and the scores it returns are appended to
        scores.jsonl; they do not influence the training. `keep` says which saves are kept, by default the last two or
        as before; the best one is that with the highest first score of `callback`. `previews` are written beside those
        of saves; a run that continues needs them again. `log_with` names trackers of experiments, see
        `condgan.trackers`; by default it is TensorBoard if that is installed.

        Raises InputError if another process trains this run or if its checkpoints cannot be used, and Diverged if a
        loss or a weight is not finite.
        """
        accelerator = accelerator or processes.accelerator(self.config.precision)
        with locked(self.folder) if accelerator.is_main_process else nullcontext():
            try:
                yield from self._train(images, budget, save_minutes, accelerator, callback, keep, previews, log_with)
            except KeyboardInterrupt:
                raise KeyboardInterrupt(self.saved_so_far()) from None

    def _train(
        self,
        images: Images,
        budget: Budget,
        save_minutes: float,
        accelerator: Accelerator,
        callback: "Callback | None",
        keep: Keep | None,
        previews: Previews | None,
        log_with: Sequence[str],
    ) -> Iterator[Status]:
        recipe = recipes.build(self.config.recipe, self.config.options)
        check_trainable(recipe, images, accelerator.num_processes)
        is_main = accelerator.is_main_process
        state = TrainState(recipe, images, self.config.seed, accelerator, budget.kimg or inf)
        last, saved = restore(self.folder, state)
        check_same_save(self.folder, state)
        seconds = float(saved.get("seconds", 0.0))
        outputs, kept = Outputs(state, images, self.config.seed), keep or read_keep(self.folder)
        if is_main:
            clean(self.folder, outputs, last, self.config, kept)

        def record(planned_kimg: float) -> None:
            self.config = replace(self.config, planned_kimg=planned_kimg)
            if is_main:
                self._write_config()

        plan = Plan(budget, state, self.config.planned_kimg, record)
        if state.step and state.progress >= 1:
            return
        if is_main:
            self._write_config()  # the budget may have changed
        log = RunLog(self.folder, state.steps if last else {}, is_main)
        log.load_state_dict(saved.get("log", {}))
        watch = Watch(log.log, log.diagnostics)

        def save(seconds: float, phase: str = GAME) -> None:
            if is_main:
                if not all(weight.isfinite().all() for weight in state.generator_ema.module.state_dict().values()):
                    raise self._diverged("a weight of G is not finite", state.step)
                scores: Mapping[str, float] = {}
                if callback and phase == GAME:
                    averaged = LoadedGenerator(state.generator_ema.module, self.config)  # type: ignore[arg-type]
                    scores = callback(averaged)
                    log.score(scores, state.step, state.kimg, seconds)
                if phase == GAME:
                    log.diagnose(measure(state, images), state.step, state.kimg)
                    watch.look()
                log.sync()
                content, first = {"seconds": seconds, "log": log.state_dict()}, next(iter(scores.values()), None)
                write_save(self.folder, outputs, self.config, content, kept, first)

        log.trackers = start_trackers(log_with, self.folder, self.config.to_json()) if is_main else []
        with ExitStack() as stack:
            stack.enter_context(closing(log))  # the trackers end, however the training does
            if not last:
                save(seconds)
            started, saved_at, shown_at = time.monotonic() - seconds, time.monotonic(), time.monotonic()
            log.start()
            interrupted = stack.enter_context(deferred_interrupts())
            for progress in chain(pretrain(state, images), train(state, images)):
                phase = progress.phase
                log.add(progress)
                seconds = time.monotonic() - started
                if phase == GAME:
                    plan.update(seconds)
                share = state.share_of(phase)
                stop = any_process(accelerator, interrupted()) or (phase == GAME and share >= 1)
                due = stop or any_process(accelerator, time.monotonic() - saved_at > save_minutes * 60)
                if due:
                    self._check_finite(log.means(), progress.step)
                if progress.step % LOG_STEPS == 0 or share >= 1:
                    status = log.write(progress, seconds, share)
                    self._check_finite(status.losses, status.step)
                    yield status
                    shown_at = time.monotonic()
                elif time.monotonic() - shown_at >= SHOW_SECONDS:  # a step may take long, and fifty even longer
                    yield log.status(progress, seconds, share)
                    shown_at = time.monotonic()
                if is_main and previews and phase == GAME and previews.at(progress.step):
                    files.write(self.folder / outputs.preview_name, outputs.preview())
                if due:
                    save(seconds, phase)
                    saved_at = time.monotonic()
                    log.start()  # the speed in the log is that of training alone
                if stop:
                    break
            if interrupted():
                accelerator.wait_for_everyone()  # a process that ended early would have the others ended, too
                raise KeyboardInterrupt

    def _write_config(self) -> None:
        files.write_json(self.folder / "run.json", self.config.to_json())

    def _check_finite(self, losses: Mapping[str, float], step: int) -> None:
        for name, loss in losses.items():
            if not abs(loss) < float("inf"):
                raise self._diverged(f"{name} is {loss}", step)

    def _diverged(self, what: str, step: int) -> Diverged:
        checkpoints = self.checkpoints
        kept = f"the last good checkpoint is {checkpoints[-1]}" if checkpoints else "there is no checkpoint yet"
        return Diverged(f"{what} at step {step}: training diverged; {kept}. Try a lower learning_rate.")

    def saved_so_far(self) -> str:
        """Returns what a person should know who interrupts a training."""
        checkpoints = self.checkpoints
        if not checkpoints:
            return f"nothing of {self.folder} is saved yet; add --resume to start it again"
        return f"{self.folder} is saved up to {checkpoints[-1].name}; add --resume to continue"


def data_location(folder: Path, config: Config) -> str:
    """Returns where the data set of a run is on this machine, or its name if the run was trained elsewhere."""
    file = folder / "local.json"
    content = files.read_json(file) if file.is_file() else {}
    return str(content.get("data", config.data)) if isinstance(content, dict) else config.data


def check_folder(folder: Path, *, resume: bool) -> None:
    """Raises InputError unless a run can start in a folder, or with `resume` continue in it."""
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: found a file, expected a folder or none; choose another --name")
    has_run = (folder / "run.json").exists()
    if not (has_run and resume) and not _is_empty(folder):
        advice = ", or add --resume to continue the run in it" if has_run else ": no run is in it"
        raise InputError(f"{folder} is not empty; choose another --name{advice}")


def _is_empty(folder: Path) -> bool:
    """Whether a folder does not exist, or holds only what a process left that ended before the first save of a run."""
    left = (LOCK, "run.json", "local.json")
    return not folder.exists() or all(files.is_temporary(file) or file.name in left for file in folder.iterdir())
