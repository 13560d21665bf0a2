"""A run: a folder with the configuration, logs, previews, checkpoints and generator of one training.

run.json                configuration: recipe, options, data, seed, versions, machine
local.json              where the data set is on this machine; not needed elsewhere
log.jsonl               losses, statistics and speed, a line every LOG_STEPS steps
pretraining.jsonl       the same for networks that are trained before the game
scores.jsonl            scores at every save
samples/*.png           previews at every save, always with the same latents and conditions
checkpoints/*.pt        the last two states of the training, to continue from
saves.json              the last two saves and the SHA-256 of their files; written last, see `condgan.saves`
generator.safetensors   the averaged generator, with run.json in its header
.lock                   while it is trained: by which process
reader.safetensors      the recipe's reader, if it has one, from the first save after its training; the SHA-256 of this
                        file is `reader_sha256` in the header of generator.safetensors
"""

import io
import json
import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from accelerate import Accelerator
from torch import Tensor

from condgan import files, machine, recipes
from condgan.budget import Budget, Plan, any_process
from condgan.config import Config
from condgan.data.dataset import Images, to_uint8
from condgan.errors import InputError
from condgan.files import read_json, read_text, to_safetensors
from condgan.generate import LoadedGenerator
from condgan.grid import grid, png
from condgan.interrupts import deferred_interrupts
from condgan.lock import NAME as LOCK
from condgan.lock import locked
from condgan.log import GAME, RunLog
from condgan.recipes.recipe import Recipe
from condgan.saves import Save, add_save, read_saves
from condgan.state import TrainState
from condgan.train import Progress, pretrain, train

if TYPE_CHECKING:
    from condgan.callbacks import Callback

logger = logging.getLogger(__name__)

LOG_STEPS = 50
NUM_SAMPLES = 32
READER_FACTS = ("recipe", "options", "condition", "resolution", "channels", "data", "data_hash", "seed", "precision")


class Diverged(RuntimeError):
    """A loss or a weight is not finite. The message names the last good checkpoint."""


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


def check_trainable(recipe: Recipe, images: Images, num_processes: int = 1) -> None:
    """Raises InputError if the recipe cannot be trained on these images, e.g. because they do not fill a batch.

    A batch is shared by all processes, each of which needs an image of it.
    """
    condition = recipe.condition(images.condition)
    shape = condition, images.resolution, images.channels
    with torch.device("meta"):
        recipe.generator(*shape), recipe.discriminator(*shape)
    if images.num_training < recipe.batch_size:
        found = f"batch_size {recipe.batch_size}: found {images.num_training} training images"
        raise InputError(f"{found}, expected at least one batch; lower it with --set batch_size=N")
    pretraining = [recipe.reader.pretraining] if recipe.reader else []
    pretraining += [recipe.discriminator_pretraining] if recipe.discriminator_pretraining else []
    smallest = min([recipe.batch_size, *(phase.batch_size for phase in pretraining)])
    if smallest < num_processes:
        found = f"a batch of {smallest} images: found {num_processes} processes, expected at most {smallest}, as they"
        raise InputError(f"{found} share each batch; raise it with --set batch_size=N or start fewer processes")
    if pretraining and not condition.is_labelled:
        raise InputError("pretraining needs labels of real images, which codes do not have; choose another recipe")


