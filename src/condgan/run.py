"""A run: a folder with the configuration, logs, previews, checkpoints and generator of one training.

run.json                configuration: recipe, options, data, seed, versions, machine
local.json              where the data set is on this machine; not needed elsewhere
log.jsonl               losses, statistics and speed, a line every LOG_STEPS steps
pretraining.jsonl       the same for networks that are trained before the game
scores.jsonl            scores at every save
samples/*.png           previews at every save, always with the same latents and conditions
checkpoints/*.pt        the last two states of the training, to continue from
generator.safetensors   the averaged generator, with run.json in its header
reader.safetensors      the recipe's reader, if it has one, from the first save after its training; the SHA-256 of this
                        file is `reader_sha256` in the header of generator.safetensors
"""

import io
import json
import pickle
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from accelerate import Accelerator
from safetensors.torch import save as to_safetensors
from torch import Tensor

from condgan import files, machine, recipes
from condgan.budget import Budget, Plan, any_process
from condgan.config import Config
from condgan.data.dataset import Images, to_uint8
from condgan.errors import InputError
from condgan.files import read_json, read_text
from condgan.generate import LoadedGenerator
from condgan.grid import grid, png
from condgan.interrupts import deferred_interrupts
from condgan.log import GAME, RunLog
from condgan.recipes.recipe import Recipe
from condgan.state import TrainState
from condgan.train import Progress, pretrain, train

