"""SAGAN (report 004)."""

from functools import partial

from pydantic import PositiveInt, validate_call

from condgan.networks import dcgan as networks
from condgan.networks.conditioning import ConcatEmbedding
from condgan.networks.normalization import with_spectral_norm
from condgan.objectives import hinge
from condgan.recipes.options import BatchSize, Beta, NonNegativeFloat, Rate
from condgan.recipes.recipe import Recipe, adam

NUM_ATTENTION = 2


@validate_call
def sagan(
    *,
    width: PositiveInt = 64,
    latent_dim: PositiveInt = 100,
    embedding_dim: PositiveInt = 200,
    learning_rate: Rate = 1e-4,
    discriminator_learning_rate: Rate | None = None,
    beta1: Beta = 0.0,
    beta2: Beta = 0.9,
    batch_size: BatchSize = 64,
    num_epochs: PositiveInt = 300,
    ema_half_life_kimg: NonNegativeFloat = 0,
) -> Recipe:
    """SAGAN: DCGAN with self-attention on its two largest hidden maps, and hinge loss.

    Report 004: G's layers (condition 24 to 200, concatenated to a latent of 100, attention at 128 and at 64 channels,
    no spectral norm in the listed state), hinge loss, Adam 1e-4, batch 64, 300 epochs, seed 1; reported accuracy 0.74 /
    0.83. The report does not print D. Here it mirrors G, with attention at 64 and at 128 channels, spectral norm
    instead of batch norm and Adam's betas (0, 0.9) as in Zhang et al. 2019, section 4, and the label channel of report
    000. The activation of the embedding is report 001's.

    D has the learning rate of G unless `discriminator_learning_rate` is given. A higher one is the two time-scale
    update rule of Zhang et al., who use 4e-4 for D and 1e-4 for G. At equal rates small networks lose their variety.

    Command: condgan train sagan --data FOLDER --seed 1.
    """
    optimizer = partial(adam, betas=(beta1, beta2))
    discriminator_rate = learning_rate if discriminator_learning_rate is None else discriminator_learning_rate
    discriminator = partial(networks.discriminator, width=width, norm=None, num_attention=NUM_ATTENTION)
    return Recipe(
        generator=partial(
            networks.generator,
            width=width,
            latent_dim=latent_dim,
            conditioning=partial(ConcatEmbedding, embedding_dim=embedding_dim),
            bias=True,
            num_attention=NUM_ATTENTION,
        ),
        discriminator=lambda *shape: with_spectral_norm(discriminator(*shape)),
        objective=hinge,
        generator_optimizer=partial(optimizer, lr=learning_rate),
        discriminator_optimizer=partial(optimizer, lr=discriminator_rate),
        batch_size=batch_size,
        num_epochs=num_epochs,
        ema_half_life_kimg=ema_half_life_kimg,
    )
