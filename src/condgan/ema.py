"""The averaged generator: an exponential moving average (EMA) of the weights of G."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel


def averaged(network: nn.Module, decay: Callable[[], float]) -> AveragedModel:
    """Returns a copy of a network whose `update_parameters` moves it by a share 1 - decay() towards the network.

    Only parameters are averaged. Buffers are copied: an average of batch counters or of the vectors of spectral norm
    would be wrong. The first update copies everything.
    """

    def update(averages: Any, current: Any, num_averaged: Any) -> None:
        torch._foreach_lerp_(averages, current, 1 - decay())

    return AveragedModel(network, multi_avg_fn=update)


def ema_decay(step_kimg: float, kimg: float, half_life_kimg: float) -> float:
    """Decay of one step that shows `step_kimg` thousand images, `kimg` thousand images into the training.

    The half-life grows with the training up to `half_life_kimg`, so that an early average does not remember the initial
    weights. Karras et al. 2024 (EDM2), section 3, explain why it should follow the length of the training. A half-life
    of 0 disables averaging.

    >>> ema_decay(1, 100, 1), ema_decay(1, 100, 0)
    (0.5, 0.0)
    """
    half_life = min(half_life_kimg, 0.1 * kimg)
    return 0.5 ** (step_kimg / half_life) if half_life else 0.0