class Run:
    """A training and its folder, new or existing."""

    def __init__(self, folder: Path, config: Config, *, data: str | None = None, resume: bool = False):
        """Creates the folder, or with `resume` opens it if it exists. `data` locates the data set on this machine.

        Raises InputError if the folder is not empty, if its run is being trained by another process, or with `resume`
        if its run has another configuration.
        """
        self.folder, self.config = folder, config
        file = folder / "run.json"
        if file.exists() and resume:
            before = Config.parse(read_text(file), str(file))
            before.check_same(config)
            self.config = replace(before, kimg=config.kimg, minutes=config.minutes, planned_kimg=config.planned_kimg)
            if config.minutes is not None and (config.minutes, config.kimg) == (before.minutes, before.kimg):
                self.config = before  # the same budget, so the same plan
        elif not _is_empty(folder):
            raise InputError(f"{folder} is not empty; choose another --name, or add --resume to continue a run in it")
        else:
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
    ) -> Iterator[Status]:
        """Trains until the budget is used up and saves regularly; yields every LOG_STEPS steps.

        Continues from the newest whole save; what is newer is deleted and made again, with the same result. On SIGINT,
        SIGTERM or SIGHUP it finishes the step, saves and raises KeyboardInterrupt; on a second one it raises at once.
        At every save `callback` is called with the averaged generator and the scores it returns are appended to
        scores.jsonl; it does not influence the training. Raises InputError if another process trains this run or if
        its checkpoints cannot be used, and Diverged if a loss or a weight is not finite.
        """
        accelerator = accelerator or machine.accelerator(self.config.precision)
        with locked(self.folder) if accelerator.is_main_process else nullcontext():
            try:
                yield from self._train(images, budget, save_minutes, accelerator, callback)
            except KeyboardInterrupt:
                raise KeyboardInterrupt(self._saved_so_far()) from None

    def _train(
        self,
        images: Images,
        budget: Budget,
        save_minutes: float,
        accelerator: Accelerator,
        callback: "Callback | None",
    ) -> Iterator[Status]:
        recipe = recipes.build(self.config.recipe, self.config.options)
        check_trainable(recipe, images, accelerator.num_processes)
        is_main = accelerator.is_main_process
        state = TrainState(recipe, images, self.config.seed, accelerator, budget.kimg)
        last, saved = self._restore(state)
        seconds = float(saved.get("seconds", 0.0))
        preview = self._preview(state, images)
        if is_main:
            self._clean(state, last, preview)

        def record(planned_kimg: float) -> None:
            self.config = replace(self.config, planned_kimg=planned_kimg)
            if is_main:
                self._write_config()

        plan = Plan(budget, state, self.config.planned_kimg, record)
        if state.step and state.progress >= 1:
            return
        if is_main:
            self._write_config()  # the budget may have changed
        training = images.part(held_out=False)
        log = RunLog(self.folder, _steps(state) if last else {}, is_main)
        log.load_state_dict(saved.get("log", {}))

        def save(seconds: float, phase: str = GAME) -> None:
            if is_main:
                if callback and phase == GAME:
                    averaged = LoadedGenerator(state.generator_ema.module, self.config)  # type: ignore[arg-type]
                    log.score(callback(averaged), state.step, state.kimg, seconds)
                log.sync()
                self._save(state, {"seconds": seconds, "log": log.state_dict()}, preview, phase)

        if not last:
            save(seconds)
        started, saved_at = time.monotonic() - seconds, time.monotonic()
        log.start()
        with deferred_interrupts() as interrupted:
            for progress in chain(pretrain(state, training), train(state, training)):
                phase = progress.phase
                log.add(progress)
                seconds = time.monotonic() - started
                if phase == GAME:
                    plan.update(seconds)
                share = _share(state, progress)
                stop = any_process(accelerator, interrupted()) or (phase == GAME and share >= 1)
                due = stop or any_process(accelerator, time.monotonic() - saved_at > save_minutes * 60)
                if due:
                    self._check_finite(log.means(), progress.step)
                if progress.step % LOG_STEPS == 0 or share >= 1:
                    losses = log.write(progress, seconds)
                    self._check_finite(losses, progress.step)
                    yield Status(phase, progress.step, progress.kimg, seconds, log.images_per_second, share, losses)
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
                kept = (
                    f"the last good checkpoint is {self.checkpoints[-1]}"
                    if self.checkpoints
                    else "there is no checkpoint yet"
                )
                raise Diverged(
                    f"{name} is {loss} at step {step}: training diverged; {kept}. Try a lower learning_rate."
                )

    def _restore(self, state: TrainState) -> tuple[Save | None, dict[str, Any]]:
        """Loads the newest whole save, if any, and returns it and what its checkpoint holds apart from the state."""
        saves = read_saves(self.folder)
        if not saves:
            left = [name for name in ("generator.safetensors", "log.jsonl") if (self.folder / name).is_file()]
            if left:
                found = f"{self.folder}: found {left[0]} but no checkpoint to continue from"
                raise InputError(f"{found}; restore checkpoints and saves.json, or choose another --name")
            return None, {}
        problems: list[str] = []
        for save in reversed(saves):
            if save.checkpoint is None:
                return save, {}
            try:
                content = self._load(state, save, save.checkpoint)
            except _Broken as problem:
                problems.append(str(problem))
                continue
            if state.accelerator.is_main_process:
                self._report(state, save, problems)
            return save, content
        raise InputError(f"{'; '.join(problems)}; no other checkpoint is left: restore one, or choose another --name")

    def _load(self, state: TrainState, save: Save, checkpoint: str) -> dict[str, Any]:
        """Restores the state of a save, and returns its checkpoint. Raises _Broken naming the file."""
        file = self.folder / checkpoint
        if not save.is_whole(self.folder, checkpoint):
            problem = "not the content that was saved" if file.is_file() else "no such file"
            raise _Broken(f"{file}: broken checkpoint ({problem})")
        try:
            # To the CPU, as torch cannot load to "cpu:0", the device of several processes; `load_state_dict` copies.
            content: dict[str, Any] = torch.load(file, map_location="cpu", weights_only=True)
            if "players" in content:
                raise InputError(f"{file}: checkpoint of version 0.1, which cannot be continued; use another --name")
            state.load_state_dict(content["state"])
            float(content["seconds"])
        except InputError:
            raise
        except Exception as error:  # torch does not say what it raises for a broken file
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise _Broken(f"{file}: broken checkpoint ({reason})") from None
        return content

    def _report(self, state: TrainState, save: Save, problems: Sequence[str]) -> None:
        for problem in problems:
            logger.warning("%s; continuing from %s", problem, save.checkpoint)
        before, now = save.processes, state.accelerator.num_processes
        if before not in (0, now):
            logger.warning(
                "%s was trained by %d processes so far and continues with %d: the result is as good, but not the same "
                "as with the number of before",
                self.folder,
                before,
                now,
            )

    def _clean(self, state: TrainState, save: Save | None, preview: tuple[Tensor, Tensor]) -> None:
        """Makes the files of the run agree with the save it continues from."""
        for name in ("run.json", "local.json", "*.jsonl", "saves.json", "*.safetensors"):
            files.remove_partial(self.folder, name)
        for name in ("checkpoints", "samples"):
            files.remove_partial(self.folder / name)
        for sample in (self.folder / "samples").glob("[0-9]*.png"):
            if sample.stem.isdecimal() and int(sample.stem) > state.step:
                sample.unlink()
        if save is None or save.checkpoint is None:
            return
        phase = GAME if _is_pretrained(state) else "pretraining"
        expected = [name for name in self._output_names(state, phase) if not save.is_whole(self.folder, name)]
        if expected:
            outputs = self._outputs(state, preview, phase)
            for name in expected:
                files.write(self.folder / name, outputs[name])
                logger.warning("%s: missing or of another step; written again", self.folder / name)

    def _save(self, state: TrainState, content: Mapping[str, Any], preview: tuple[Tensor, Tensor], phase: str) -> None:
        """Writes the files of a save, then lists it, which makes it valid."""
        weights = state.generator_ema.module.state_dict()
        if not all(weight.isfinite().all() for weight in weights.values()):
            raise Diverged(f"a weight is not finite at step {state.step}: training diverged; no file was overwritten")
        before = sum(each.step for each in state.phases)
        outputs = self._outputs(state, preview, phase)
        checkpoint = None
        if state.step or before:
            name = f"{state.step:09d}" if _is_pretrained(state) else f"{state.step:09d}-{before:09d}"
            checkpoint, buffer = f"checkpoints/{name}.pt", io.BytesIO()
            torch.save({"state": state.state_dict(), **content}, buffer)
            outputs = {checkpoint: buffer.getvalue(), **outputs}
        else:
            outputs = {name: output for name, output in outputs.items() if name.startswith("samples/")}
        for name, output in outputs.items():
            files.write(self.folder / name, output)
        hashes = {name: sha256(output).hexdigest() for name, output in outputs.items()}
        new = Save(checkpoint, state.accelerator.num_processes, hashes)
        add_save(self.folder, read_saves(self.folder), new)

    def _output_names(self, state: TrainState, phase: str) -> list[str]:
        """The files of a save apart from its checkpoint, all of which follow from the state."""
        names = ["generator.safetensors"]
        names += ["reader.safetensors"] if _has_reader(state) else []
        return names + ([f"samples/{state.step:09d}.png"] if phase == GAME else [])

    def _outputs(self, state: TrainState, preview: tuple[Tensor, Tensor], phase: str) -> dict[str, bytes]:
        """Returns the content of these files by name."""
        config = self.config.to_json()
        outputs, header = {}, {"run": json.dumps(config)}
        if _has_reader(state) and state.reader:
            # Without the budget, which may change on resume: the file stays the same.
            facts = json.dumps({name: config[name] for name in READER_FACTS})
            outputs["reader.safetensors"] = to_safetensors(state.reader.state_dict(), {"reader": facts})
            header["reader_sha256"] = sha256(outputs["reader.safetensors"]).hexdigest()
        outputs["generator.safetensors"] = to_safetensors(state.generator_ema.module.state_dict(), header)
        if phase == GAME:
            outputs[f"samples/{state.step:09d}.png"] = self._samples(state, *preview)
        return outputs

    def _preview(self, state: TrainState, images: Images) -> tuple[Tensor, Tensor]:
        """Returns latents (N, latent_dim) and conditions of the previews."""
        held_out = images.part(held_out=True).labels
        labels = next(iter(images.condition_lists.values()), held_out)[:NUM_SAMPLES]
        with torch.random.fork_rng():
            torch.manual_seed(self.config.seed)
            return state.condition.sample_grid(state.latents(len(labels)), labels.to(state.accelerator.device))

    def _samples(self, state: TrainState, z: Tensor, c: Tensor) -> bytes:
        network = state.generator_ema.eval()
        with torch.no_grad():
            pictures = to_uint8(network(z, state.condition.encode(c)))
        return png(grid(pictures))

    def _saved_so_far(self) -> str:
        """What a person should know who interrupts a training."""
        checkpoints = self.checkpoints
        if not checkpoints:
            return f"nothing of {self.folder} is saved yet"
        return f"{self.folder} is saved up to {checkpoints[-1].name}; add --resume to continue"


