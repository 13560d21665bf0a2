"""The conditional DCGAN that reports 001 and 004 compare with."""

from functools import partial

from pydantic import PositiveInt, validate_call

from condgan.networks import dcgan as networks
from condgan.networks.conditioning import ConcatEmbedding
from condgan.networks.gan import init_normal
from condgan.objectives import non_saturating
from condgan.recipes.options import BatchSize, Beta, NonNegativeFloat, Rate
from condgan.recipes.recipe import Recipe, adam, labels_or_none


@validate_call
def dcgan(
    *,
    width: PositiveInt = 64,
    latent_dim: PositiveInt = 100,
    embedding_dim: PositiveInt = 200,
    learning_rate: Rate = 1e-4,
    beta1: Beta = 0.5,
    beta2: Beta = 0.999,
    batch_size: BatchSize = 64,
    num_epochs: PositiveInt = 300,
    ema_half_life_kimg: NonNegativeFloat = 0,
) -> Recipe:
    """DCGAN with a condition: its embedding is concatenated to the latent, and a label channel to D's input.

    The baseline of reports 001 and 004. Report 004 lists the rules (strided convolutions, batch norm in G and D, ReLU
    and tanh in G, LeakyReLU in D, no fully connected layers, BCE) and describes its SAGAN as the same with attention in
    between, so widths, embedding and schedule are those of `sagan`; reported accuracy 0.69. Report 001 reports 0.694
    for a DCGAN of its own. Neither prints a listing: kernels, N(0, 0.02) weights and Adam's betas are those of Radford
    et al. 2016, sections 3 and 4. How D is conditioned is not said: the label channel is report 000's.

    Without labels the training is unconditional: embedding and label channel are then learned constants.

    Command: condgan train dcgan --data FOLDER.
    """
    optimizer = partial(adam, lr=learning_rate, betas=(beta1, beta2))
    conditioning = partial(ConcatEmbedding, embedding_dim=embedding_dim)
    generator = partial(networks.generator, width=width, latent_dim=latent_dim, conditioning=conditioning)
    discriminator = partial(networks.discriminator, width=width)
    return Recipe(
        generator=lambda *shape: init_normal(generator(*shape)),
        discriminator=lambda *shape: init_normal(discriminator(*shape)),
        objective=non_saturating,
        generator_optimizer=optimizer,
        discriminator_optimizer=optimizer,
        batch_size=batch_size,
        num_epochs=num_epochs,
        condition=labels_or_none,
        ema_half_life_kimg=ema_half_life_kimg,
    )
