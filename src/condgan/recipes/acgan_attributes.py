"""ACGAN steered by several attributes at once (report 002)."""

from functools import partial

from pydantic import NonNegativeInt, PositiveInt, validate_call

from condgan.networks import acgan_attributes as networks
from condgan.networks.conditioning import Concat, ConcatAttributeEmbeddings
from condgan.objectives import Objective, classification, real_classification, target_game
from condgan.recipes.options import BatchSize, Beta, NonNegativeFloat, PositiveFloat, Range, Rate, Weight
from condgan.recipes.recipe import Recipe, adam

CLASSIFY_FAKES = "classification_fake"  # the term of D


@validate_call
def acgan_attributes(
    *,
    width: PositiveInt = 64,
    latent_dim: PositiveInt = 100,
    embedding_dim: NonNegativeInt = 5,
    extra_layers: NonNegativeInt = 0,
    real_target: Range = (0.8, 1.0),
    fake_target: Range = (0.0, 0.2),
    generator_target: Range = (1.0, 1.0),
    separate_updates: bool = False,
    aux_weight: Weight = 1,
    classify_fakes: bool = True,
    learning_rate: Rate = 2e-4,
    beta1: Beta = 0.5,
    beta2: Beta = 0.999,
    epsilon: PositiveFloat = 1e-8,
    batch_size: BatchSize = 64,
    num_epochs: PositiveInt = 36,
    ema_half_life_kimg: NonNegativeFloat = 0,
) -> Recipe:
    """ACGAN for several attributes: one embedding and one softmax for each.

    Report 002: layers, embeddings of 5 for hair and for eyes, smoothed targets, L_S + L_C on real and fake images, Adam
    2e-4 with beta1 0.5. The report does not print by how much targets are smoothed, the batch size or the length: here
    a fifth, 64 images, and 10,000 steps, which are 36 epochs of its faces. `embedding_dim=0` concatenates the one-hot
    vectors themselves, which the report tried first; `real_target=1,1` with `fake_target=0,0` disables smoothing;
    `classify_fakes=False` trains D to classify real images only. `extra_layers` adds 3x3 convolutions to D: the report
    says that one more can break the training.

    These values are those of the code that the report says it started from, pavitrakumar78/Anime-Face-GAN-Keras:
    batches of 64, 10,000 steps, targets 1 - U(0, 0.2) and U(0, 0.2). That code differs in three more points, which the
    report does not mention: G's targets are smoothed like those of real images (`generator_target=0.8,1`); D is updated
    on real images and then on fake ones (`separate_updates=True`); and Keras's Adam has epsilon 1e-7 (`epsilon=1e-7`).
    `condgan ablate examples/attributes.yaml` compares both.

    Command: condgan train acgan_attributes --data anime:FOLDER. With half of these widths and `classify_fakes=False`,
    hair and eyes of the generated faces are recognised after 18 minutes on one core (docs/reproductions.md).
    """
    auxiliary = classification if classify_fakes else real_classification
    if separate_updates and not classify_fakes:
        # Every weight needs a gradient in each update, for which DistributedDataParallel waits: zero adds nothing.
        auxiliary += 0 * Objective(discriminator={CLASSIFY_FAKES: classification.discriminator[CLASSIFY_FAKES]})
    optimizer = partial(adam, lr=learning_rate, betas=(beta1, beta2), eps=epsilon)
    conditioning = partial(ConcatAttributeEmbeddings, embedding_dim=embedding_dim) if embedding_dim else Concat
    return Recipe(
        generator=partial(networks.generator, width=width, latent_dim=latent_dim, conditioning=conditioning),
        discriminator=partial(networks.discriminator, width=width, extra_layers=extra_layers),
        objective=target_game(real_target, fake_target, 0, generator_target) + aux_weight * auxiliary,
        generator_optimizer=optimizer,
        discriminator_optimizer=optimizer,
        discriminator_updates=(("real", "classification_real"), ("fake", CLASSIFY_FAKES)) if separate_updates else (),
        batch_size=batch_size,
        num_epochs=num_epochs,
        ema_half_life_kimg=ema_half_life_kimg,
    )
