"""Layout: every token of the condition is an object with a place and a size."""

from functools import partial

from pydantic import NonNegativeInt, PositiveInt, validate_call
from torch import Tensor, nn, rand, randn_like
from torch.optim import AdamW, Optimizer

from condgan.networks import layout as networks
from condgan.networks.augment import RandomShift
from condgan.networks.reader import Classifier
from condgan.objectives import (
    label_r1_r2,
    lazy,
    reader_classification,
    real_likelihood,
    relativistic,
    relativistic_labels,
)
from condgan.recipes.options import BatchSize, Beta, NonNegativeFloat, PositiveFloat, Rate, Weight
from condgan.recipes.recipe import Pretraining, Reader, Recipe, adam
from condgan.schedules import at, exponential, late, triangle

PENALTY_EVERY = 4  # steps
GAMMA, LEARNING_RATE = exponential(0.3, 0.03), late(8e-4, 1.6e-5)


@validate_call
def layout(
    *,
    width: PositiveInt = 32,
    discriminator_width: PositiveInt = 32,
    num_free: NonNegativeInt = 0,
    gamma: Weight = GAMMA,
    label_weight: Weight = 1,
    classification_weight: Weight = 1,
    reader_weight: Weight = 0.5,
    reader_kimg: PositiveFloat = 65,
    discriminator_kimg: PositiveFloat = 29,
    learning_rate: Rate = LEARNING_RATE,
    beta1: Beta = 0.0,
    beta2: Beta = 0.99,
    batch_size: BatchSize = 32,
    num_epochs: PositiveInt = 30,
    ema_half_life_kimg: NonNegativeFloat = 4,
) -> Recipe:
    """Layout: every token of the condition is placed as an object, and a frozen reader tells whether it is recognised.

    G maps each token to an object with a place, a size and features, and paints objects (`networks/layout.py`). The
    game is relativistic on realness and on the logit of each wanted label (R3GAN's, Huang et al. 2024, for sets of
    labels), with R1 and R2 on their sum in every fourth step. Before it, D and a separate classifier, the reader, learn
    the labels of real images. The reader is then frozen; G also minimises its negative log-likelihood of the condition
    on slightly noisy images. Learning rates fall in the second half, and `gamma` throughout.

    The condition must consist of labels, from which the reader learns. The defaults suit two CPU cores; for longer
    trainings `width=48 discriminator_width=48` draws better objects.

    Command: condgan train layout --data sample --minutes 10 --precision auto.
    """
    optimizer = partial(adam, lr=learning_rate, betas=(beta1, beta2))
    shift = RandomShift(4)
    penalty = lazy(label_r1_r2, PENALTY_EVERY)
    return Recipe(
        generator=partial(networks.generator, width=width, num_free=num_free),
        discriminator=partial(networks.discriminator, width=discriminator_width),
        objective=relativistic
        + label_weight * relativistic_labels
        + classification_weight * real_likelihood
        + (lambda progress: at(gamma, progress) / 2) * penalty
        + reader_weight * reader_classification,
        generator_optimizer=optimizer,
        discriminator_optimizer=optimizer,
        batch_size=batch_size,
        num_epochs=num_epochs,
        ema_half_life_kimg=ema_half_life_kimg,
        discriminator_pretraining=Pretraining(
            kimg=discriminator_kimg,
            batch_size=32,
            optimizer=partial(_adamw, peak=2e-3, weight_decay=0.01),
            augment=_noisy,
        ),
        reader=Reader(
            network=Classifier,
            pretraining=Pretraining(
                kimg=reader_kimg,
                batch_size=64,
                optimizer=partial(_adamw, peak=4e-3, weight_decay=0.02),
                augment=lambda image: _noisy(shift(image), 0.08),
            ),
        ),
    )


def _adamw(network: nn.Module, peak: float, weight_decay: float) -> Optimizer:
    groups = [{"params": network.parameters(), "lr": peak, "schedule": triangle(peak)}]
    return AdamW(groups, weight_decay=weight_decay, fused=True)


def _noisy(image: Tensor, scale: float = 0.04) -> Tensor:
    """Adds noise of a random standard deviation up to `scale` to each image."""
    return image + scale * rand(len(image), 1, 1, 1, device=image.device) * randn_like(image)
