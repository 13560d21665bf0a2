"""Layout networks: a generator that places every token of the condition as an object, and a discriminator to match.

Objects are Gaussian spots of features with a place and a size, as in Epstein et al. 2022 (BlobGAN); tokens agree on
them by attention before anything is drawn, as in Hudson and Zitnick 2021 (GANformer); residual blocks without
normalisation and zero-initialised follow Huang et al. 2024 (R3GAN).
"""

from itertools import pairwise
from math import log, log2

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, leaky_relu, normalize

from condgan.conditions import Condition
from condgan.networks.augment import RandomShift
from condgan.networks.conditioning import Unconditional
from condgan.networks.gan import Discriminator, DiscriminatorOutput, Generator
from condgan.networks.layers import IgnoreCondition, conv3, wrong_resolution
from condgan.networks.splat import Layout, Splat, keep_apart

GLOBAL_DIM, TOKEN_DIM, NUM_MIXED = 32, 16, 16  # latents of the image, of a token, and from how many it is mixed
FEATURES = 96  # of a token
SIZE, SIZE_RANGE = 0.12, 1.0  # of objects, where the side is 2 long: median, range of the logarithm
BASE_SIDE = 4  # of the smooth image that is added to what the decoder draws


class ResidualBlock(nn.Module):
    """h + conv(LeakyReLU(conv(LeakyReLU(h)))), the last convolution zero at first."""

    def __init__(self, channels: int):
        super().__init__()
        self.conv1, self.conv2 = conv3(channels, channels), conv3(channels, channels, bias=False)
        nn.init.zeros_(self.conv2.weight)

    def forward(self, h: Tensor) -> Tensor:
        return h + self.conv2(leaky_relu(self.conv1(leaky_relu(h, 0.2)), 0.2))  # type: ignore[no-any-return]


