"""A run is a folder: what was asked, how it went, and a generator that needs nothing else.

run.json                recipe, options, data, seed, versions, machine
log.jsonl               losses and speed, a line every LOG_STEPS steps
scores.jsonl            what somebody who watches found, a line at every save
samples/*.png           the same latents and conditions over time
checkpoints/*.pt        to play on from; the last two
generator.safetensors   the averaged generator, with run.json in its header
"""

import io
import json
import pickle
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType

import torch
from accelerate import Accelerator
from safetensors.torch import save as to_safetensors
from torch import Tensor

from condgan import files, machine, recipes
from condgan.config import Config
from condgan.data.dataset import Images, to_uint8
from condgan.errors import InputError
from condgan.generate import LoadedGenerator
from condgan.grid import grid, png
from condgan.journal import Journal
from condgan.recipes.recipe import Recipe
from condgan.train import Players, train

LOG_STEPS = 50
NUM_SAMPLES = 32

Watch = Callable[[LoadedGenerator], Mapping[str, float]]


class Diverged(RuntimeError):
    """A loss or a weight is no longer finite. The message says what is left to go back to."""


@dataclass(frozen=True)
class Budget:
    """When to stop: after `kimg` thousand real images or `minutes` of training, whichever comes first."""

    kimg: float
    minutes: float = float("inf")

    def share_spent(self, kimg: float, seconds: float) -> float:
        """From 0 to 1."""
        return min(1.0, max(kimg / self.kimg, seconds / 60 / self.minutes))


@dataclass(frozen=True)
class Status:
    """How a run stands: for a progress bar. Losses and D's beliefs are means since the last line of the log."""

    step: int
    kimg: float
    seconds: float
    images_per_second: float
    share_spent: float
    losses: Mapping[str, float]

    @property
    def totals(self) -> dict[str, float]:
        """What each player pays, `{"D": ..., "G": ...}`."""
        totals = {"D": 0.0, "G": 0.0}
        for name, loss in self.losses.items():
            player, slash, _ = name.partition("/")
            if slash:
                totals[player] += loss
        return totals


def check_playable(recipe: Recipe, images: Images) -> None:
    """Raises InputError if the recipe cannot be played on these images: their size, or too few for a batch."""
    shape = recipe.condition(images.condition), images.resolution, images.channels
    with torch.device("meta"):
        recipe.generator(*shape), recipe.discriminator(*shape)
    num_training = int(images.held_out.logical_not().sum())
    if num_training < recipe.batch_size:
        found = f"batch_size {recipe.batch_size}: found {num_training} training images"
        raise InputError(f"{found}, expected at least one batch; lower it with --set batch_size=N")


