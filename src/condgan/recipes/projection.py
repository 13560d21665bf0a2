"""The projection discriminator."""

from functools import partial

from pydantic import PositiveInt, validate_call

from condgan.networks import resnet as networks
from condgan.objectives import hinge
from condgan.recipes.options import BatchSize, Beta, NonNegativeFloat, Rate
from condgan.recipes.recipe import Recipe, adam


@validate_call
def projection(
    *,
    width: PositiveInt = 64,
    latent_dim: PositiveInt = 128,
    discriminator_steps: PositiveInt = 5,
    learning_rate: Rate = 2e-4,
    beta1: Beta = 0.0,
    beta2: Beta = 0.9,
    batch_size: BatchSize = 64,
    num_epochs: PositiveInt = 300,
    ema_half_life_kimg: NonNegativeFloat = 0,
) -> Recipe:
    """Projection GAN: conditional batch norm in G, and the inner product of condition and features in D.

    Miyato and Koyama 2018, section 5 and appendix F: residual networks, spectral norm in D, hinge loss, five steps of
    D, Adam 2e-4 with betas 0 and 0.9. With a set of labels the inner product is a sum over labels: D can see whether
    each label is present, but not which colour belongs to which shape. Batch size and length are those of the other
    recipes.

    Command: condgan train projection --data FOLDER.
    """
    optimizer = partial(adam, lr=learning_rate, betas=(beta1, beta2))
    return Recipe(
        generator=partial(networks.generator, width=width, latent_dim=latent_dim),
        discriminator=partial(networks.discriminator, width=width),
        objective=hinge,
        generator_optimizer=optimizer,
        discriminator_optimizer=optimizer,
        discriminator_steps=discriminator_steps,
        batch_size=batch_size,
        num_epochs=num_epochs,
        ema_half_life_kimg=ema_half_life_kimg,
    )
