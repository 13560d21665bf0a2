"""Everything that training changes: networks, optimizers, averages and step counts."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from condgan.conditions import Condition
from condgan.data.dataset import Images
from condgan.draws import derived_seed, per_sample, seeded_batch
from condgan.ema import averaged, ema_decay
from condgan.errors import InputError
from condgan.networks.normalization import mixes_samples
from condgan.networks.shared_batch_norm import share_batch_norm
from condgan.optimizers import load_optimizer, set_rates, take_schedules
from condgan.recipes.recipe import Pretraining, Recipe
from condgan.weights import check_size

GAME = "game"  # the name of the last phase of a training, in which G and D are trained


class Phase:
    """Pretraining of one network: its optimizer, and how many steps it has made."""

    def __init__(
        self, name: str, network: nn.Module, logits: Callable[[Tensor, Tensor], Tensor], pretraining: Pretraining
    ):
        self.name, self.network, self.logits, self.pretraining = name, network, logits, pretraining
        self.optimizer = pretraining.optimizer(network)
        self.rates = take_schedules(self.optimizer)
        self.step, self.num_steps = 0, max(1, round(1000 * pretraining.kimg / pretraining.batch_size))

    @property
    def kimg(self) -> float:
        """Thousands of images shown."""
        return self.step * self.pretraining.batch_size / 1000

    @property
    def progress(self) -> float:
        """Share of the steps that were made, in [0, 1]."""
        return self.step / self.num_steps

    @property
    def is_over(self) -> bool:
        """Whether all steps were made."""
        return self.step >= self.num_steps

    def state_dict(self) -> dict[str, Any]:
        """What the phase needs to continue, apart from the network."""
        return {"step": self.step, "optimizer": self.optimizer.state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restores what `state_dict` returned."""
        load_optimizer(self.optimizer, state["optimizer"])
        self.step = state["step"]
        if self.step:  # the rates of the last step, which a phase that is over would not set again
            set_rates(self.optimizer, self.rates, (self.step - 1) / self.num_steps)


