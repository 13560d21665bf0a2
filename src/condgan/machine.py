"""The machine: devices, processes, and the fastest precision and memory settings."""

import ctypes
import sys
import time

import torch
from accelerate import Accelerator, DistributedDataParallelKwargs

PRECISIONS = ("no", "bf16", "auto")


def fast_device() -> torch.device:
    """Returns the accelerator if there is one, else the CPU."""
    return torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu")


def accelerator(precision: str = "no") -> Accelerator:
    """Returns accelerate's view of device, precision and processes, as started by `torchrun` or `accelerate launch`.

    Buffers are not broadcast before each forward pass: that would overwrite, between the two passes of D, tensors that
    its backward pass needs. `train` averages the statistics of batch norm after each step instead.
    """
    handler = DistributedDataParallelKwargs(broadcast_buffers=False)
    return Accelerator(mixed_precision=precision, kwargs_handlers=[handler])


def fast_precision() -> str:
    """Returns "bf16" if bfloat16 is much faster on this machine, else "no" for float32. Weights stay float32.

    Times a convolution in both. Processors with matrix units are many times faster in bfloat16, others about equal or
    slower; with the casts of mixed precision, a factor of three is needed for a gain.
    """
    device = fast_device()
    return "bf16" if _seconds(torch.float32, device) > 3 * _seconds(torch.bfloat16, device) else "no"


def _seconds(dtype: torch.dtype, device: torch.device) -> float:
    """Times a convolution of 0.6 GFLOP; the minimum of ten runs."""
    image = torch.ones(8, 128, 16, 16, device=device, dtype=dtype).contiguous(memory_format=torch.channels_last)
    weight = torch.ones(128, 128, 3, 3, device=device, dtype=dtype).contiguous(memory_format=torch.channels_last)
    times = []
    for _ in range(10):
        start = time.perf_counter()
        torch.nn.functional.conv2d(image, weight, padding=1).sum().item()
        times.append(time.perf_counter() - start)
    return min(times)


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
