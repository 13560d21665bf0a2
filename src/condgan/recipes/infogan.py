"""InfoGAN (report 003)."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from pydantic import NonNegativeInt, PositiveInt, validate_call
from torch.nn import Parameter
from torch.optim import Optimizer

from condgan.conditions import Codes
from condgan.networks import dcgan
from condgan.networks import infogan as networks
from condgan.networks.conditioning import Concat, ConcatUniform
from condgan.networks.gan import Discriminator, init_normal
from condgan.objectives import Objective, information, non_saturating
from condgan.recipes.options import BatchSize, Beta, NonNegativeFloat, Rate, Sizes, Strength, Weight
from condgan.recipes.recipe import Recipe, adam, labels_as_condition

FRONT_END, Q = "body", "head.logits"  # names of the weights of D's parts


@validate_call
def infogan(
    *,
    width: PositiveInt = 128,
    discriminator_width: PositiveInt = 64,
    latent_dim: PositiveInt = 62,
    uniform_latent: bool = False,
    categorical: Sizes = (10,),
    continuous: NonNegativeInt = 2,
    information_weight: Weight = 1,
    continuous_weight: NonNegativeFloat = 0.1,
    front_end_with_generator: bool = False,
    augment: Strength = 0,
    learning_rate: Rate = 1e-3,
    discriminator_learning_rate: Rate = 2e-4,
    beta1: Beta = 0.5,
    beta2: Beta = 0.999,
    batch_size: BatchSize = 100,
    num_epochs: PositiveInt = 50,
    ema_half_life_kimg: NonNegativeFloat = 0,
) -> Recipe:
    """InfoGAN: unsupervised latent codes are concatenated to the latent, and Q, which shares D's body, predicts them.

    Report 003: layers, a latent of 74 = 62 + a categorical code of 10 + 2 continuous ones, learning rates 2e-4 for D
    and 1e-3 for G and Q, batch 100, 50 epochs; in its figures c1 controls width and c2 rotation, and the losses diverge
    after about 80 epochs. The report prints neither Q nor the weight of its loss, nor Adam's betas, nor the
    initialisation. Q is that of Chen et al. 2016, appendix C.1, where the weight is 1 for categorical codes and less
    for continuous ones: here a tenth, as G and D converged to stripes instead of digits at 1. Betas and N(0, 0.02)
    weights are those of DCGAN.

    The classes of the report have the names and layers of pianomania/infoGAN-pytorch, whose training differs in three
    points from this one. The latent is uniform in (-1, 1) (`uniform_latent=True`). Q is not trained with D but with G,
    and so is the front end that D and Q share, a second time: the same step minimises G's loss by G, Q and front end
    (`front_end_with_generator=True`). Adam's beta2 is 0.99. The report mentions none of them.

    `augment` is not in the report: D and Q see randomly rotated, shifted and scaled images (`RandomAffine`), so that
    the categorical code has to encode what survives this. `docs/reproductions.md` shows what it changes.

    Without codes (`categorical=` and `continuous=0`) the condition is that of the data set's labels, and D is never
    trained to predict it from real images. Codes need no labels: any folder of images will do.

    Command: condgan train infogan --data mnist.
    """

    betas = beta1, beta2

    def optimize_discriminator(discriminator: Discriminator) -> Optimizer:
        d = [*_weights(discriminator, FRONT_END), *_weights(discriminator, "head.score")]
        q: dict[str, Any] = {"params": _weights(discriminator, Q), "lr": learning_rate}
        groups = [{"params": d}] if front_end_with_generator else [{"params": d}, q]
        return adam(groups, lr=discriminator_learning_rate, betas=betas)

    def shared_weights(discriminator: Discriminator) -> list[Parameter]:
        return [*_weights(discriminator, FRONT_END), *_weights(discriminator, Q)]

    codes = information
    if front_end_with_generator:
        # Zero times D's term: DistributedDataParallel waits for a gradient of every weight in D's step, Q's too.
        codes = replace(information, discriminator={}) + 0 * Objective(discriminator=information.discriminator)
    latent = ConcatUniform if uniform_latent else Concat
    generator = partial(dcgan.generator, width=width, latent_dim=latent_dim, conditioning=latent)
    discriminator = partial(networks.discriminator, width=discriminator_width, augment=augment)
    return Recipe(
        generator=lambda *shape: init_normal(generator(*shape)),
        discriminator=lambda *shape: init_normal(discriminator(*shape)),
        objective=non_saturating + information_weight * codes,
        generator_optimizer=partial(adam, lr=learning_rate, betas=betas),
        discriminator_optimizer=optimize_discriminator,
        shared_weights=shared_weights if front_end_with_generator else None,
        batch_size=batch_size,
        num_epochs=num_epochs,
        condition=lambda labels: (
            _codes(categorical, continuous, continuous_weight)
            if categorical or continuous
            else labels_as_condition(labels)
        ),
        ema_half_life_kimg=ema_half_life_kimg,
    )


def _weights(discriminator: Discriminator, part: str) -> list[Parameter]:
    """The weights of a part of D."""
    return [weight for name, weight in discriminator.named_parameters() if name.startswith(f"{part}.")]


def _codes(categorical: Sequence[int], continuous: int, continuous_weight: float) -> Codes:
    names = ["class"] if len(categorical) == 1 else [f"class{i + 1}" for i in range(len(categorical))]
    return Codes(
        dict(zip(names, categorical, strict=True)), [f"c{i + 1}" for i in range(continuous)], continuous_weight
    )