class TrainState:
    """Networks, optimizers, the averaged generator and the number of steps of a training.

    Everything that a step changes is in `state_dict`, and everything random in a step follows from (seed, step). A
    training that is saved, loaded and continued is therefore equal to one that was never interrupted, bit for bit.
    Several processes train on the same random numbers as one, and are equal to it up to rounding.

    `generator` and `discriminator` are the bare networks. `parallel_generator` and `parallel_discriminator` are the
    same as wrapped by accelerate, which averages their gradients over processes in `backward`. `planned_kimg` is the
    length of the training, over which schedules run; by default all epochs of the recipe.
    """

    def __init__(
        self, recipe: Recipe, images: Images, seed: int, accelerator: Accelerator, planned_kimg: float | None = None
    ):
        self.recipe, self.condition = recipe, recipe.condition(images.condition)
        self.seed, self.accelerator = seed, accelerator
        self.planned_kimg = recipe.num_epochs * images.num_training / 1000 if planned_kimg is None else planned_kimg
        torch.manual_seed(derived_seed(seed, 0))
        shape = self.condition, images.resolution, images.channels
        device = accelerator.device
        self.generator = recipe.generator(*shape).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.discriminator = recipe.discriminator(*shape).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.step = 0
        self.generator_ema = averaged(
            self.generator, lambda: ema_decay(self.step_kimg, self.kimg, recipe.ema_half_life_kimg)
        )
        optimizers = recipe.generator_optimizer(self.generator), recipe.discriminator_optimizer(self.discriminator)
        self.shared_weights = recipe.shared_weights(self.discriminator) if recipe.shared_weights else []
        if self.shared_weights:
            optimizers[0].add_param_group({**optimizers[0].param_groups[0], "params": self.shared_weights})
        self.generator_rates, self.discriminator_rates = map(take_schedules, optimizers)
        self.parallel_generator, self.parallel_discriminator, self.generator_optimizer, self.discriminator_optimizer = (
            accelerator.prepare(self.generator, self.discriminator, *optimizers)
        )
        share_batch_norm(self.parallel_generator)
        share_batch_norm(self.parallel_discriminator)
        # Batch norm over real and fake images together would be another network than one over each of them.
        self.one_pass = not mixes_samples(self.discriminator)
        self.reader: nn.Module | None = None
        self.phases = self._phases(shape)

    def _phases(self, shape: tuple[Condition, int, int]) -> list[Phase]:
        recipe, phases = self.recipe, []
        if recipe.reader:
            reader = recipe.reader.network(*shape).to(self.accelerator.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
            self.reader, parallel = reader, self.accelerator.prepare(reader)
            share_batch_norm(parallel)
            phases.append(Phase("reader", reader, lambda image, c: parallel(image), recipe.reader.pretraining))
        if recipe.discriminator_pretraining:
            phases.append(
                Phase("discriminator", self.discriminator, self._discriminator_logits, recipe.discriminator_pretraining)
            )
        return phases

    def _discriminator_logits(self, image: Tensor, c: Tensor) -> Tensor:
        score, logits = self.parallel_discriminator(image, c)
        # DistributedDataParallel waits for a gradient of every parameter, also of the score's: zero times it adds
        # nothing.
        with_score: Tensor = logits + 0 * score[:, None]
        return with_score

    @property
    def steps(self) -> dict[str, int]:
        """The number of steps of every phase so far, the game last."""
        return {phase.name: phase.step for phase in self.phases} | {GAME: self.step}

    @property
    def is_pretrained(self) -> bool:
        """Whether all phases of pretraining have ended."""
        return all(phase.is_over for phase in self.phases)

    @property
    def has_trained_reader(self) -> bool:
        """Whether there is a reader whose training has ended."""
        return any(phase.is_over for phase in self.phases if phase.network is self.reader)

    @property
    def step_kimg(self) -> float:
        """Thousands of real images shown in one step."""
        return self.recipe.discriminator_steps * self.recipe.batch_size / 1000

    @property
    def kimg(self) -> float:
        """Thousands of real images shown so far."""
        return self.step * self.step_kimg

    @property
    def progress(self) -> float:
        """Share of the planned images that were shown, in [0, 1]."""
        share = self.kimg / self.planned_kimg
        return share if share < 1 - 1e-9 else 1.0  # 3 steps of 0.036 are less than 0.108 by rounding

    def share_of(self, phase: str) -> float:
        """Returns the share of a phase that is done, in [0, 1]."""
        return next((each.progress for each in self.phases if each.name == phase), self.progress)

    def state_dict(self) -> dict[str, Any]:
        """All that the training needs to continue."""
        return {
            "step": self.step,
            "generator": self.generator.state_dict(),
            "discriminator": self.discriminator.state_dict(),
            "generator_ema": self.generator_ema.state_dict(),
            "generator_optimizer": self.generator_optimizer.state_dict(),
            "discriminator_optimizer": self.discriminator_optimizer.state_dict(),
            "reader": self.reader.state_dict() if self.reader else {},
            "phases": [phase.state_dict() for phase in self.phases],
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restores what `state_dict` returned. Raises an error of some kind if it is of another training."""
        self.step = int(state["step"])
        self.generator.load_state_dict(state["generator"])
        self.discriminator.load_state_dict(state["discriminator"])
        self.generator_ema.load_state_dict(state["generator_ema"])
        load_optimizer(self.generator_optimizer, state["generator_optimizer"])
        load_optimizer(self.discriminator_optimizer, state["discriminator_optimizer"])
        if self.reader:
            self.reader.load_state_dict(state["reader"])
        for phase, saved in zip(self.phases, state["phases"], strict=True):
            phase.load_state_dict(saved)

    def freeze_reader(self) -> None:
        """Ends the training of the reader, if there is one."""
        if self.reader:
            self.reader.eval().requires_grad_(False)

    def latents(self, n: int) -> Tensor:
        """Draws latents from N(0, 1), (n, latent_dim)."""
        return per_sample(lambda n: torch.randn(n, self.generator.latent_dim, device=self.accelerator.device), n)

    def seeded(self, batch_size: int, step: int, *phase: int) -> AbstractContextManager[None]:
        """Seeds the draws of a step, whose batch of `batch_size` images is shared by all processes."""
        process, num_processes = self.accelerator.process_index, self.accelerator.num_processes

        def seed(number: int) -> int:
            return derived_seed(self.seed, step, number, *phase)

        return seeded_batch(batch_size, process, num_processes, seed, self.accelerator.device)

    def mean(self, values: Tensor, batch_size: int) -> Tensor:
        """Returns the mean of values (N,) of this process's part of a batch, weighted by the size of the part.

        Its mean over processes, which is what gradients are averaged to, is the mean over the batch.
        """
        weight = len(values) * self.accelerator.num_processes / batch_size
        mean: Tensor = weight * values.mean()
        return mean

    def over_processes(self, means: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Returns the mean over processes of each number."""
        if self.accelerator.num_processes == 1 or not means:
            return dict(means)
        reduced = self.accelerator.reduce(torch.stack(list(means.values())), "mean")
        return dict(zip(means, reduced.unbind(), strict=True))


def check_trainable(recipe: Recipe, images: Images, num_processes: int = 1) -> None:
    """Raises InputError if the recipe cannot be trained on these images, e.g. because they do not fill a batch.

    A batch is shared by all processes, each of which needs an image of it.
    """
    condition = recipe.condition(images.condition)
    shape = condition, images.resolution, images.channels
    check_size(lambda: [recipe.generator(*shape), recipe.discriminator(*shape)])
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
