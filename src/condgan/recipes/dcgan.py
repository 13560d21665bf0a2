"""The conditional DCGAN that reports 001 and 004 compare with."""

from functools import partial

from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt, validate_call

from condgan.networks import dcgan as networks
from condgan.networks.entrances import JoinEmbedding
from condgan.networks.parts import init_normal
from condgan.objectives import non_saturating
from condgan.recipes.options import BatchSize, Beta
from condgan.recipes.recipe import Recipe, adam


@validate_call
def dcgan(
    *,
    width: PositiveInt = 64,
    latent_dim: PositiveInt = 100,
    embedding_dim: PositiveInt = 200,
    learning_rate: PositiveFloat = 1e-4,
    beta1: Beta = 0.5,
    beta2: Beta = 0.999,
    batch_size: BatchSize = 64,
    num_epochs: PositiveInt = 300,
    ema_half_life_kimg: NonNegativeFloat = 0,
) -> Recipe:
    """DCGAN with a condition: its embedding joins the latent, and D sees it as a plane beside the image.

    Report 004 lists the rules (strided convolutions, batch norm in both, ReLU and tanh in G, LeakyReLU in D, no fully
    connected layer, BCE) and calls its SAGAN the same with attention in between, so widths, embedding and schedule are
    those; reported accuracy 0.69. Report 001 measured 0.694 with a DCGAN of its own. Neither prints a listing: kernels,
    N(0, 0.02) and Adam's betas are Radford et al. 2016, sections 3 and 4. How D meets the condition is not said: the
    plane is report 000's.

    Command: condgan train dcgan --data FOLDER.
    """
    optimizer = partial(adam, lr=learning_rate, betas=(beta1, beta2))
    entrance = partial(JoinEmbedding, embedding_dim=embedding_dim)
    generator = partial(networks.generator, width=width, latent_dim=latent_dim, entrance=entrance)
    discriminator = partial(networks.discriminator, width=width)
    return Recipe(
        generator=lambda *shape: init_normal(generator(*shape)),
        discriminator=lambda *shape: init_normal(discriminator(*shape)),
        objective=non_saturating,
        generator_optimizer=optimizer,
        discriminator_optimizer=optimizer,
        batch_size=batch_size,
        num_epochs=num_epochs,
        ema_half_life_kimg=ema_half_life_kimg,
    )
