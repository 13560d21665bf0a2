"""The training loop: sample, score, step, average, yield."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils import clip_grad_norm_
from torch.optim import Optimizer

from condgan.data.dataset import Images, to_float
from condgan.draws import derived_seed
from condgan.networks.gan import DiscriminatorOutput
from condgan.objectives import Batch, Term
from condgan.optimizers import set_rates
from condgan.state import GAME, TrainState


@dataclass(frozen=True)
class Progress:
    """What one step returns; tensors are on the training's device.

    `losses` holds the mean of each term, e.g. `D/real`. `statistics` holds the mean of each statistic of the objective
    on D's last batch. `phase` is "game", or the name of the network that is pretrained; `step` and `kimg` count in the
    phase.
    """

    step: int
    kimg: float
    losses: Mapping[str, Tensor]
    statistics: Mapping[str, Tensor]
    phase: str = GAME


def train(state: TrainState, images: Images) -> Iterator[Progress]:
    """Trains on the training images without end and yields after every step. Seeds torch's global generator in each.

    Raises ValueError if the recipe has pretraining that is not finished, see `pretrain`.
    """
    if not state.is_pretrained:
        raise ValueError("pretraining is not finished; run `pretrain` first")
    recipe, condition, accelerator = state.recipe, state.condition, state.accelerator
    batch_size = min(recipe.batch_size, len(images.training))
    generator, discriminator = state.generator, state.discriminator
    state.freeze_reader()
    generator.train()
    discriminator.train()
    all_of_g, all_of_d = (  # but for frozen ones, such as those of a pretrained backbone
        [weight for weight in network.parameters() if weight.requires_grad] for network in (generator, discriminator)
    )

    def minimise(
        name: str,
        optimizer: Optimizer,
        weights: Sequence[Tensor],
        terms: Mapping[str, Term],
        b: Batch,
        shared: Sequence[Tensor] = (),
    ) -> dict[str, Tensor]:
        losses = {term: state.mean(loss(b), batch_size) for term, loss in terms.items()}
        # All terms in one backward: DistributedDataParallel reduces gradients once for each forward. Stopping at the
        # weights spares the gradient of the images, which are leaves only so that penalties may differentiate by them.
        accelerator.backward(sum(losses.values()), inputs=[*weights, *shared])
        if accelerator.num_processes > 1:
            for weight in shared:  # of a network that was called bare, whose gradients are not averaged yet
                weight.grad = accelerator.reduce(weight.grad, "mean")
        clip_grad_norm_([*weights, *shared], recipe.max_gradient_norm)
        optimizer.step()
        for weight in (*weights, *shared):  # also those that this optimizer does not update
            weight.grad = None
        return {f"{name}/{term}": loss.detach() for term, loss in losses.items()}

    while True:
        set_rates(state.generator_optimizer, state.generator_rates, state.progress)
        set_rates(state.discriminator_optimizer, state.discriminator_rates, state.progress)
        with state.seeded(batch_size, state.step + 1):
            now: dict[str, Any] = {"step": state.step, "progress": state.progress, "reader": state.reader}
            for discriminator_step in range(recipe.discriminator_steps):
                real_image, c = real_batch(state, images, discriminator_step)
                with torch.no_grad():  # D's step changes D alone; G is called bare, as there is no gradient to reduce
                    fake_image = generator(state.latents(len(c)), condition.encode(c))
                losses: dict[str, Tensor] = {}
                for terms in recipe.discriminator_terms:
                    b = Batch(  # anew, as it keeps the outputs of D, which an update changes
                        state.parallel_discriminator,  # wrapped, so that its gradients are averaged over processes
                        condition,
                        c,
                        real_image.requires_grad_(),
                        fake_image.requires_grad_(),
                        one_pass=state.one_pass,
                        **now,
                    )
                    losses |= minimise("D", state.discriminator_optimizer, all_of_d, terms, b)
            with torch.no_grad():  # also for an output that no term has used: its gradients would be waited for
                # For G's terms that compare with real images: D's output before its update spares another pass.
                known_real = DiscriminatorOutput(*(part.detach() for part in b.real))
                statistics = {
                    name: state.mean(term(b), batch_size) for name, term in recipe.objective.statistics.items()
                }

            # In G's step D needs no gradients of its weights, which spares a third of its work, but for those that are
            # updated with G. It is called bare: wrapped, it would wait for gradients that never come.
            discriminator.requires_grad_(False)
            for weight in state.shared_weights:
                weight.requires_grad_(True)
            for _ in range(recipe.generator_steps):
                fake_image = state.parallel_generator(state.latents(len(c)), condition.encode(c))
                b = Batch(discriminator, condition, c, real_image.detach(), fake_image, real=known_real, **now)
                terms = recipe.objective.generator
                losses |= minimise("G", state.generator_optimizer, all_of_g, terms, b, state.shared_weights)
            for weight in all_of_d:
                weight.requires_grad_(True)

        state.step += 1
        state.generator_ema.update_parameters(generator)
        yield Progress(state.step, state.kimg, state.over_processes(losses), state.over_processes(statistics))


def pretrain(state: TrainState, images: Images) -> Iterator[Progress]:
    """Runs the phases before the game, in which networks learn to predict the labels of training images.

    Yields after every step, and continues where a loaded state stopped. Freezes the reader at the end.
    """
    condition, accelerator = state.condition, state.accelerator
    for index, phase in enumerate(state.phases):
        phase.network.train()
        while not phase.is_over:
            batch_size = min(phase.pretraining.batch_size, len(images.training))
            indices = batch_indices(len(images.training), phase.pretraining.batch_size, phase.step, state)
            with state.seeded(batch_size, phase.step + 1, 2, index):
                real_image, c = _images_at(state, images, indices)
                logits = phase.logits(phase.pretraining.augment(real_image), condition.encode(c))
            loss = state.mean(condition.nll(logits, c), batch_size)
            accelerator.backward(loss)
            clip_grad_norm_(phase.network.parameters(), phase.pretraining.max_gradient_norm)
            set_rates(phase.optimizer, phase.rates, phase.progress)
            phase.optimizer.step()
            phase.network.zero_grad()  # also of weights that the phase's optimizer does not hold
            phase.step += 1
            hits, wanted = condition.hits(logits.detach(), c).sum(), condition.wanted(c).sum()
            means = state.over_processes({"loss": loss.detach(), "hits": hits.float(), "wanted": wanted.float()})
            accuracy = {"accuracy_real": means["hits"] / means["wanted"].clamp(min=1 / accelerator.num_processes)}
            yield Progress(phase.step, phase.kimg, {"classification_real": means["loss"]}, accuracy, phase.name)
    state.freeze_reader()


def real_batch(state: TrainState, images: Images, discriminator_step: int = 0) -> tuple[Tensor, Tensor]:
    """Returns this process's real images of an update of D in the coming step, in [-1, 1], and their conditions."""
    number = state.step * state.recipe.discriminator_steps + discriminator_step
    return _images_at(state, images, batch_indices(len(images.training), state.recipe.batch_size, number, state))


