"""Layout: every token of the condition is an object with a place and a size."""

from functools import partial
from math import inf

from pydantic import NonNegativeInt, PositiveInt, validate_call

from condgan.networks import layout as networks
from condgan.objectives import (
    Objective,
    fake_likelihood,
    label_r1_r2,
    lazy,
    real_likelihood,
    relativistic,
    relativistic_labels,
    resolution_scaled,
)
from condgan.recipes.options import BatchSize, Beta, NonNegativeFloat, PositiveFloat, Rate, Weight
from condgan.recipes.pretraining import discriminator_pretraining, with_reader
from condgan.recipes.recipe import Recipe, adam
from condgan.schedules import at, exponential, trapezoid

PENALTY_EVERY = 4  # steps
MAX_GRADIENT_NORM = 32  # about twice the median norm of D's gradient; without a limit D broke down, see docs/trials.md
GAMMA, LEARNING_RATE = exponential(0.3, 0.03), trapezoid(1.2e-3, 1.6e-5)


@validate_call
def layout(
    *,
    width: PositiveInt = 48,
    discriminator_width: PositiveInt = 32,
    num_free: NonNegativeInt = 0,
    distance: NonNegativeFloat = 0,
    tanh: bool = True,
    projection: bool = True,
    gamma: Weight = GAMMA,
    label_weight: Weight = 1,
    classification_weight: Weight = 1,
    head_weight: Weight = 0,
    reader_weight: Weight = 0.5,
    reader_kimg: PositiveFloat = 90,
    discriminator_kimg: NonNegativeFloat = 29,
    learning_rate: Rate = LEARNING_RATE,
    beta1: Beta = 0.0,
    beta2: Beta = 0.99,
    batch_size: BatchSize = 32,
    num_epochs: PositiveInt = 30,
    max_gradient_norm: NonNegativeFloat = MAX_GRADIENT_NORM,
    ema_half_life_kimg: NonNegativeFloat = 4,
) -> Recipe:
    """Layout: every token of the condition is placed as an object, and a frozen reader tells whether it is recognised.

    G maps each token to an object with a place, a size and features, and paints objects (`networks/layout.py`). The
    game is relativistic on realness and on the logit of each wanted label (R3GAN's, Huang et al. 2024, for sets of
    labels), with R1 and R2 on their sum in every fourth step; `gamma` is their weight up to 64x64. Before it, D and a
    separate classifier, the reader, learn the labels of real images. The reader is then frozen; G also minimises its
    negative log-likelihood of the condition on slightly noisy images. Learning rates rise in the first tenth and fall
    in the last quarter, and `gamma` falls throughout. Gradients are clipped to the norm `max_gradient_norm`, with 0 not
    at all.

    The condition must consist of labels, from which the reader learns. The defaults suit two CPU cores and sets of
    labels; for longer runs `discriminator_width=48` draws better objects. If labels are separate objects, use
    `distance=0.3`: in generated images, objects that are closer are moved apart, so that they overlap less. The image
    is 2 wide. If each image has one class, the preset `classes` gives more variety: D does not learn to classify during
    the game, and pixels do not pass through tanh but are clamped in generated images. With `head_weight` G also
    minimises the negative log-likelihood under D's own label head, and with `reader_weight=0` there is no reader.

    Command: condgan train layout --data sample --set distance=0.3 --minutes 10 --precision auto.
    """
    optimizer = partial(adam, lr=learning_rate, betas=(beta1, beta2))
    objective = (
        relativistic
        + label_weight * relativistic_labels
        + (classification_weight * real_likelihood if classification_weight else Objective())
        + (lambda progress: at(gamma, progress) / 2) * lazy(resolution_scaled(label_r1_r2), PENALTY_EVERY)
    )
    recipe = Recipe(
        generator=partial(networks.generator, width=width, num_free=num_free, distance=distance, tanh=tanh),
        discriminator=partial(networks.discriminator, width=discriminator_width, projection=projection),
        objective=objective + head_weight * fake_likelihood if head_weight else objective,
        generator_optimizer=optimizer,
        discriminator_optimizer=optimizer,
        batch_size=batch_size,
        num_epochs=num_epochs,
        max_gradient_norm=max_gradient_norm or inf,
        ema_half_life_kimg=ema_half_life_kimg,
        discriminator_pretraining=discriminator_pretraining(discriminator_kimg),
    )
    return with_reader(recipe, weight=reader_weight, kimg=reader_kimg) if reader_weight else recipe
