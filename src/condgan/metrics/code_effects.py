"""Code effects: which property of the images each continuous code controls."""

import torch
from torch import Tensor

from condgan.generate import LoadedGenerator
from condgan.metrics.estimate import Estimate, mean
from condgan.metrics.strokes import STROKE_PROPERTIES

NUM_POSITIONS, NUM_LATENTS = 8, 8


def code_effects(generator: LoadedGenerator, seed: int = 0) -> dict[str, dict[str, Estimate]]:
    """Correlation of each continuous code with each property of strokes, by code and property, in [0, 1].

    For eight latents and each value of the first categorical code, the code goes from -1 to 1 in eight positions. The
    absolute value of the mean correlation over latents, with Student's interval; a code may increase or decrease a
    property. Empty for conditions without continuous codes, and for colour images.
    """
    condition = generator.condition
    if generator.config.channels != 1:
        return {}
    position = torch.linspace(-1, 1, NUM_POSITIONS).double()
    latents = generator.latents(NUM_LATENTS, seed)
    effects = {}
    for name, c in condition.traversals(NUM_POSITIONS).items():
        z = latents.repeat_interleave(len(c), dim=0)
        images = generator.from_latents(z, condition.encode(c).repeat(NUM_LATENTS, 1))
        effects[name] = {
            kind: _absolute(mean(_correlations(measure(images).view(NUM_LATENTS, -1, NUM_POSITIONS), position)))
            for kind, measure in STROKE_PROPERTIES.items()
        }
    return effects


def _correlations(values: Tensor, position: Tensor) -> list[float]:
    """Correlation of values (latents, rows, positions) with the position for each latent, free of the rows' means."""
    centered = values - values.mean(2, keepdim=True)
    norms = centered.flatten(1).norm(dim=1) * position.norm() * values.shape[1] ** 0.5
    correlations: list[float] = ((centered * position).sum((1, 2)) / (norms + 1e-12)).tolist()
    return correlations


def _absolute(estimate: Estimate) -> Estimate:
    value, low, high = estimate
    return estimate if value >= 0 else Estimate(-value, -high, -low)
