"""Auxiliary losses: -log p(condition given image), in nats per image."""

from torch import Tensor

from condgan.objectives.objective import Batch, Objective


def on_real(b: Batch) -> Tensor:
    """-log p(c | real image) under D's logits, (N,)."""
    return b.condition.nll(b.real.logits, b.c)


def on_fake(b: Batch) -> Tensor:
    """-log p(c | fake image) under D's logits, (N,)."""
    return b.condition.nll(b.fake.logits, b.c)


def _accuracy(b: Batch, logits: Tensor) -> Tensor:
    """Share of each image's wanted values that the logits predict, (N,); 1 where none is wanted."""
    hits, wanted = b.condition.hits(logits, b.c).sum(1), b.condition.wanted(b.c).sum(1)
    return (hits + (wanted == 0)) / wanted.clamp(min=1)


def accuracy_real(b: Batch) -> Tensor:
    """Accuracy of D's logits on the real images, (N,)."""
    return _accuracy(b, b.real.logits)


def accuracy_fake(b: Batch) -> Tensor:
    """Accuracy of D's logits on the fake images, (N,)."""
    return _accuracy(b, b.fake.logits)


# InfoGAN's lower bound of the mutual information, which G and D both maximise. Chen et al. 2016, eq. 5.
information = Objective(
    generator={"information": on_fake},
    discriminator={"information": on_fake},
    statistics={"accuracy_fake": accuracy_fake},
)

# ACGAN's L_C: D is trained on real and fake images. Odena et al. 2017, eq. 3.
classification = Objective(
    generator={"classification_fake": on_fake},
    discriminator={"classification_real": on_real, "classification_fake": on_fake},
    statistics={"accuracy_real": accuracy_real, "accuracy_fake": accuracy_fake},
)

# As ACGAN is often trained: D learns to classify from real images only.
real_classification = Objective(
    generator={"classification_fake": on_fake},
    discriminator={"classification_real": on_real},
    statistics={"accuracy_real": accuracy_real, "accuracy_fake": accuracy_fake},
)

# D learns to classify real images; G has no term.
real_likelihood = Objective(
    discriminator={"classification_real": on_real},
    statistics={"accuracy_real": accuracy_real, "accuracy_fake": accuracy_fake},
)

# G is trained on the likelihood under D's logits, and D does not learn from fake images.
fake_likelihood = Objective(generator={"classification_fake": on_fake})

# G is trained on the likelihood under a frozen classifier of real images instead of D's.
reader_classification = Objective(generator={"reader": lambda b: b.condition.nll(b.fake_reading, b.c)})