class LayoutGenerator(nn.Module):
    """Maps a latent and a condition to objects, and objects to an image.

    Each token is embedded and gets a latent of its own: a mixture of the token latents in z that depends on the token
    alone, so that it stays the same when another label is added. Which token comes first, such as the one in the middle
    of an i-CLEVR scene, follows from z, so that an image is a function of (z, c). Before training it is near the
    middle, and the others are spread out. A transformer over the tokens and the latent of the image lets the objects
    agree on places. In evaluation mode, those that are closer than `distance` are then moved apart. `num_free` further
    objects belong to no token and are not moved.

    Pixels pass through tanh, which saturates where they are black or white: there G hardly gets a gradient. Without
    `tanh` they are unbounded, and clamped in evaluation mode.

    The background is smooth: features that are linear in x and y, and a 4x4 image that depends on z. With free features
    or pixels in their place it learns to draw an object, e.g. in the middle where most scenes have one, before the
    tokens learn their places; objects are then missing or drawn twice.
    """

    mixture: Tensor
    order: Tensor

    def __init__(
        self,
        condition: Condition,
        resolution: int,
        channels: int,
        width: int,
        num_free: int,
        distance: float,
        tanh: bool,
    ):
        super().__init__()
        self.condition, self.distance, self.tanh = condition, distance, tanh
        widths = _widths(resolution, width)
        sides = [resolution >> i for i in reversed(range(len(widths)))]
        self.embed = nn.Linear(condition.dim, FEATURES, bias=False)
        nn.init.normal_(self.embed.weight)
        self.free = nn.Parameter(torch.randn(num_free, FEATURES))
        self.token_latent, self.image_latent = nn.Linear(TOKEN_DIM, FEATURES), nn.Linear(GLOBAL_DIM, FEATURES)
        self.first = nn.Parameter(torch.randn(2, FEATURES) * 0.5)  # of the first token, of all others
        layer = nn.TransformerEncoderLayer(FEATURES, 4, 2 * FEATURES, 0.0, batch_first=True, norm_first=True)
        self.attention = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.place_and_size = nn.Linear(FEATURES, 3)
        nn.init.normal_(self.place_and_size.weight, 0, 0.02)
        nn.init.zeros_(self.place_and_size.bias)
        self.scatter = nn.Linear(TOKEN_DIM, 2, bias=False)  # spreads the places at first
        nn.init.normal_(self.scatter.weight, 0, 0.4 / TOKEN_DIM**0.5)
        # How much of it the first token gets, and all others. The first starts in the middle, where every scene of
        # i-CLEVR has an object: with no token there, a mixture of several objects was often painted in its place.
        self.spread = nn.Parameter(torch.tensor([0.0, 1.0]))
        num_tokens = condition.dim + num_free
        self.register_buffer("mixture", normalize(torch.randn(num_tokens, NUM_MIXED), dim=1))
        self.register_buffer("order", torch.randn(num_tokens, GLOBAL_DIM))

        self.background = nn.Linear(2, widths[0])
        nn.init.normal_(self.background.weight, 0, 0.1)
        nn.init.normal_(self.background.bias, 0, 0.1)
        self.modulation = nn.Linear(GLOBAL_DIM, widths[0])
        self.splats = nn.ModuleList(
            Splat(side, FEATURES, hidden, blur=1.2 if i == 0 else 1.0)
            for i, (side, hidden) in enumerate(zip(sides, widths, strict=True))
        )
        self.blocks = nn.ModuleList(map(ResidualBlock, widths))
        self.narrow = nn.ModuleList(conv3(a, b) for a, b in pairwise(widths))
        self.last, self.to_image = conv3(widths[-1], widths[-1]), conv3(widths[-1], channels)
        self.base = nn.Linear(GLOBAL_DIM, channels * BASE_SIDE**2)
        nn.init.normal_(self.base.weight, 0, 0.02)
        nn.init.zeros_(self.base.bias)

    def extra_repr(self) -> str:
        return f"distance={self.distance}, tanh={self.tanh}"

    def layout(self, z: Tensor, c: Tensor) -> Layout:
        """Returns the objects for latents (N, latent_dim) and encoded conditions (N, dim); free ones come last."""
        tokens, wanted = self.condition.tokens(c)
        n, num_free = c.shape[0], len(self.free)  # `len(c)` would fix the batch size of an exported program
        image_latent, token_latents = z[:, :GLOBAL_DIM], z[:, GLOBAL_DIM:].unflatten(1, (NUM_MIXED, TOKEN_DIM))
        strength = tokens.abs()
        mixture = torch.cat(
            [
                normalize(strength @ self.mixture[: self.condition.dim], dim=2),
                self.mixture[self.condition.dim :].expand(n, -1, -1),
            ],
            dim=1,
        )
        latent = mixture @ token_latents  # (N, K, TOKEN_DIM), each N(0, 1)
        rank = (strength @ self.order[: self.condition.dim] @ image_latent[:, :, None]).squeeze(2)
        first = rank.masked_fill(~wanted, -torch.inf) == rank.masked_fill(~wanted, -torch.inf).amax(1, keepdim=True)
        slots = torch.where(first[:, :, None], self.first[0], self.first[1])
        first = torch.cat([first, first.new_zeros(n, num_free)], dim=1)
        spread = torch.where(first[:, :, None], self.spread[0], self.spread[1])
        embedded = torch.cat([self.embed(tokens) + slots, self.free.expand(n, -1, -1)], dim=1)
        exists = torch.cat([wanted, wanted.new_ones(n, num_free)], dim=1)
        h = torch.cat([self.image_latent(image_latent)[:, None], embedded + self.token_latent(latent)], dim=1)
        padding = torch.cat([exists.new_zeros(n, 1), ~exists], dim=1)
        features = self.attention(h, src_key_padding_mask=padding)[:, 1:]
        change = self.place_and_size(features).float()
        place = torch.tanh(change[..., :2] + (spread * self.scatter(latent)).float())
        if not self.training:  # the two runs in which objects were moved broke down, see docs/trials.md
            # Free objects, which may be parts of a background, can be anywhere.
            place = keep_apart(place, torch.cat([wanted, wanted.new_zeros(n, num_free)], dim=1), self.distance)
        size = SIZE * torch.exp(SIZE_RANGE * torch.tanh(change[..., 2:]))
        return Layout(features, place, size, exists)

    def paint(self, layout: Layout, z: Tensor) -> Tensor:
        """Returns the images (N, C, R, R) in [-1, 1] of objects; z modulates the background."""
        image_latent = z[:, :GLOBAL_DIM]
        first = self.splats[0](layout)
        background = self.background(self.splats[0].grid).T.unflatten(1, first.shape[2:])
        h = background * (1 + self.modulation(image_latent))[:, :, None, None] + first
        for i, narrow in enumerate(self.narrow):
            h = narrow(leaky_relu(self.blocks[i](h), 0.2))
            h = interpolate(h, scale_factor=2, mode="nearest" if i + 2 < len(self.splats) else "bilinear")
            h = h + self.splats[i + 1](layout)
        h = leaky_relu(self.last(leaky_relu(self.blocks[-1](h), 0.2)), 0.2)
        base = self.base(image_latent).unflatten(1, (-1, BASE_SIDE, BASE_SIDE))
        image: Tensor = self.to_image(h) + interpolate(base, h.shape[-1], mode="bilinear")
        if self.tanh:
            return torch.tanh(image)
        return image if self.training else image.clamp(-1, 1)

    def forward(self, z: Tensor, c: Tensor) -> Tensor:
        return self.paint(self.layout(z, c), z)


