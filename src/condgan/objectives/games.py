"""The adversarial games: what the scores of real and fake images cost each player.

Scores are unbounded; where a paper writes log D, D is the sigmoid of a score and log D(x) = -softplus(-score).
"""

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, relu, softplus

from condgan.objectives.objective import Objective, Round, Term


def game(generator: Term, discriminator: Term) -> Objective:
    """An objective whose one term for each player is named `adversarial`."""
    return Objective({"adversarial": generator}, {"adversarial": discriminator})


# Goodfellow et al. 2014, section 3: G maximises log D(G(z)).
non_saturating = game(
    generator=lambda r: softplus(-r.fake.score),
    discriminator=lambda r: softplus(-r.real.score) + softplus(r.fake.score),
)
# Lim and Ye 2017, section 2; Miyato et al. 2018, eq. 17.
hinge = game(
    generator=lambda r: -r.fake.score,
    discriminator=lambda r: relu(1 - r.real.score) + relu(1 + r.fake.score),
)
# Arjovsky et al. 2017, eq. 2, to be joined by a penalty that bounds the slope.
wasserstein = game(
    generator=lambda r: -r.fake.score,
    discriminator=lambda r: r.fake.score - r.real.score,
)
# Jolicoeur-Martineau 2019, section 4.1, each real image paired with a fake one of its own condition.
relativistic = game(
    generator=lambda r: softplus(r.real.score - r.fake.score),
    discriminator=lambda r: softplus(r.fake.score - r.real.score),
)


def target_game(real: tuple[float, float], fake: tuple[float, float], flip_probability: float) -> Objective:
    """Binary cross-entropy against soft, noisy and sometimes flipped targets; G still wants a target of 1.

    Each target is uniform in its range, and the two swap roles for a whole batch with `flip_probability`. With ranges
    (1, 1) and (0, 0) and no flips this is `non_saturating`. Salimans et al. 2016, section 3.4; report 001, section 2.4.
    """

    def target(score: Tensor, bounds: tuple[float, float]) -> Tensor:
        low, high = bounds
        return low + (high - low) * torch.rand_like(score)

    def discriminator(r: Round) -> Tensor:
        flipped = torch.rand(()).item() < flip_probability
        on_real, on_fake = (fake, real) if flipped else (real, fake)
        return binary_cross_entropy_with_logits(
            r.real.score, target(r.real.score, on_real), reduction="none"
        ) + binary_cross_entropy_with_logits(r.fake.score, target(r.fake.score, on_fake), reduction="none")

    return game(generator=lambda r: softplus(-r.fake.score), discriminator=discriminator)
