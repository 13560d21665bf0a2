"""What `layout` loses without one of its parts: recipes that differ from it by the generator or by the penalty.

condgan train examples.layout_parts:cross_attention --data sample --minutes 10
condgan ablate examples/layout.yaml ...     compares them with `layout`; the whole command is in that file

Recipes as module:function are imported from the working directory: run these where the folder `examples` is.
"""

from dataclasses import replace
from functools import partial
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, leaky_relu

from condgan.conditions import Condition
from condgan.networks import cdcgan
from condgan.networks.conditioning import Unconditional
from condgan.networks.gan import Generator
from condgan.networks.layers import conv3
from condgan.networks.layout import ResidualBlock
from condgan.objectives import (
    Batch,
    Objective,
    lazy,
    r1,
    real_likelihood,
    relativistic,
    relativistic_labels,
    resolution_scaled,
)
from condgan.recipes import Recipe, layout, with_reader
from condgan.recipes.layout import GAMMA, PENALTY_EVERY
from condgan.schedules import at

LATENT_DIM, TOKEN_DIM = 128, 96
STEP = 0.01  # of the finite difference, in the range of pixel values [-1, 1]


def concatenated() -> Recipe:
    """`layout` with a narrow generator of `cdcgan`: an embedding of the condition enters once, beside the latent."""
    return replace(layout(), generator=partial(cdcgan.generator, width=32))


def cross_attention() -> Recipe:
    """`layout` with a generator whose maps attend to the tokens, each position by itself: tokens have no places."""
    return replace(layout(), generator=_cross_attention_generator)


def r1_of_scores() -> Recipe:
    """`layout` with R1 of the realness alone in place of R1 and R2 of realness and wanted labels."""
    return _with_penalty(r1)


def finite_difference() -> Recipe:
    """`layout` with R1 and R2 estimated from a finite difference in a random direction: no second derivatives."""
    return _with_penalty(Objective(discriminator={"finite_difference": _finite_difference}))


def _with_penalty(penalty: Objective) -> Recipe:
    game = relativistic + relativistic_labels + real_likelihood
    weighted = (lambda progress: at(GAMMA, progress) / 2) * lazy(resolution_scaled(penalty), PENALTY_EVERY)
    return with_reader(replace(layout(reader_weight=0), objective=game + weighted))


def _finite_difference(b: Batch) -> Tensor:
    """Estimates the sum of squared gradient norms of `label_r1_r2`, (N,), as (gradient . v)^2 for one v ~ N(0, 1)."""
    image, vector = torch.cat([b.real_image, b.fake_image]).detach(), b.vector.repeat(2, 1)
    change = STEP * torch.randn_like(image)
    output = b.discriminator(torch.cat([image + change, image - change]), vector.repeat(2, 1))
    wanted = b.condition.wanted(b.c).repeat(4, 1)
    total = output.score + (wanted * b.condition.value_logits(output.logits)).sum(1)
    above, below = total.chunk(2)
    real, fake = ((above - below) / (2 * STEP)).square().chunk(2)
    return real + fake


def _cross_attention_generator(condition: Condition, resolution: int, channels: int = 3) -> Generator:
    return Generator(LATENT_DIM, Unconditional(LATENT_DIM, condition), CrossAttention(condition, resolution, channels))


class CrossAttention(nn.Module):
    """Residual blocks from 8x8 maps that follow from z; at 8x8 and 16x16 every position attends to the tokens."""

    def __init__(self, condition: Condition, resolution: int, channels: int, width: int = 32):
        super().__init__()
        self.condition, self.resolution = condition, resolution
        self.embed, self.first = nn.Linear(condition.dim, TOKEN_DIM), nn.Linear(LATENT_DIM, 2 * width * 8 * 8)
        self.token_of_latent = nn.Linear(LATENT_DIM, TOKEN_DIM)
        widths = [2 * width, 2 * width, width, width // 2]
        self.places = nn.ParameterList(nn.Parameter(torch.randn(side**2, widths[0]) * 0.5) for side in (8, 16))
        self.attend = nn.ModuleList(
            nn.MultiheadAttention(widths[0], 4, kdim=TOKEN_DIM, vdim=TOKEN_DIM, batch_first=True) for _ in self.places
        )
        self.blocks = nn.ModuleList(map(ResidualBlock, widths))
        self.narrow = nn.ModuleList(conv3(a, b) for a, b in pairwise(widths))
        self.to_image = conv3(widths[-1], channels)

    def forward(self, z: Tensor, c: Tensor) -> Tensor:
        tokens, exists = self.condition.tokens(c)
        # The latent is a token too, so that there is something to attend to where no label is wanted.
        tokens = torch.cat([self.token_of_latent(z)[:, None], self.embed(tokens)], dim=1)
        missing = torch.cat([exists.new_zeros(len(z), 1), ~exists], dim=1)
        h = self.first(z).unflatten(1, (-1, 8, 8))
        for i, block in enumerate(self.blocks):
            if i < len(self.attend):
                query = h.flatten(2).mT + self.places[i]
                attended, _ = self.attend[i](query, tokens, tokens, key_padding_mask=missing, need_weights=False)
                h = h + attended.mT.unflatten(2, h.shape[2:])
            h = leaky_relu(block(h), 0.2)
            if i < len(self.narrow):
                h = interpolate(self.narrow[i](h), scale_factor=2, mode="nearest")
        return torch.tanh(interpolate(self.to_image(h), self.resolution, mode="bilinear"))