class _Broken(Exception):
    """A checkpoint that cannot be used."""


def data_location(folder: Path, config: Config) -> str:
    """Returns where the data set of a run is on this machine, or its name if the run was trained elsewhere."""
    file = folder / "local.json"
    content = read_json(file) if file.is_file() else {}
    return str(content.get("data", config.data)) if isinstance(content, dict) else config.data


def _is_empty(folder: Path) -> bool:
    """Whether a folder does not exist, or holds only what a process left that was killed while it created a run."""
    if not folder.exists():
        return True
    return folder.is_dir() and all(
        file.name == LOCK or (file.name.startswith(".run.json.") and file.suffix == ".tmp") for file in folder.iterdir()
    )


def _is_pretrained(state: TrainState) -> bool:
    return all(phase.step >= phase.num_steps for phase in state.phases)


def _has_reader(state: TrainState) -> bool:
    """Whether there is a reader whose training has ended."""
    return state.reader is not None and all(p.step >= p.num_steps for p in state.phases if p.network is state.reader)


def _steps(state: TrainState) -> dict[str, int]:
    """Returns the number of steps of every phase so far."""
    return {GAME: state.step} | {phase.name: phase.step for phase in state.phases}


def _share(state: TrainState, progress: Progress) -> float:
    """Returns the share of the current phase that is done, in [0, 1]."""
    if progress.phase == GAME:
        return state.progress
    return next(phase.step / phase.num_steps for phase in state.phases if phase.name == progress.phase)