if TYPE_CHECKING:
    from condgan.callbacks import Callback

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

        Raises InputError if the folder is not empty, or with `resume` if its run has another configuration.
        """
        self.folder, self.config = folder, config
        file = folder / "run.json"
        if file.exists() and resume:
            before = Config.parse(read_text(file), str(file))
            before.check_same(config)
            self.config = replace(before, kimg=config.kimg, minutes=config.minutes, planned_kimg=config.planned_kimg)
            if config.minutes is not None and (config.minutes, config.kimg) == (before.minutes, before.kimg):
                self.config = before  # the same budget, so the same plan
        else:
            self._create()
        if data is not None:
            files.write_json(folder / "local.json", {"data": data})

    def _create(self) -> None:
        folder = self.folder
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise InputError(f"{folder} is not empty; choose another --name, or add --resume to continue a run in it")
        self._write_config()

    @property
    def checkpoints(self) -> list[Path]:
        """The checkpoints, oldest first."""
        return sorted((self.folder / "checkpoints").glob("*.pt"))

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

        Continues from the newest checkpoint. On SIGINT or SIGTERM it finishes the step, saves and raises
        KeyboardInterrupt. At every save `callback` is called with the averaged generator and the scores it returns are
        appended to scores.jsonl; it does not influence the training. Raises Diverged if a loss or a weight is not
        finite.
        """
        accelerator = accelerator or machine.accelerator(self.config.precision)
        recipe = recipes.build(self.config.recipe, self.config.options)
        check_trainable(recipe, images, accelerator.num_processes)
        state = TrainState(recipe, images, self.config.seed, accelerator, budget.kimg)
        resumed = bool(self.checkpoints)
        seconds = self._restore(state)

        def record(planned_kimg: float) -> None:
            self.config = replace(self.config, planned_kimg=planned_kimg)
            if accelerator.is_main_process:
                self._write_config()

        plan = Plan(budget, state, self.config.planned_kimg, record)
        if state.step and state.progress >= 1:
            return
        if accelerator.is_main_process:
            self._write_config()  # the budget may have changed
        training, preview = images.part(held_out=False), self._preview(state, images)
        log = RunLog(self.folder, _steps(state) if resumed else {}, accelerator.is_main_process)

        def on_save(seconds: float) -> None:
            if accelerator.is_main_process:
                self._save_samples(state, *preview)
                if callback:
                    averaged = LoadedGenerator(state.generator_ema.module, self.config)  # type: ignore[arg-type]
                    log.score(callback(averaged), state.step, state.kimg, seconds)

        if not resumed:
            on_save(seconds)
        started, saved = time.monotonic() - seconds, time.monotonic()
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
                save = stop or any_process(accelerator, time.monotonic() - saved > save_minutes * 60)
                if save or progress.step % LOG_STEPS == 0 or share >= 1:
                    losses = log.write(progress, seconds)
                    self._check_finite(losses, progress.step)
                    yield Status(phase, progress.step, progress.kimg, seconds, log.images_per_second, share, losses)
                if save:
                    self._save(state, seconds)
                    if phase == GAME:
                        on_save(seconds)
                    saved = time.monotonic()
                    log.start()  # the speed in the log is that of training alone
                if stop:
                    break
            if interrupted():
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

    def _restore(self, state: TrainState) -> float:
        """Loads the newest checkpoint, if any, and returns the seconds trained so far."""
        if not self.checkpoints:
            return 0.0
        newest = self.checkpoints[-1]
        try:
            # To the CPU, as torch cannot load to "cpu:0", the device of several processes; `load_state_dict` copies.
            saved = torch.load(newest, map_location="cpu", weights_only=True)
            if "players" in saved:
                raise InputError(f"{newest}: checkpoint of version 0.1, which cannot be continued; use another --name")
            state.load_state_dict(saved["state"])
        except (RuntimeError, KeyError, EOFError, pickle.UnpicklingError) as error:
            raise InputError(
                f"{newest}: broken checkpoint ({error}); delete it to continue from the previous one"
            ) from None
        return float(saved["seconds"])

    def _save(self, state: TrainState, seconds: float) -> None:
        if not state.accelerator.is_main_process:
            return
        weights = state.generator_ema.module.state_dict()
        if not all(weight.isfinite().all() for weight in weights.values()):
            raise Diverged(f"a weight is not finite at step {state.step}: training diverged; no file was overwritten")
        buffer = io.BytesIO()
        torch.save({"state": state.state_dict(), "seconds": seconds}, buffer)
        files.write(self.folder / "checkpoints" / f"{state.step:09d}.pt", buffer.getvalue())
        header = {"run": json.dumps(self.config.to_json())} | self._save_reader(state)
        files.write(self.folder / "generator.safetensors", _to_bytes(weights, header))
        for old in self.checkpoints[:-2]:
            old.unlink()

    def _save_reader(self, state: TrainState) -> dict[str, str]:
        """Writes the reader if its training has ended, and returns what the generator's header says about it."""
        if state.reader is None or any(p.step < p.num_steps for p in state.phases if p.network is state.reader):
            return {}
        config = self.config.to_json()
        # Without the budget, which may change on resume: the file stays the same.
        facts = json.dumps({name: config[name] for name in READER_FACTS})
        content = _to_bytes(state.reader.state_dict(), {"reader": facts})
        files.write(self.folder / "reader.safetensors", content)
        return {"reader_sha256": sha256(content).hexdigest()}

    def _preview(self, state: TrainState, images: Images) -> tuple[Tensor, Tensor]:
        """Returns latents (N, latent_dim) and conditions of the previews."""
        held_out = images.part(held_out=True).labels
        labels = next(iter(images.condition_lists.values()), held_out)[:NUM_SAMPLES]
        with torch.random.fork_rng():
            torch.manual_seed(self.config.seed)
            return state.condition.sample_grid(state.latents(len(labels)), labels.to(state.accelerator.device))

    def _save_samples(self, state: TrainState, z: Tensor, c: Tensor) -> None:
        network = state.generator_ema.eval()
        with torch.no_grad():
            pictures = to_uint8(network(z, state.condition.encode(c)))
        files.write(self.folder / "samples" / f"{state.step:09d}.png", png(grid(pictures)))


def data_location(folder: Path, config: Config) -> str:
    """Returns where the data set of a run is on this machine, or its name if the run was trained elsewhere."""
    file = folder / "local.json"
    content = read_json(file) if file.is_file() else {}
    return str(content.get("data", config.data)) if isinstance(content, dict) else config.data


def _to_bytes(weights: Mapping[str, Tensor], header: dict[str, str]) -> bytes:
    return to_safetensors({name: weight.contiguous() for name, weight in weights.items()}, header)


def _steps(state: TrainState) -> dict[str, int]:
    """Returns the number of steps of every phase so far."""
    return {GAME: state.step} | {phase.name: phase.step for phase in state.phases}


def _share(state: TrainState, progress: Progress) -> float:
    """Returns the share of the current phase that is done, in [0, 1]."""
    if progress.phase == GAME:
        return state.progress
    return next(phase.step / phase.num_steps for phase in state.phases if phase.name == progress.phase)
