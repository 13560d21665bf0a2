"""A complete set-up of the game, apart from the data: what a recipe function returns."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from condgan.conditions import Condition
from condgan.networks.parts import Discriminator, Generator
from condgan.objectives import Objective

adam = partial(Adam, fused=True)  # one pass over the weights instead of ten


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Players, what they minimise, how they descend, and for how long.

    `generator` and `discriminator` build a player from (condition, resolution); the optimizers take its parameters.
    A round is one step of the discriminator and `generator_steps` of the generator. `ema_half_life_kimg` is the number
    of thousands of real images after which a generator's weights have half faded from the average; 0 keeps no memory.
    """

    generator: Callable[[Condition, int], Generator]
    discriminator: Callable[[Condition, int], Discriminator]
    objective: Objective
    generator_optimizer: Callable[[Iterable[nn.Parameter] | Iterable[Tensor]], Optimizer]
    discriminator_optimizer: Callable[[Iterable[nn.Parameter] | Iterable[Tensor]], Optimizer]
    batch_size: int
    num_epochs: int
    generator_steps: int = 1
    ema_half_life_kimg: float = 0.0
