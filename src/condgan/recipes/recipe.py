"""A complete set-up of the game, apart from the data: what a recipe function returns."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import nn
from torch.optim import Adam, Optimizer

from condgan.conditions import Condition
from condgan.networks.parts import Discriminator, Generator
from condgan.objectives import Objective


def adam(network: nn.Module, **options: Any) -> Optimizer:
    """Adam over all weights of a network, in one pass over them instead of ten."""
    return Adam(network.parameters(), fused=True, **options)


def identity(labels: Condition) -> Condition:
    """To obey what the images are labelled with."""
    return labels


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Players, what they minimise, how they descend, and for how long.

    `generator` and `discriminator` build a player from (condition, resolution, channels); the optimizers take it.
    `condition` says what the generator obeys, given what the images are labelled with. A round is
    `discriminator_steps` of the discriminator, a batch each, and `generator_steps` of the generator.
    `ema_half_life_kimg` is the number
    of thousands of real images after which a generator's weights have half faded from the average; 0 keeps no memory.
    """

    generator: Callable[[Condition, int, int], Generator]
    discriminator: Callable[[Condition, int, int], Discriminator]
    objective: Objective
    generator_optimizer: Callable[[Generator], Optimizer]
    discriminator_optimizer: Callable[[Discriminator], Optimizer]
    batch_size: int
    num_epochs: int
    condition: Callable[[Condition], Condition] = identity
    discriminator_steps: int = 1
    generator_steps: int = 1
    ema_half_life_kimg: float = 0.0
