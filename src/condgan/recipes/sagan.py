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
    discriminator_steps: PositiveInt = 1,
    generator_steps: PositiveInt = 1,
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

    The report does not say how often each network is updated. Its listed state has passed 353,628 batches through G:
    1,254 for each of the 282 batches of an epoch of 18,009 images. This is six at epoch 209, the only way to get there
    with fewer than eleven in 300 epochs: for example one for an update of D, and five updates of G
    (`generator_steps=5`). Nothing else in the report speaks of it, so the default is one update of each.

    The report's script is named `best.py`, so its scores are probably the best of several checkpoints. The
    generator that is saved and scored here is always the last one.

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
        discriminator_steps=discriminator_steps,
        generator_steps=generator_steps,
        batch_size=batch_size,
        num_epochs=num_epochs,
        ema_half_life_kimg=ema_half_life_kimg,
    )