class Run:
    """A folder of a training, made new or found again."""

    def __init__(self, folder: Path, config: Config, *, resume: bool = False):
        """Raises InputError if the folder is not empty, or with `resume` if it holds a run of another configuration."""
        self.folder, self.config = folder, config
        if (folder / "run.json").exists() and resume:
            Config.read((folder / "run.json").read_text(), str(folder / "run.json")).check_same(config)
            return
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise InputError(f"{folder} is not empty; choose another --name, or add --resume to go on with a run in it")
        files.write(folder / "run.json", json.dumps(asdict(config), indent=2) + "\n")

    @property
    def checkpoints(self) -> list[Path]:
        """Oldest first."""
        return sorted((self.folder / "checkpoints").glob("*.pt"))

    def play(
        self,
        images: Images,
        budget: Budget,
        *,
        save_minutes: float = 5,
        accelerator: Accelerator | None = None,
        watch: Watch | None = None,
    ) -> Iterator[Status]:
        """Trains on the training part until the budget is spent, saving on the way; yields at every LOG_STEPS steps.

        Goes on from the newest checkpoint. An interrupt (SIGINT, SIGTERM) ends the step under way, saves and raises
        KeyboardInterrupt. What `watch` finds in the averaged generator at a save is a line of scores.jsonl; it changes
        nothing. Raises Diverged when a loss is no longer finite.
        """
        accelerator = accelerator or machine.accelerator(self.config.precision)
        recipe = recipes.build(self.config.recipe, self.config.options)
        check_playable(recipe, images)
        players = Players(recipe, images, self.config.seed, accelerator)
        training = images.part(held_out=False)
        seconds = self._restore(players)
        if players.step and budget.share_spent(players.kimg, seconds) >= 1:
            return
        fixed = self._fixed_samples(players, images)
        journal = Journal(self.folder, players.step, players.kimg, accelerator.is_main_process)

        def look(seconds: float) -> None:
            if accelerator.is_main_process:
                self._save_samples(players, *fixed)
                if watch:
                    averaged = LoadedGenerator(players.generator_ema.module, self.config)  # type: ignore[arg-type]
                    journal.score(watch(averaged), players.step, players.kimg, seconds)

        if players.step == 0:
            look(seconds)
        started, saved = time.monotonic() - seconds, time.monotonic()
        with _interrupts() as interrupted:
            for progress in train(players, training):
                journal.add(progress)
                seconds = time.monotonic() - started
                share = budget.share_spent(progress.kimg, seconds)
                stop = _agree(accelerator, share >= 1 or interrupted())
                save = stop or _agree(accelerator, time.monotonic() - saved > save_minutes * 60)
                if save or progress.step % LOG_STEPS == 0:
                    losses = journal.write(progress, seconds)
                    self._check_finite(losses, progress.step)
                    yield Status(progress.step, progress.kimg, seconds, journal.images_per_second, share, losses)
                if save:
                    self._save(players, seconds)
                    look(seconds)
                    saved = time.monotonic()
                if stop:
                    break
            if interrupted():
                raise KeyboardInterrupt

    def _check_finite(self, losses: Mapping[str, float], step: int) -> None:
        for name, loss in losses.items():
            if not abs(loss) < float("inf"):
                kept = f"{self.checkpoints[-1]} is the last good state" if self.checkpoints else "nothing was saved yet"
                raise Diverged(
                    f"{name} is {loss} at step {step}: training diverged; {kept}. Try a lower learning_rate."
                )

    def _restore(self, players: Players) -> float:
        """Loads the newest checkpoint, if any; seconds trained so far."""
        if not self.checkpoints:
            return 0.0
        newest = self.checkpoints[-1]
        try:
            # The players copy it to their device. That of several processes is "cpu:0", where torch can load nothing.
            state = torch.load(newest, map_location="cpu", weights_only=True)
            players.load_state_dict(state["players"])
        except (RuntimeError, KeyError, EOFError, pickle.UnpicklingError) as error:
            raise InputError(f"{newest}: broken checkpoint ({error}); delete it to go on from the one before") from None
        return float(state["seconds"])

    def _save(self, players: Players, seconds: float) -> None:
        if not players.accelerator.is_main_process:
            return
        weights = players.generator_ema.module.state_dict()
        if not all(weight.isfinite().all() for weight in weights.values()):
            raise Diverged(
                f"a weight is no longer finite at step {players.step}: training diverged; nothing overwritten"
            )
        buffer = io.BytesIO()
        torch.save({"players": players.state_dict(), "seconds": seconds}, buffer)
        files.write(self.folder / "checkpoints" / f"{players.step:09d}.pt", buffer.getvalue())
        header = {"run": json.dumps(asdict(self.config))}
        tensors = {name: weight.contiguous() for name, weight in weights.items()}
        files.write(self.folder / "generator.safetensors", to_safetensors(tensors, header))
        for old in self.checkpoints[:-2]:
            old.unlink()

    def _fixed_samples(self, players: Players, images: Images) -> tuple[Tensor, Tensor]:
        held_out = images.part(held_out=True).labels
        labels = next(iter(images.condition_lists.values()), held_out)[:NUM_SAMPLES]
        with torch.random.fork_rng():
            torch.manual_seed(self.config.seed)
            return players.condition.exhibit(players.latents(len(labels)), labels.to(players.accelerator.device))

    def _save_samples(self, players: Players, z: Tensor, c: Tensor) -> None:
        network = players.generator_ema.eval()
        with torch.no_grad():
            pictures = to_uint8(network(z, players.condition.encode(c)))
        files.write(self.folder / "samples" / f"{players.step:09d}.png", png(grid(pictures)))


@contextmanager
def _interrupts() -> Iterator[Callable[[], bool]]:
    """Turns the first SIGINT or SIGTERM into an answer to `interrupted()`; a second one is obeyed at once.

    Only the main thread may listen for signals; elsewhere nothing ever interrupts.
    """
    received: list[int] = []
    listened = (signal.SIGINT, signal.SIGTERM) if threading.current_thread() is threading.main_thread() else ()
    before = {number: signal.getsignal(number) for number in listened}

    def note(number: int, frame: FrameType | None) -> None:
        received.append(number)
        for listened_to, handler in before.items():
            signal.signal(listened_to, handler)

    for number in before:
        signal.signal(number, note)
    try:
        yield lambda: bool(received)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _agree(accelerator: Accelerator, yes: bool) -> bool:
    """Whether any process says yes, so that all stop and save at the same step."""
    if accelerator.num_processes == 1:
        return yes
    votes = torch.tensor(float(yes), device=accelerator.device)
    return bool(accelerator.reduce(votes, "sum") > 0)
