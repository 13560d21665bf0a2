"""The machine: the fastest precision and memory settings; its device and processes are in `processes.py`."""

import ctypes
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from statistics import mean, median
from typing import Any

import torch
from accelerate.utils import broadcast_object_list, convert_outputs_to_fp32
from torch import Tensor, nn

from condgan.data.dataset import Images
from condgan.draws import fixed_seed
from condgan.processes import fast_device, processes
from condgan.recipes.recipe import Recipe
from condgan.state import GAME, TrainState
from condgan.train import Progress, pretrain, train

PRECISIONS = ("no", "bf16", "auto")
MIN_GAIN = 1.2  # how many times faster bfloat16 has to be, as it is less exact and timings vary
MIDDLE = 1000  # the step at which the game is rehearsed; a multiple of how often penalties are computed
MAX_SECONDS = 10  # of a rehearsal of one phase, which has at least two steps


def fast_precision(step_seconds: Callable[[str], float] | None = None) -> str:
    """Returns "bf16" if bfloat16 is clearly faster on this machine, else "no" for float32. Weights stay float32.

    `step_seconds` returns the seconds of a training step in each of the two, e.g. measured by `rehearse`. By default a
    few layers are timed. All processes use the answer of the first.

    >>> fast_precision({"no": 0.3, "bf16": 0.2}.__getitem__)
    'bf16'
    """
    seconds = step_seconds or _layers_seconds
    processes()  # so that the answer reaches the others
    choice = "bf16" if seconds("no") >= MIN_GAIN * seconds("bf16") else "no"
    return str(broadcast_object_list([choice])[0])


def _layers_seconds(precision: str) -> float:
    """Times the forward and backward pass of convolutions and batch norm; the median of five runs."""
    device = fast_device()
    with fixed_seed(0):
        layers = [layer for _ in range(3) for layer in (nn.Conv2d(64, 64, 3, padding=1), nn.BatchNorm2d(64), nn.ReLU())]
        network = nn.Sequential(*layers).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    image = torch.ones(16, 64, 32, 32, device=device).contiguous(memory_format=torch.channels_last)
    times = []
    for _ in range(6):  # the first is slower: memory is allocated and kernels are chosen
        start = time.perf_counter()
        with torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16"):
            loss = network(image).float().square().mean()
        loss.backward()
        sum(weight.grad.sum() for weight in network.parameters()).item()  # waits for the device
        times.append(time.perf_counter() - start)
    return median(times[1:])


@dataclass(frozen=True)
class Speed:
    """The speed of a phase of a training, whose whole length by its recipe is `kimg` thousand images."""

    kimg: float
    images_per_second: float


def rehearse(
    recipe: Recipe,
    images: Images,
    precision: str = "no",
    num_steps: int = 5,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, Speed]:
    """Measures the speed of each phase of a training; the last is "game".

    Runs a few steps of each phase with networks that are thrown away, in float32 ("no") or with bfloat16 ("bf16"). The
    first step, which is slower, does not count; of the four others one has the terms that are computed in every fourth
    step. Leaves torch's global generator as it was.
    """
    with fixed_seed(0):
        state = TrainState(recipe, images, 0, _Rehearsal(precision))
        speeds = {}
        for phase in state.phases:
            steps = islice(pretrain(state, images), phase.num_steps)
            seconds = _mean_seconds(steps, num_steps, clock)
            batch = phase.pretraining.batch_size
            speeds[phase.name] = Speed(phase.num_steps * batch / 1000, batch / seconds)
            phase.step = phase.num_steps
        state.step = MIDDLE
        seconds = _mean_seconds(train(state, images), num_steps, clock)
        return speeds | {GAME: Speed(state.planned_kimg, 1000 * state.step_kimg / seconds)}


def _mean_seconds(steps: Iterable[Progress], num_steps: int, clock: Callable[[], float]) -> float:
    first = last = clock()
    times = []
    for progress in islice(steps, num_steps):
        sum(progress.losses.values(), torch.zeros(())).item()  # waits for the device
        now = clock()
        times.append(now - last)
        last = now
        if len(times) > 1 and last - first > MAX_SECONDS:
            break
    return max(mean(times[1:] or times), 1e-9)


class _Rehearsal:
    """The part of an Accelerator that a step needs, of any precision: accelerate allows a process only one."""

    def __init__(self, precision: str):
        process = processes()
        self.device, self.precision = process.device, precision
        self.process_index, self.num_processes = process.process_index, process.num_processes

    def prepare(self, *parts: Any) -> Any:
        for part in parts:
            if isinstance(part, nn.Module):
                cast = torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bf16")
                part.forward = convert_outputs_to_fp32(cast(part.forward))
        return parts if len(parts) > 1 else parts[0]

    def backward(self, loss: Tensor, **options: Any) -> None:
        loss.backward(**options)

    def reduce(self, tensor: Tensor, reduction: str) -> Tensor:
        return tensor


def keep_freed_memory(keep: bool = True) -> None:
    """Tells glibc to keep freed memory, or with `keep=False` to return it to the system, its default.

    Every training step frees and allocates the same large blocks. Returning them to the system costs a page fault for
    every 4 KiB, a fifth of a step on a CPU. See mallopt(3): M_TRIM_THRESHOLD (-1), M_MMAP_MAX (-4). Does nothing on
    systems without glibc.
    """
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt:
            mallopt(-1, 2**31 - 1 if keep else 128 * 1024)
            mallopt(-4, 0 if keep else 65536)
