"""Signs of a training that fails: measured at every save, and rules over these measurements and the log.

The measurements of a save are part of its line of scores.jsonl:

real_above_fake         share of pairs of a real and a generated image of which D scores the real one higher
own_condition[real]     share of real images whose own condition D prefers to that of another image
own_condition[fake]     the same of generated images
latent_variety          variance of generated images of one condition, as a share of that of real images
"""

import torch
from torch import Tensor

from condgan.conditions import Condition
from condgan.data.dataset import Images, to_float, to_uint8
from condgan.networks.gan import Discriminator
from condgan.state import TrainState

NUM_IMAGES = 128  # on which D is tried
NUM_REAL = 512  # whose variance generated images are compared with
NUM_CONDITIONS = NUM_LATENTS = 8


@torch.no_grad()
def measure(state: TrainState, images: Images) -> dict[str, float]:
    """Measures D and the averaged G on training images, always the same ones with the same latents and conditions.

    Changes neither the state nor the random numbers of the training. See the module for the names.
    """
    device, condition = state.accelerator.device, state.condition
    chosen = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))[:NUM_REAL]
    real = images.images[chosen]
    with torch.random.fork_rng():
        torch.manual_seed(0)
        c = condition.sample(images.labels[chosen])
    z = torch.randn(NUM_IMAGES, state.generator.latent_dim, generator=torch.Generator().manual_seed(0)).to(device)
    generator, discriminator = state.generator_ema.eval(), state.discriminator.eval()
    try:
        asked = c[:NUM_IMAGES].to(device)
        fake_image = generator(z[: len(asked)], condition.encode(asked))
        real_image = to_float(real[:NUM_IMAGES].to(device))
        real_score = discriminator(real_image, condition.encode(asked)).score
        fake_score = discriminator(fake_image, condition.encode(asked)).score
        values = {"real_above_fake": _share_above(real_score[:, None], fake_score[None])}
        if condition.is_labelled:
            values["own_condition[real]"] = _own_condition(discriminator, condition, real_image, asked)
        values["own_condition[fake]"] = _own_condition(discriminator, condition, fake_image, asked)
        few = torch.unique(asked, dim=0)[:NUM_CONDITIONS]
        vector = condition.encode(few).repeat_interleave(NUM_LATENTS, 0)
        pictures = to_uint8(generator(z[:NUM_LATENTS].repeat(len(few), 1), vector)).cpu().float()
        variance = pictures.unflatten(0, (len(few), NUM_LATENTS)).var(1).mean()
        expected = _variance_within(real.float(), c if condition.is_labelled else c[:, :0])
        return values | ({"latent_variety": (variance / expected).item()} if expected > 0 else {})
    finally:
        discriminator.train()


def _share_above(a: Tensor, b: Tensor) -> float:
    """Share of pairs in which `a` is larger than `b`; equal ones count half."""
    return ((a > b).float() + 0.5 * (a == b)).mean().item()


def _own_condition(discriminator: Discriminator, condition: Condition, image: Tensor, c: Tensor) -> float:
    """Share of images (N, C, R, R) whose condition D prefers to that of the next image; equal ones are left out.

    D prefers what it scores higher: score + log p(c given image), as far as it has a head for the condition.
    """
    other = c.roll(1, dims=0)

    def preference(c: Tensor) -> Tensor:
        score, logits = discriminator(image, condition.encode(c))
        return score - condition.nll(logits, c) if logits.shape[1] else score

    differ = (c != other).reshape(len(c), -1).any(1)
    return _share_above(preference(c)[differ], preference(other)[differ]) if differ.any() else 0.5


def _variance_within(images: Tensor, c: Tensor) -> Tensor:
    """Mean variance of a pixel among images of equal conditions, or among all of them if no condition repeats."""
    _, groups = torch.unique(c, dim=0, return_inverse=True) if c.shape[1:].numel() else (c, torch.zeros(len(c)).long())
    sizes = torch.bincount(groups)
    if sizes.max() < 2:
        return images.var(0).mean()
    means = torch.zeros(len(sizes), *images.shape[1:]).index_add_(0, groups, images) / sizes.view(-1, 1, 1, 1)
    squares = (images - means[groups]).square().mean((1, 2, 3))
    return squares.sum() / (sizes - 1).clamp(min=0).sum()
