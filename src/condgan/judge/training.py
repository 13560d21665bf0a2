"""Training of a judge on the labels of real images."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from condgan.data.dataset import Images, to_float
from condgan.data.image_hashes import image_hashes
from condgan.draws import derived_seed, fixed_seed, normal_like, per_batch, per_sample, seeded_batch
from condgan.errors import InputError
from condgan.judge.model import Judge, small_judge
from condgan.networks.shared_batch_norm import share_batch_norm
from condgan.processes import accelerator as new_accelerator


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

    `judge.trained_on` becomes the hashes of these images.

    Processes that torchrun has started share each batch and train one judge, which is that of one process up to
    rounding.

    AdamW with a one-cycle schedule up to 2e-3; `precision` is "no" (float32) or "bf16". Images are shifted by up to a
    sixteenth of their side, mirrored at random if the data set is symmetric, and noise of up to 4 of 255 levels is
    added. Colour is unchanged, as it often is the label. Raises InputError if there are fewer images than one batch, or
    no labels.
    """
    if not images.labels.numel():
        raise InputError("found no labels, which a judge learns to recognise; expected a data set with labels")
    training = images.training
    steps_per_epoch = len(training) // batch_size
    if not steps_per_epoch:
        raise InputError(f"found {len(training)} training images, expected at least {batch_size} to train a judge")
    accelerator = new_accelerator()
    process, num_processes = accelerator.process_index, accelerator.num_processes
    if batch_size < num_processes:
        raise InputError(f"found {num_processes} processes, expected at most {batch_size}, as they share each batch")
    num_steps = num_epochs * steps_per_epoch
    judge.trained_on = image_hashes(images, training)
    judge.train().to(memory_format=torch.channels_last)
    parallel = accelerator.prepare(judge)
    share_batch_norm(parallel)
    optimizer = torch.optim.AdamW(judge.parameters(), weight_decay=0.01, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=num_steps)
    with seeded_batch(batch_size, process, num_processes, partial(_seed, seed), accelerator.device):
        for step in range(num_steps):
            if step % steps_per_epoch == 0:
                order = per_batch(lambda: torch.randperm(len(training)))
            at = order[step % steps_per_epoch * batch_size :][process:batch_size:num_processes]
            pixels, labels = images.batch(training[at])
            image = _augment(to_float(pixels), mirror=images.symmetric)
            image = image.to(accelerator.device, memory_format=torch.channels_last)
            with torch.autocast(image.device.type, torch.bfloat16, enabled=precision == "bf16"):
                _, logits = parallel(image)
            nll = judge.condition.nll(logits.float(), labels.to(logits.device))
            loss = len(at) * num_processes / batch_size * nll.mean()  # its mean over processes is that of the batch
            accelerator.backward(loss)
            optimizer.step()
            optimizer.zero_grad()
            schedule.step()
            yield JudgeStep(step + 1, num_steps, accelerator.reduce(loss.detach(), "mean").item())


def train_classifier(images: Images, *, num_epochs: int = 10, seed: int = 0, precision: str = "no") -> Judge:
    """Returns a classifier that was trained on these images, which may be generated. Raises like `train_judge`."""
    with fixed_seed(seed):
        judge = small_judge(images.condition, images.resolution)
        for _ in train_judge(judge, images, num_epochs=num_epochs, seed=seed, precision=precision):
            pass
    return judge


def _seed(seed: int, number: int) -> int:
    return derived_seed(seed, number) if number else seed


def _augment(image: Tensor, *, mirror: bool) -> Tensor:
    mirrored = per_sample(lambda n: torch.rand(n, 1, 1, 1), len(image)) < 0.5 * mirror
    image = torch.where(mirrored, image.flip(3), image)
    shift = image.shape[-1] // 16
    dy, dx = per_batch(lambda: torch.randint(-shift, shift + 1, (2,))).tolist()
    noise = normal_like(image) * per_sample(lambda n: torch.rand(n, 1, 1, 1), len(image))
    return image.roll((dy, dx), (2, 3)) + noise * 4 / 127.5
