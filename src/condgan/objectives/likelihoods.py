"""What a discriminator pays for misreading a condition, and a generator for showing it badly. In nats per image."""

from torch import Tensor

from condgan.objectives.objective import Objective, Round


def of_fake(r: Round) -> Tensor:
    """-log p(c | fake image), (N,)."""
    return r.condition.nll(r.fake.logits, r.c)


def of_real(r: Round) -> Tensor:
    """-log p(c | real image), (N,)."""
    return r.condition.nll(r.real.logits, r.c)


# InfoGAN's bound on the mutual information: both players raise it. Chen et al. 2016, eq. 5.
information = Objective({"information": of_fake}, {"information": of_fake})

# ACGAN's L_C: the same, and the discriminator reads the real images too. Odena et al. 2017, eq. 3.
classification = information + Objective(discriminator={"classification": of_real})

# As ACGAN is often trained: the discriminator learns to read from real images alone.
real_classification = Objective({"information": of_fake}, {"classification": of_real})
