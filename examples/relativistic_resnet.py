"""A recipe of your own: residual networks, a relativistic loss and an auxiliary classifier.

condgan train examples.relativistic_resnet:relativistic_resnet --data sample --minutes 10 --set aux_weight=2

Recipes as module:function are imported from the working directory: run this where the folder `examples` is.
"""

from functools import partial

from condgan.networks import dcgan, resnet
from condgan.networks.conditioning import Unconditional
from condgan.networks.heads import AuxiliaryHead
from condgan.objectives import lazy, r1, real_classification, relativistic
from condgan.recipes import Recipe
from condgan.recipes.options import BatchSize, Rate, Weight
from condgan.recipes.recipe import adam


def relativistic_resnet(
    *, width: int = 32, aux_weight: Weight = 1, learning_rate: Rate = 4e-4, batch_size: BatchSize = 32
) -> Recipe:
    """A residual generator against a DCGAN discriminator whose auxiliary head is trained on real images."""
    optimizer = partial(adam, lr=learning_rate, betas=(0.0, 0.99))
    return Recipe(
        generator=partial(resnet.generator, width=width, latent_dim=64),
        discriminator=partial(
            dcgan.discriminator,
            width=width,
            norm=None,
            conditioning=Unconditional,  # D sees the image alone, and classifies it
            head=partial(AuxiliaryHead, score_bias=False),
        ),
        objective=relativistic + aux_weight * real_classification + 0.5 * lazy(r1, every=4),
        generator_optimizer=optimizer,
        discriminator_optimizer=optimizer,
        batch_size=batch_size,
        num_epochs=100,
        ema_half_life_kimg=4,
    )
