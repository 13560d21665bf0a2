"""ACGAN with a multi-label head (report 001)."""

from functools import partial
from typing import Annotated

from pydantic import Field, PositiveInt, validate_call

from condgan.networks import acgan as networks
from condgan.networks import dcgan
from condgan.networks.conditioning import ConcatEmbedding
from condgan.objectives import classification, per_logit, real_classification, target_game
from condgan.recipes.options import BatchSize, Beta, NonNegativeFloat, Probability, Range, Rate, Weight
from condgan.recipes.recipe import Recipe, adam


@validate_call
def acgan(
    *,
    width: PositiveInt = 128,
    discriminator_width: PositiveInt = 16,
    latent_dim: PositiveInt = 100,
    embedding_dim: PositiveInt = 100,
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.5,
    real_target: Range = (0.7, 1.0),
    fake_target: Range = (0.0, 0.3),
    flip_probability: Probability = 0.1,
    aux_weight: Weight = 100,
    classify_fakes: bool = True,
    generator_steps: PositiveInt = 2,
    learning_rate: Rate = 2e-4,
    beta1: Beta = 0.5,
    beta2: Beta = 0.999,
    batch_size: BatchSize = 100,
    num_epochs: PositiveInt = 300,
    ema_half_life_kimg: NonNegativeFloat = 0,
) -> Recipe:
    """ACGAN: D also classifies, and G is rewarded when D recognises the condition.

    Report 001: layers, dropout 0.5, real targets in [0.7, 1] and fake in [0, 0.3], swapped for one batch in ten,
    auxiliary weight 100 on a cross-entropy averaged over the labels, several generator steps for each discriminator
    step, Adam 2e-4, 300 epochs; reported accuracy 0.843 / 0.786, and 0.375 / 0.639 with auxiliary weights 1 / 24. The
    report prints no widths. The discriminator's are those of Odena et al. 2017, appendix A (16 to 512 channels), and so
    are batch 100 and Adam's betas (0.5, 0.999); the generator's are those of Radford et al. 2016, figure 1 (1024 to 128
    channels, latent 100). Neither says how wide the embedding is, here as wide as the latent, nor how many "several"
    steps are, here 2.

    The report's D is also trained to classify fakes, which lets them cooperate through patterns that no real image has.
    `classify_fakes=False` trains it on real images only.

    Command: condgan train acgan --data FOLDER. 32 images a second on two cores of an Intel Xeon with matrix units, 64
    in bfloat16; a narrow one reaches 0.71 / 0.75 after one core-hour (docs/reproductions.md).
    """
    auxiliary = classification if classify_fakes else real_classification
    optimizer = partial(adam, lr=learning_rate, betas=(beta1, beta2))
    return Recipe(
        generator=partial(
            dcgan.generator,
            width=width,
            latent_dim=latent_dim,
            conditioning=partial(ConcatEmbedding, embedding_dim=embedding_dim),
        ),
        discriminator=partial(networks.discriminator, width=discriminator_width, dropout=dropout),
        objective=target_game(real_target, fake_target, flip_probability) + aux_weight * per_logit(auxiliary),
        generator_optimizer=optimizer,
        discriminator_optimizer=optimizer,
        batch_size=batch_size,
        num_epochs=num_epochs,
        generator_steps=generator_steps,
        ema_half_life_kimg=ema_half_life_kimg,
    )
