"""The game: draw, judge, descend, average, yield."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from condgan.data.dataset import Images, to_float
from condgan.networks.heads import Verdict
from condgan.networks.parts import mixes_samples
from condgan.objectives import Round, Term
from condgan.recipes.recipe import Recipe


class Players:
    """Both networks, their optimizers, the averaged generator, and how many steps they have played.

    Everything that a step changes is in `state_dict`, and everything random in a step follows from (seed, step,
    process): a game that is saved, loaded and played on is the game that was never interrupted.
    """

    def __init__(self, recipe: Recipe, images: Images, seed: int, accelerator: Accelerator):
        self.recipe, self.condition = recipe, recipe.condition(images.condition)
        self.seed, self.accelerator = seed, accelerator
        torch.manual_seed(_entropy(seed, 0))
        shape = self.condition, images.resolution, images.channels
        generator = recipe.generator(*shape).to(accelerator.device)
        discriminator = recipe.discriminator(*shape).to(accelerator.device)
        for player in (generator, discriminator):
            player.to(memory_format=torch.channels_last)
        self.step = 0
        self.generator, self.discriminator = generator, discriminator
        self.generator_ema = AveragedModel(generator, multi_avg_fn=self._average)
        self.prepared = accelerator.prepare(
            generator,
            discriminator,
            recipe.generator_optimizer(generator),
            recipe.discriminator_optimizer(discriminator),
        )
        self.one_pass = not mixes_samples(discriminator)

    @property
    def round_kimg(self) -> float:
        """Thousands of real images in a step."""
        return self.recipe.discriminator_steps * self.recipe.batch_size / 1000

    @property
    def kimg(self) -> float:
        """Thousands of real images shown."""
        return self.step * self.round_kimg

    def state_dict(self) -> dict[str, Any]:
        """All that the game needs to go on."""
        _, _, optimizer_g, optimizer_d = self.prepared
        return {
            "step": self.step,
            "generator": self.generator.state_dict(),
            "discriminator": self.discriminator.state_dict(),
            "generator_ema": self.generator_ema.state_dict(),
            "generator_optimizer": optimizer_g.state_dict(),
            "discriminator_optimizer": optimizer_d.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes back to where `state_dict` was taken."""
        _, _, optimizer_g, optimizer_d = self.prepared
        self.step = state["step"]
        self.generator.load_state_dict(state["generator"])
        self.discriminator.load_state_dict(state["discriminator"])
        self.generator_ema.load_state_dict(state["generator_ema"])
        optimizer_g.load_state_dict(state["generator_optimizer"])
        optimizer_d.load_state_dict(state["discriminator_optimizer"])

    def latents(self, n: int) -> Tensor:
        """Latents from the prior, (n, latent_dim)."""
        return torch.randn(n, self.generator.latent_dim, device=self.accelerator.device)

    def _average(self, averaged: Any, current: Any, num_averaged: Any) -> None:
        # The memory grows with the game, so that an early average does not remember the first weights.
        # Karras et al. 2024 (EDM2), section 3, say why a half-life should follow the length of the training.
        half_life = min(self.recipe.ema_half_life_kimg, 0.1 * self.kimg)
        decay = 0.5 ** (self.round_kimg / half_life) if half_life else 0.0
        torch._foreach_lerp_(averaged, current, 1 - decay)


@dataclass(frozen=True)
class Progress:
    """What a step leaves behind, still on the device.

    Losses are the mean of each term, `D/adversarial` and so on. Beliefs are how real D took images for, the mean of the
    sigmoid of its score: `D(x)` and `D(G(z))` of its own last step, `D(G(z)) for G` of G's.
    """

    step: int
    kimg: float
    losses: dict[str, Tensor]
    beliefs: dict[str, Tensor]


def train(players: Players, images: Images) -> Iterator[Progress]:
    """Plays without end, yielding after every step. Seeds torch's global generator at each."""
    recipe, condition, accelerator = players.recipe, players.condition, players.accelerator
    generator, discriminator, optimizer_g, optimizer_d = players.prepared
    players.generator.train()
    players.discriminator.train()

    def descend(player: str, optimizer: Any, terms: Mapping[str, Term], r: Round) -> dict[str, Tensor]:
        losses = {name: term(r).mean() for name, term in terms.items()}
        accelerator.backward(sum(losses.values()))
        optimizer.step()
        optimizer.zero_grad()
        return {f"{player}/{name}": loss.detach() for name, loss in losses.items()}

    def belief(verdict: Verdict) -> Tensor:
        return verdict.score.detach().sigmoid().mean()

    while True:
        torch.manual_seed(_entropy(players.seed, players.step + 1, accelerator.process_index))
        for turn in range(recipe.discriminator_steps):
            real_image, c = batch(players, images, turn)
            with torch.no_grad():
                fake_image = players.generator(players.latents(len(c)), condition.encode(c))
            for image in (real_image, fake_image):
                image.requires_grad_()  # for penalties on the slope
            r = Round(discriminator, condition, c, real_image, fake_image, step=players.step, one_pass=players.one_pass)
            losses = descend("D", optimizer_d, recipe.objective.discriminator, r)
        beliefs = {"D(x)": belief(r.real), "D(G(z))": belief(r.fake)}

        players.discriminator.requires_grad_(False)
        for _ in range(recipe.generator_steps):
            fake_image = generator(players.latents(len(c)), condition.encode(c))
            r = Round(players.discriminator, condition, c, real_image.detach(), fake_image, step=players.step)
            losses |= descend("G", optimizer_g, recipe.objective.generator, r)
        players.discriminator.requires_grad_(True)
        beliefs["D(G(z)) for G"] = belief(r.fake)

        players.step += 1
        _share_buffers(players)
        players.generator_ema.update_parameters(players.generator)  # buffers are no weights and are copied
        yield Progress(players.step, players.kimg, losses, beliefs)


def batch(players: Players, images: Images, turn: int = 0) -> tuple[Tensor, Tensor]:
    """The real images of a turn of D in the coming step, in [-1, 1], and their conditions, on this process's device."""
    number = players.step * players.recipe.discriminator_steps + turn
    indices = batch_indices(len(images), players.recipe.batch_size, number, players)
    device = players.accelerator.device
    real_image = to_float(images.images[indices].to(device).contiguous(memory_format=torch.channels_last))
    return real_image, players.condition.draw(images.labels[indices].to(device))


def batch_indices(num_images: int, batch_size: int, number: int, players: Players) -> Tensor:
    """The images of a batch for this process, from a permutation that is drawn anew for each epoch.

    Batches are numbered from the start of the game and count over all processes; the last images of an epoch that fill
    no batch are left out.
    """
    process, num_processes = players.accelerator.process_index, players.accelerator.num_processes
    epoch, position = divmod(number, max(num_images // batch_size, 1))
    order = torch.randperm(num_images, generator=torch.Generator().manual_seed(_entropy(players.seed, epoch, 0, 1)))
    return order[position * batch_size : (position + 1) * batch_size][process::num_processes]


def _entropy(*numbers: int) -> int:
    """A seed that differs for each tuple of numbers."""
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> 1)


def _share_buffers(players: Players) -> None:
    """Averages the statistics of batch norm over the processes, so that every process holds the one saved state.

    Other buffers follow from the weights alone, as the vectors of spectral norm do, and agree already.
    """
    if players.accelerator.num_processes > 1:
        for module in [*players.generator.modules(), *players.discriminator.modules()]:
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                for statistic in module.buffers():
                    if statistic.is_floating_point():
                        statistic.copy_(players.accelerator.reduce(statistic, "mean"))
