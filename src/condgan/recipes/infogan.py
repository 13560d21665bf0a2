"""InfoGAN (report 003)."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from pydantic import NonNegativeInt, PositiveInt, validate_call
from torch.optim import Optimizer

from condgan.conditions import Codes
from condgan.networks import dcgan
from condgan.networks import infogan as networks
from condgan.networks.conditioning import Concat
from condgan.networks.gan import Discriminator, init_normal
from condgan.objectives import information, non_saturating
from condgan.recipes.options import BatchSize, Beta, NonNegativeFloat, Rate, Sizes, Strength, Weight
from condgan.recipes.recipe import Recipe, adam


@validate_call
def infogan(
    *,
    width: PositiveInt = 128,
    discriminator_width: PositiveInt = 64,
    latent_dim: PositiveInt = 62,
    categorical: Sizes = (10,),
    continuous: NonNegativeInt = 2,
    information_weight: Weight = 1,
    continuous_weight: NonNegativeFloat = 0.1,
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
    for continuous ones: here a tenth, as G and D agreed on stripes instead of digits at 1. Betas and N(0, 0.02) weights
    are those of DCGAN.

    `augment` is not in the report: D and Q see randomly rotated, shifted and scaled images (`RandomAffine`), so that
    the categorical code has to encode what survives this. `docs/results.md` shows what it changes.

    Without codes (`categorical=` and `continuous=0`) the condition is that of the data set's labels, and D is never
    trained to predict it from real images.

    Command: condgan train infogan --data mnist.
    """

    def optimize_discriminator(discriminator: Discriminator) -> Optimizer:
        groups: list[dict[str, Any]] = [{"params": []}, {"params": [], "lr": learning_rate}]  # D, Q
        for name, weight in discriminator.named_parameters():
            groups[name.startswith("head.logits")]["params"].append(weight)
        return adam(groups, lr=discriminator_learning_rate, betas=(beta1, beta2))

    generator = partial(dcgan.generator, width=width, latent_dim=latent_dim, conditioning=Concat)
    discriminator = partial(networks.discriminator, width=discriminator_width, augment=augment)
    return Recipe(
        generator=lambda *shape: init_normal(generator(*shape)),
        discriminator=lambda *shape: init_normal(discriminator(*shape)),
        objective=non_saturating + information_weight * information,
        generator_optimizer=partial(adam, lr=learning_rate, betas=(beta1, beta2)),
        discriminator_optimizer=optimize_discriminator,
        batch_size=batch_size,
        num_epochs=num_epochs,
        condition=lambda labels: (
            _codes(categorical, continuous, continuous_weight) if categorical or continuous else labels
        ),
        ema_half_life_kimg=ema_half_life_kimg,
    )


def _codes(categorical: Sequence[int], continuous: int, continuous_weight: float) -> Codes:
    names = ["class"] if len(categorical) == 1 else [f"class{i + 1}" for i in range(len(categorical))]
    return Codes(
        dict(zip(names, categorical, strict=True)), [f"c{i + 1}" for i in range(continuous)], continuous_weight
    )
