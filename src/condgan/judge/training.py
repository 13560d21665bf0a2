"""Training of a judge, on images that no GAN sees."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from condgan.data.dataset import Images, to_float
from condgan.errors import InputError
from condgan.judge.model import Judge


@dataclass(frozen=True)
class JudgeStep:
    """One step of the training of a judge, of `num_steps`."""

    step: int
    num_steps: int
    loss: float


def train_judge(
    judge: Judge, images: Images, *, num_epochs: int, seed: int, batch_size: int = 64, precision: str = "no"
) -> Iterator[JudgeStep]:
    """Trains by maximum likelihood of the labels of the training images; yields after every step.

    AdamW with a one-cycle schedule up to 2e-3; `precision` is "no" (float32) or "bf16". Images are shifted by up to a
    sixteenth of their side, mirrored at random if the data set is symmetric, and noise of up to 4 of 255 levels is
    added. Colour is unchanged, as it often is the label. Raises InputError if there are fewer images than one batch.
    """
    torch.manual_seed(seed)
    training = images.part(held_out=False)
    steps_per_epoch = len(training) // batch_size
    if not steps_per_epoch:
        raise InputError(f"found {len(training)} training images, expected at least {batch_size} to train a judge")
    num_steps = num_epochs * steps_per_epoch
    optimizer = torch.optim.AdamW(judge.parameters(), weight_decay=0.01, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=num_steps)
    judge.train().to(memory_format=torch.channels_last)
    for step in range(num_steps):
        if step % steps_per_epoch == 0:
            order = torch.randperm(len(training))
        at = order[step % steps_per_epoch * batch_size :][:batch_size]
        image = _augment(to_float(training.images[at]), mirror=images.symmetric)
        image = image.contiguous(memory_format=torch.channels_last)
        with torch.autocast(image.device.type, torch.bfloat16, enabled=precision == "bf16"):
            _, logits = judge(image)
        loss = judge.condition.nll(logits.float(), training.labels[at]).mean()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        schedule.step()
        yield JudgeStep(step + 1, num_steps, loss.item())


def _augment(image: Tensor, *, mirror: bool) -> Tensor:
    mirrored = torch.rand(len(image), 1, 1, 1) < 0.5 * mirror
    image = torch.where(mirrored, image.flip(3), image)
    shift = image.shape[-1] // 16
    dy, dx = torch.randint(-shift, shift + 1, (2,)).tolist()
    return image.roll((dy, dx), (2, 3)) + torch.randn_like(image) * torch.rand(len(image), 1, 1, 1) * 4 / 127.5