class DenseHead(nn.Module):
    """Local and global realness, a projection of the condition, and label logits at every position.

    The logits are pooled by logsumexp: an object counts wherever it is. Logits that are not of discrete values, such as
    means of continuous codes, are averaged. The projection (Miyato and Koyama 2018, eq. 3) lets the score depend on
    whether an image shows more than its condition; it is optional.
    """

    def __init__(self, channels: int, side: int, condition: Condition, projection: bool):
        super().__init__()
        self.num_values = len(condition.values)
        self.logits = nn.Conv2d(channels, condition.num_logits, 1)
        nn.init.constant_(self.logits.bias, -log(side * side) - 1)  # type: ignore[arg-type]
        self.local_score = nn.Conv2d(channels, 1, 1, bias=False)
        self.down = nn.Conv2d(channels, channels, 4, 2, 1)
        self.score = nn.Conv2d(channels, 1, side // 2, bias=False)  # relativistic losses ignore a bias
        self.embed = nn.Linear(condition.dim, channels, bias=False) if projection else None
        if self.embed:
            nn.init.normal_(self.embed.weight, 0, 0.02)

    def forward(self, h: Tensor, c: Tensor) -> DiscriminatorOutput:
        maps = self.logits(h).float().flatten(2)
        logits = torch.cat([maps[:, : self.num_values].logsumexp(2), maps[:, self.num_values :].mean(2)], dim=1)
        local = self.local_score(h).mean((1, 2, 3))
        score = self.score(leaky_relu(self.down(h), 0.2)).flatten() + 2 * local
        if self.embed:
            score = score + (self.embed(c) * h.mean((2, 3))).sum(1)
        return DiscriminatorOutput(score, logits)


def generator(
    condition: Condition,
    resolution: int,
    channels: int = 3,
    *,
    width: int = 48,
    num_free: int = 0,
    distance: float = 0.0,
    tanh: bool = True,
) -> Generator:
    """A LayoutGenerator with `width` channels on the second largest maps.

    In evaluation mode, wanted objects are moved to be about `distance` or more apart, where the image is 2 wide. That
    is meant for labels of separate objects, not for those of parts of one thing. `tanh` bounds the pixels.

    Raises InputError unless the resolution is at least 16 and can be halved twice, above 64 until it is about 16.
    """
    body = LayoutGenerator(condition, resolution, channels, width, num_free, distance, tanh)
    latent_dim = GLOBAL_DIM + NUM_MIXED * TOKEN_DIM
    return Generator(latent_dim, Unconditional(latent_dim, condition), body)


def discriminator(
    condition: Condition,
    resolution: int,
    channels: int = 3,
    *,
    width: int = 32,
    projection: bool = True,
    max_shift: int = 3,
) -> Discriminator:
    """Residual blocks without normalisation down to maps of an eighth of the resolution, and a DenseHead.

    Maps are of a quarter of the resolution if it is below 32. Images are shifted by up to `max_shift` pixels. Raises
    InputError unless the resolution is a multiple of 4 of at least 16.
    """
    if resolution < 16 or resolution % 4:
        raise wrong_resolution(resolution, "a multiple of 4 of at least 16")
    layers: list[nn.Module] = [RandomShift(max_shift), nn.Conv2d(channels, width, 4, 2, 1), ResidualBlock(width)]
    side, hidden = resolution // 2, width
    while side > max(resolution // 8, 7):
        layers += [nn.LeakyReLU(0.2), nn.Conv2d(hidden, hidden * 2, 4, 2, 1), ResidualBlock(hidden * 2)]
        side, hidden = side // 2, hidden * 2
    body = IgnoreCondition(*layers, nn.LeakyReLU(0.2))
    return Discriminator(Unconditional(channels, condition), body, DenseHead(hidden, side, condition, projection))


def _widths(resolution: int, width: int) -> list[int]:
    """Channels of the generator's maps, from the smallest; each is twice as large as the one before."""
    num_halvings = 2 if resolution <= 64 else round(log2(resolution / 16))
    if resolution < 16 or resolution % 2**num_halvings:
        raise wrong_resolution(resolution, f"a multiple of {2**num_halvings} of at least 16")
    return [2 * width, *[width] * (num_halvings - 1), width // 2]
