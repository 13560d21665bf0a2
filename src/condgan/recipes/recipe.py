"""A complete training setup apart from the data: what a recipe function returns."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from condgan.conditions import Condition
from condgan.errors import InputError
from condgan.networks.gan import Discriminator, Generator
from condgan.objectives import Objective, Term
from condgan.schedules import Schedule, at

LABEL_THEM = "sort the images into a sub-folder for each class, add a table such as labels.csv"
WITHOUT_LABELS = "`infogan` with its codes, `dcgan` without any condition"


def adam(
    network: nn.Module | Iterable[Mapping[str, Any]],
    *,
    lr: float | Schedule,
    betas: tuple[float, float],
    eps: float = 1e-8,
) -> Optimizer:
    """Returns Adam over all parameters of a network, or over groups of parameters with learning rates of their own.

    A learning rate may be a schedule, which the training loop evaluates before every step. Fused: one pass over the
    parameters instead of ten.
    """
    groups = [{"params": network.parameters()}] if isinstance(network, nn.Module) else network
    with_rates = [{"lr": lr, **group} for group in groups]
    return Adam(
        [{**g, "lr": at(g["lr"], 0), "schedule": g["lr"]} for g in with_rates], betas=betas, eps=eps, fused=True
    )


def labels_as_condition(labels: Condition) -> Condition:
    """Uses the data set's own labels as the condition. Raises InputError if it has none."""
    if not labels.controls:
        raise InputError(f"found no labels, which the recipe needs; {LABEL_THEM}, or train without: {WITHOUT_LABELS}")
    return labels


def labels_or_none(labels: Condition) -> Condition:
    """Uses the data set's own labels as the condition; without any, the training is unconditional."""
    return labels


def unchanged(image: Tensor) -> Tensor:
    """Returns images as they are: no augmentation."""
    return image


@dataclass(frozen=True, kw_only=True)
class Pretraining:
    """How a network learns to predict the labels of real images by maximum likelihood, before the game.

    `kimg` is its length in thousands of images. `optimizer` takes the network; its learning rates may be schedules over
    the phase. A gradient whose norm over all weights exceeds `max_gradient_norm` is scaled down to it. `augment` maps
    images (N, C, R, R) in [-1, 1] to others with the same labels.
    """

    kimg: float
    batch_size: int
    optimizer: Callable[[nn.Module], Optimizer]
    max_gradient_norm: float = inf
    augment: Callable[[Tensor], Tensor] = unchanged


@dataclass(frozen=True, kw_only=True)
class Reader:
    """A classifier that is trained before the game and then frozen.

    `network` builds it from (condition, resolution, channels); it maps images (N, C, R, R) in [-1, 1] to logits
    (N, num_logits). Terms of G see its logits of fake images as `Batch.fake_reading`.
    """

    network: Callable[[Condition, int, int], nn.Module]
    pretraining: Pretraining


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Networks, objective, optimizers and training length.

    `generator` and `discriminator` build a network from (condition, resolution, channels); the optimizers take the
    network. A group of an optimizer may have a `schedule` of its learning rate, see `adam`. A step is
    `discriminator_steps` updates of D on a batch each, then `generator_steps` updates of G. `condition` chooses the
    condition from that of the labels. `ema_half_life_kimg` is the half-life of the moving average of G's weights, in
    thousands of real images; 0 disables averaging. Before the game, D (`discriminator_pretraining`) and a separate
    classifier (`reader`) may learn to predict the labels of real images.

    A gradient of G or of D whose norm over all weights exceeds `max_gradient_norm` is scaled down to it.
    `discriminator_updates` names the terms of D that are minimised together. With several groups, D is updated once for
    each on the same batch; by default once for all terms. `shared_weights` takes D and returns those of its weights
    that an update of G changes as well, on G's loss and with the options of the first group of G's optimizer.
    """

    generator: Callable[[Condition, int, int], Generator]
    discriminator: Callable[[Condition, int, int], Discriminator]
    objective: Objective
    generator_optimizer: Callable[[Generator], Optimizer]
    discriminator_optimizer: Callable[[Discriminator], Optimizer]
    batch_size: int
    num_epochs: int
    condition: Callable[[Condition], Condition] = labels_as_condition
    discriminator_steps: int = 1
    generator_steps: int = 1
    max_gradient_norm: float = inf
    discriminator_updates: Sequence[Sequence[str]] = ()
    shared_weights: Callable[[Discriminator], Sequence[nn.Parameter]] | None = None
    ema_half_life_kimg: float = 0.0
    discriminator_pretraining: Pretraining | None = None
    reader: Reader | None = None

    def __post_init__(self) -> None:
        updated = Counter(name for names in self.discriminator_updates for name in names)
        once = Counter(list(self.objective.discriminator))
        if updated and (differ := (updated - once) + (once - updated)):
            found = ", ".join(sorted(differ))
            raise ValueError(f"discriminator_updates and the terms of D differ in {found}; expected each term once")

    @property
    def discriminator_terms(self) -> Sequence[Mapping[str, Term]]:
        """The terms of D of each update on a batch."""
        terms = self.objective.discriminator
        return [{name: terms[name] for name in names} for names in self.discriminator_updates or [tuple(terms)]]
