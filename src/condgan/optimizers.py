"""What a training needs of any optimizer: learning rates that are schedules, and its saved state."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from condgan.schedules import Schedule, at

Rates = Sequence[float | Schedule]  # the learning rate of each group of an optimizer


def take_schedules(optimizer: Optimizer) -> Rates:
    """Removes the schedules from an optimizer's groups, as its saved state holds numbers only, and returns them."""
    return [group.pop("schedule", group["lr"]) for group in optimizer.param_groups]


def set_rates(optimizer: Optimizer, rates: Rates, progress: float) -> None:
    """Sets the learning rate of each group for this progress in [0, 1]."""
    for group, rate in zip(optimizer.param_groups, rates, strict=True):
        group["lr"] = at(rate, progress)


def load_optimizer(optimizer: Optimizer, saved: Mapping[str, Any]) -> None:
    """Restores the state of an optimizer; its options stay. Raises ValueError if it does not fit the weights.

    torch checks only how many weights there are, and reads beyond the end of a moment that is too small.
    """
    numbers = [number for group in saved["param_groups"] for number in group["params"]]
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    state, names = saved["state"], {frozenset(values) for values in saved["state"].values()}
    if len(names) > 1 or not set(state) <= set(numbers) or (state and len(state) < len(numbers)):
        raise ValueError("optimizer: found a state for some of the weights, expected one for each")
    for number, weight in zip(numbers, weights, strict=True):
        for name, value in state.get(number, {}).items():
            shape = torch.Size() if name == "step" else weight.shape
            if not isinstance(value, Tensor) or value.shape != shape or value.dtype != weight.dtype:
                found = f"{tuple(value.shape)} {value.dtype}" if isinstance(value, Tensor) else type(value).__name__
                expected = f"{tuple(shape)} {weight.dtype}"
                raise ValueError(f"optimizer: {name} of weight {number}: found {found}, expected {expected}")
            if not value.isfinite().all():
                raise ValueError(f"optimizer: {name} of weight {number}: found values that are not finite")
    groups = zip(optimizer.param_groups, saved["param_groups"], strict=True)
    options = [{**group, "params": kept["params"]} for group, kept in groups]  # those of the recipe
    optimizer.load_state_dict({"state": state, "param_groups": options})
