"""This machine: its devices and processes, and which arithmetic and memory are fast on it."""

import ctypes
import sys
import time

import torch
from accelerate import Accelerator, DistributedDataParallelKwargs

PRECISIONS = ("no", "bf16", "auto")


def fast_device() -> torch.device:
    """The accelerator, if there is one, else the CPU."""
    return torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu")


def accelerator(precision: str = "no") -> Accelerator:
    """Device, precision and processes: those that `torchrun` or `accelerate launch` started, or this one alone.

    Batch norm's statistics are shared after each step by `train`; to broadcast them before each forward pass would
    change, between D's two passes, tensors that its backward pass still needs.
    """
    handler = DistributedDataParallelKwargs(broadcast_buffers=False)
    return Accelerator(mixed_precision=precision, kwargs_handlers=[handler])


def fast_precision() -> str:
    """ "bf16" where bfloat16 is worth its casts, else "no", which is float32. Weights stay float32 either way.

    A convolution is timed in both: processors with matrix units multiply bfloat16 many times faster, others hardly
    faster than float32 or slower.
    """
    device = fast_device()
    return "bf16" if _seconds(torch.float32, device) > 3 * _seconds(torch.bfloat16, device) else "no"


def _seconds(dtype: torch.dtype, device: torch.device) -> float:
    """The least of ten times of a convolution of 0.6 GFLOP."""
    image = torch.ones(8, 128, 16, 16, device=device, dtype=dtype).contiguous(memory_format=torch.channels_last)
    weight = torch.ones(128, 128, 3, 3, device=device, dtype=dtype).contiguous(memory_format=torch.channels_last)
    times = []
    for _ in range(10):
        start = time.perf_counter()
        torch.nn.functional.conv2d(image, weight, padding=1).sum().item()
        times.append(time.perf_counter() - start)
    return min(times)


def keep_freed_memory(keep: bool = True) -> None:
    """Tells glibc to keep freed blocks, or to give them back as it does by default. Elsewhere does nothing.

    A training step frees and asks for the same large blocks again and again; each return to the system costs a page
    fault for every 4 KiB, a fifth of a step on a CPU. See mallopt(3): M_TRIM_THRESHOLD (-1), M_MMAP_MAX (-4).
    """
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt:
            mallopt(-1, 2**31 - 1 if keep else 128 * 1024)
            mallopt(-4, 0 if keep else 65536)
