"""The arithmetic of a training: what this machine does fast."""

import time

import torch

CHOICES = ("no", "bf16", "fp16", "auto")


def resolve(choice: str) -> str:
    """`auto` as "bf16" or "no", whichever suits the machine; any other choice as it is.

    A convolution is timed in both: processors with matrix units multiply bfloat16 many times faster, others hardly
    faster or slower than float32, and the casts around it must be paid for. Weights stay float32 either way.
    """
    if choice != "auto":
        return choice
    device = torch.accelerator.current_accelerator() or torch.device("cpu")
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
