"""Conditional DCGAN (report 000)."""

from functools import partial

from pydantic import PositiveInt, validate_call

from condgan.networks import cdcgan as networks
from condgan.objectives import non_saturating, saturating
from condgan.recipes.options import BatchSize, Beta, NonNegativeFloat, Rate
from condgan.recipes.recipe import Recipe, adam


@validate_call
def cdcgan(
    *,
    width: PositiveInt = 64,
    latent_dim: PositiveInt = 128,
    saturating_loss: bool = False,
    learning_rate: Rate = 1e-4,
    beta1: Beta = 0.5,
    beta2: Beta = 0.999,
    batch_size: BatchSize = 32,
    num_epochs: PositiveInt = 1000,
    ema_half_life_kimg: NonNegativeFloat = 0,
) -> Recipe:
    """Conditional DCGAN: a label embedding is added to the latent, and a label channel to D's input.

    Report 000: layers, 5x5 kernels, N(0, 0.02) weights, BCE, Adam 1e-4 (0.5, 0.999), batch 32, 1000 epochs; reported
    accuracy 0.61. The report does not print how the latent is combined with its label embedding of the same width, 128.
    Here they are added: Mirza and Osindero 2014, section 4, map z and y by one linear layer each and add the results.

    The report writes the loss of G as log(1 - D(G(z))), and prints `BCELoss` without its targets. Here G's target is 1,
    the loss -log D(G(z)) that nearly all code with this criterion has (Goodfellow et al. 2014, section 3);
    `saturating_loss=True` is the formula. `condgan ablate examples/learning_rate.yaml` compares them.

    Command: condgan train cdcgan --data FOLDER. 55 images a second on two cores of an Intel Xeon with matrix units, 100
    in bfloat16; half of this width reaches 0.28 / 0.36 after one core-hour (docs/reproductions.md).
    """
    optimizer = partial(adam, lr=learning_rate, betas=(beta1, beta2))
    return Recipe(
        generator=partial(networks.generator, width=width, latent_dim=latent_dim),
        discriminator=partial(networks.discriminator, width=width),
        objective=saturating if saturating_loss else non_saturating,
        generator_optimizer=optimizer,
        discriminator_optimizer=optimizer,
        batch_size=batch_size,
        num_epochs=num_epochs,
        ema_half_life_kimg=ema_half_life_kimg,
    )