def _images_at(state: TrainState, images: Images, indices: Tensor) -> tuple[Tensor, Tensor]:
    pixels, labels = (_to_device(part, state.accelerator.device) for part in images.batch(images.training[indices]))
    real_image = to_float(pixels.contiguous(memory_format=torch.channels_last))
    return real_image, state.condition.sample(labels)


def _to_device(batch: Tensor, device: torch.device) -> Tensor:
    """Copies a batch to the device. To a GPU without waiting for the steps that it still computes."""
    return batch.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else batch.to(device)


def batch_indices(num_images: int, batch_size: int, number: int, state: TrainState) -> Tensor:
    """Returns this process's indices of a batch, from a permutation that is drawn anew for every epoch.

    Batches are numbered from the start of the training and shared by all processes. The last images of an epoch that do
    not fill a batch are left out.
    """
    process, num_processes = state.accelerator.process_index, state.accelerator.num_processes
    epoch, position = divmod(number, max(num_images // batch_size, 1))
    order = _epoch_order(num_images, derived_seed(state.seed, epoch, 0, 1))
    return order[position * batch_size : (position + 1) * batch_size][process::num_processes]


@lru_cache(maxsize=1)  # the batches of an epoch come one after the other
def _epoch_order(num_images: int, seed: int) -> Tensor:
    return torch.randperm(num_images, generator=torch.Generator().manual_seed(seed))
