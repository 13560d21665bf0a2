"""InfoGAN (report 003)."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from pydantic import NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, validate_call
from torch.optim import Adam, Optimizer

from condgan.conditions import Codes
from condgan.networks import dcgan
from condgan.networks import infogan as networks
from condgan.networks.entrances import Join
from condgan.networks.parts import Discriminator, init_normal
from condgan.objectives import information, non_saturating
from condgan.recipes.options import BatchSize, Beta, Sizes, Strength
from condgan.recipes.recipe import Recipe, adam


@validate_call
def infogan(
    *,
    width: PositiveInt = 128,
    discriminator_width: PositiveInt = 64,
    latent_dim: PositiveInt = 62,
    categorical: Sizes = (10,),
    continuous: NonNegativeInt = 2,
    information_weight: NonNegativeFloat = 1,
    continuous_weight: NonNegativeFloat = 0.1,
    augment: Strength = 0,
    learning_rate: PositiveFloat = 1e-3,
    discriminator_learning_rate: PositiveFloat = 2e-4,
    beta1: Beta = 0.5,
    beta2: Beta = 0.999,
    batch_size: BatchSize = 100,
    num_epochs: PositiveInt = 50,
    ema_half_life_kimg: NonNegativeFloat = 0,
) -> Recipe:
    """InfoGAN: codes that nobody labelled join the latent, and Q, which shares D's front end, reads them back.

    Report 003: layers, a latent of 74 = 62 + a categorical code of 10 + 2 continuous ones, learning rates 2e-4 for D
    and 1e-3 for G and Q, batch 100, 50 epochs; in its pictures c1 turns width and c2 slant, and the losses part after
    some 80 epochs. It prints neither Q nor its weight, betas or first weights: Q is that of Chen et al. 2016, appendix
    C.1, where the weight is 1 for a categorical code and less for a continuous one (here a tenth: at 1 both players
    agreed on stripes that carry the codes and show no digit); betas and N(0, 0.02) are those of DCGAN.

    `augment` is not the report's: D and Q see every image turned, shifted and stretched a little (`RandomAffine`), so
    that what the categorical code names has to survive that. A digit does. `docs/results.md` has what it changes.

    With no codes (`categorical=` and `continuous=0`) the condition is the data's own, and D never learns it from real
    images.

    Command: condgan train infogan --data mnist.
    """

    def optimize_discriminator(discriminator: Discriminator) -> Optimizer:
        groups: list[dict[str, Any]] = [{"params": []}, {"params": [], "lr": learning_rate}]
        for name, weight in discriminator.named_parameters():
            groups[name.startswith("head.logits")]["params"].append(weight)
        return Adam(groups, lr=discriminator_learning_rate, betas=(beta1, beta2), fused=True)

    generator = partial(dcgan.generator, width=width, latent_dim=latent_dim, entrance=Join)
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
