"""Random draws of a batch that do not depend on how many processes share it.

Every process draws for the whole batch and keeps the rows of its own images, so that two processes train on the same
numbers as one. What is drawn without this module, e.g. by `nn.Dropout`, differs between processes.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np
import torch
from torch import Tensor


def derived_seed(*numbers: int) -> int:
    """Returns a seed made of several numbers; trailing zeros among the first four are ignored."""
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> 1)


def per_sample(draw: Callable[[int], Tensor], n: int) -> Tensor:
    """Returns `draw(n)`, random numbers of n rows, one for each sample of a batch.

    In a batch that processes share, `draw` is called with the number of rows of all processes, and the rows of this
    process are returned. n may be a multiple of its number of images, e.g. of real and generated ones concatenated.

    >>> per_sample(lambda n: torch.zeros(n, 2), 3).shape
    torch.Size([3, 2])
    """
    shared = _shared.get()
    return shared.rows(draw, n) if shared else draw(n)


def per_batch(draw: Callable[[], Tensor]) -> Tensor:
    """Returns `draw()`, random numbers that all samples of a batch have in common, on all processes."""
    shared = _shared.get()
    return shared.draw(draw) if shared else draw()


def normal_like(samples: Tensor) -> Tensor:
    """Draws a standard normal number for each value of a batch of samples, in their memory order, as `randn_like`."""
    strides = samples[0].numel(), *torch.empty_like(samples, device="meta").stride()[1:]

    def draw(n: int) -> Tensor:
        shape = n, *samples.shape[1:]
        return torch.empty_strided(shape, strides, dtype=samples.dtype, device=samples.device).normal_()

    return per_sample(draw, len(samples))


@contextmanager
def fixed_seed(seed: int) -> Iterator[None]:
    """Seeds torch's generators for what is drawn within, and gives them back the states that they had before.

    >>> with fixed_seed(0):
    ...     first = torch.rand(1)
    >>> with fixed_seed(0):
    ...     assert torch.equal(torch.rand(1), first)
    """
    gpu = torch.accelerator.current_accelerator(check_available=True)
    # By default torch would initialise all GPUs of the machine, warn if there are several, and before 2.13 expect CUDA.
    devices = [torch.accelerator.current_device_index()] if gpu else []
    with torch.random.fork_rng(devices, device_type=gpu.type if gpu else "cuda"):
        torch.manual_seed(seed)
        yield


@contextmanager
def seeded_batch(
    size: int, process: int, num_processes: int, seed: Callable[[int], int], device: torch.device
) -> Iterator[None]:
    """Seeds torch's generators for a batch of `size` images, those of `process` being every `num_processes`-th.

    `seed(0)` is the seed of a single process and of what processes draw together, `seed(1 + process)` that of what each
    draws alone.
    """
    torch.manual_seed(seed(0))
    if num_processes == 1:
        yield
        return
    before = _shared.set(_Shared(size, process, num_processes, device))
    torch.manual_seed(seed(1 + process))
    try:
        yield
    finally:
        _shared.reset(before)


class _Shared:
    """A batch that processes share, and the states of the generators that they have in common."""

    def __init__(self, size: int, process: int, num_processes: int, device: torch.device):
        self.size, self.process, self.num_processes = size, process, num_processes
        self.generators = [torch] if device.type == "cpu" else [torch, torch.get_device_module(device)]
        self.states = self._states()

    def rows(self, draw: Callable[[int], Tensor], n: int) -> Tensor:
        num_own = len(range(self.process, self.size, self.num_processes))
        whole = self.draw(lambda: draw(n // num_own * self.size))
        own: Tensor = whole.unflatten(0, (-1, self.size))[:, self.process :: self.num_processes].flatten(0, 1)
        return own

    def draw(self, draw: Callable[[], Tensor]) -> Tensor:
        alone = self._states()
        self._restore(self.states)
        drawn = draw()
        self.states = self._states()
        self._restore(alone)
        return drawn

    def _states(self) -> Sequence[Tensor]:
        return [generator.get_rng_state() for generator in self.generators]

    def _restore(self, states: Sequence[Tensor]) -> None:
        for generator, state in zip(self.generators, states, strict=True):
            generator.set_rng_state(state)


_shared: ContextVar[_Shared | None] = ContextVar("shared", default=None)
