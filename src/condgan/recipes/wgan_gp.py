"""Wasserstein GAN with a gradient penalty, the next step that report 002 names."""

from functools import partial

from pydantic import PositiveInt, validate_call
from torch import nn

from condgan.networks import dcgan as networks
from condgan.networks.conditioning import ConcatEmbedding, Unconditional
from condgan.networks.heads import AuxiliaryHead
from condgan.objectives import gradient_penalty, real_classification, wasserstein
from condgan.recipes.options import BatchSize, Beta, NonNegativeFloat, Rate, Weight
from condgan.recipes.recipe import Recipe, adam


@validate_call
def wgan_gp(
    *,
    width: PositiveInt = 64,
    latent_dim: PositiveInt = 128,
    embedding_dim: PositiveInt = 100,
    penalty_weight: Weight = 10,
    aux_weight: Weight = 1,
    discriminator_steps: PositiveInt = 5,
    learning_rate: Rate = 1e-4,
    beta1: Beta = 0.0,
    beta2: Beta = 0.9,
    batch_size: BatchSize = 64,
    num_epochs: PositiveInt = 300,
    ema_half_life_kimg: NonNegativeFloat = 0,
) -> Recipe:
    """Wasserstein GAN with gradient penalty and an auxiliary head.

    Report 002 names WGAN as the comparison to its ACGAN. Loss and schedule are those of Gulrajani et al. 2017,
    algorithm 1: penalty 10, five steps of D, Adam 1e-4 with betas 0 and 0.9, batch 64, layer norm in D, as batch norm
    would couple the gradients of different images. The networks are DCGAN's. D is trained to classify real images only.

    Command: condgan train wgan_gp --data FOLDER.
    """
    optimizer = partial(adam, lr=learning_rate, betas=(beta1, beta2))
    return Recipe(
        generator=partial(
            networks.generator,
            width=width,
            latent_dim=latent_dim,
            conditioning=partial(ConcatEmbedding, embedding_dim=embedding_dim),
        ),
        discriminator=partial(
            networks.discriminator,
            width=width,
            conditioning=Unconditional,
            norm=partial(nn.GroupNorm, 1),
            head=partial(AuxiliaryHead, score_bias=False),
        ),
        objective=wasserstein + penalty_weight * gradient_penalty + aux_weight * real_classification,
        generator_optimizer=optimizer,
        discriminator_optimizer=optimizer,
        discriminator_steps=discriminator_steps,
        batch_size=batch_size,
        num_epochs=num_epochs,
        ema_half_life_kimg=ema_half_life_kimg,
    )
