"""Adversarial losses of the scores of real and fake images.

Scores are unbounded. Where a paper writes log D, D is the sigmoid of a score and log D(x) = -softplus(-score).
"""

from collections.abc import Mapping

from torch import Tensor, rand
from torch.nn.functional import binary_cross_entropy_with_logits, relu, softplus

from condgan.draws import per_sample
from condgan.objectives.objective import Batch, Objective, Term

# The outputs of D as probabilities, which they are in games of cross-entropy only.
PROBABILITIES: Mapping[str, Term] = {
    "D(x)": lambda b: b.real.score.sigmoid(),
    "D(G(z))": lambda b: b.fake.score.sigmoid(),
}

# Goodfellow et al. 2014, section 3: G maximises log D(G(z)).
non_saturating = Objective(
    generator={"fake": lambda b: softplus(-b.fake.score)},
    discriminator={"real": lambda b: softplus(-b.real.score), "fake": lambda b: softplus(b.fake.score)},
    statistics=PROBABILITIES,
)
# Goodfellow et al. 2014, eq. 1: G minimises log(1 - D(G(z))), whose gradient vanishes where D recognises fakes.
saturating = Objective(
    generator={"fake": lambda b: -softplus(b.fake.score)},
    discriminator=non_saturating.discriminator,
    statistics=PROBABILITIES,
)
# Lim and Ye 2017, section 2; Miyato et al. 2018, eq. 17.
hinge = Objective(
    generator={"fake": lambda b: -b.fake.score},
    discriminator={"real": lambda b: relu(1 - b.real.score), "fake": lambda b: relu(1 + b.fake.score)},
)
# Arjovsky et al. 2017, eq. 2. Needs a penalty that bounds the gradient of D.
wasserstein = Objective(
    generator={"fake": lambda b: -b.fake.score},
    discriminator={"real": lambda b: -b.real.score, "fake": lambda b: b.fake.score},
)
# Jolicoeur-Martineau 2019, section 4.1, each real image paired with a fake one of the same condition.
relativistic = Objective(
    generator={"relativistic": lambda b: softplus(b.real.score - b.fake.score)},
    discriminator={"relativistic": lambda b: softplus(b.fake.score - b.real.score)},
)


def _label_game(b: Batch, sign: int) -> Tensor:
    """Sum over the wanted values of softplus(sign * (logit on real - logit on fake)), (N,)."""
    real, fake = (b.condition.value_logits(output.logits) for output in (b.real, b.fake))
    return (b.condition.wanted(b.c) * softplus(sign * (real - fake))).sum(1)


# The relativistic game once more for each wanted value: D's logit of it should be larger on the real image than on the
# fake one of the same condition. With one realness and no labels this is R3GAN's game (Huang et al. 2024, eq. 1).
relativistic_labels = Objective(
    generator={"relativistic_labels": lambda b: _label_game(b, 1)},
    discriminator={"relativistic_labels": lambda b: _label_game(b, -1)},
)
# Reed et al. 2016, section 4.2: a real image with a wrong condition counts as fake.
mismatched = Objective(discriminator={"mismatched": lambda b: softplus(b.mismatched.score)})


def target_game(
    real: tuple[float, float],
    fake: tuple[float, float],
    flip_probability: float,
    generator: tuple[float, float] = (1, 1),
) -> Objective:
    """Binary cross-entropy with soft, noisy and sometimes flipped targets for D, and a target for G.

    Each target is uniform in its range (low, high). With `flip_probability` the two ranges of D are swapped for a whole
    batch. With ranges (1, 1) and (0, 0) and no flips this is `non_saturating`. Salimans et al. 2016, section 3.4;
    report 001, section 2.4.
    """

    def cross_entropy(score: Tensor, bounds: tuple[float, float]) -> Tensor:
        low, high = bounds
        target = low + (high - low) * per_sample(lambda n: rand(n, device=score.device), len(score))
        return binary_cross_entropy_with_logits(score, target, reduction="none")

    def is_flipped(b: Batch) -> bool:
        return b.uniform < flip_probability  # one draw for both terms

    def on_real(b: Batch) -> Tensor:
        bounds = fake if is_flipped(b) else real
        return cross_entropy(b.real.score, bounds)

    def on_fake(b: Batch) -> Tensor:
        bounds = real if is_flipped(b) else fake
        return cross_entropy(b.fake.score, bounds)

    # A target of 1 is not drawn, as the draw would change all random numbers after it.
    smoothed = {"fake": lambda b: cross_entropy(b.fake.score, generator)}
    return Objective(
        generator=non_saturating.generator if generator == (1, 1) else smoothed,
        discriminator={"real": on_real, "fake": on_fake},
        statistics=PROBABILITIES,
    )
