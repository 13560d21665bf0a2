"""What a training needs of any optimizer: learning rates that are schedules, and its saved state."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
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

    A weight that has never had a gradient has no state. torch checks only how many weights there are, and reads beyond
    the end of a moment that is too small, so states are compared with those that a step of this optimizer gives.
    """
    numbers, state = [number for group in saved["param_groups"] for number in group["params"]], saved["state"]
    if unknown := state.keys() - set(numbers):
        raise ValueError(f"optimizer: found a state of weight {next(iter(unknown))}, which it does not have")
    for number, expected in zip(numbers, _states_after_a_step(optimizer), strict=True):
        if number in state and state[number].keys() != expected.keys():
            found, wanted = (", ".join(sorted(map(str, each))) or "nothing" for each in (state[number], expected))
            raise ValueError(f"optimizer: state of weight {number}: found {found}, expected {wanted}")
        for name, value in state.get(number, {}).items():
            if _kind(value) != _kind(expected[name]):
                found = f"found {_kind(value)}, expected {_kind(expected[name])}"
                raise ValueError(f"optimizer: {name} of weight {number}: {found}")
            if isinstance(value, Tensor) and not value.isfinite().all():
                raise ValueError(f"optimizer: {name} of weight {number}: found values that are not finite")
    groups = zip(optimizer.param_groups, saved["param_groups"], strict=True)
    options = [{**group, "params": kept["params"]} for group, kept in groups]  # those of the recipe
    optimizer.load_state_dict({"state": state, "param_groups": options})


def _states_after_a_step(optimizer: Optimizer) -> list[dict[str, Any]]:
    """Returns what an optimizer keeps of each of its weights once it has changed them. It changes copies of them."""
    trial = deepcopy(getattr(optimizer, "optimizer", optimizer))  # accelerate's wrapper has the optimizer inside
    weights = [weight for group in trial.param_groups for weight in group["params"]]
    for weight in weights:
        weight.grad = torch.zeros_like(weight)
    trial.step()
    return [trial.state[weight] for weight in weights]


def _kind(value: Any) -> str:
    return f"{tuple(value.shape)} {value.dtype}" if isinstance(value, Tensor) else type(value).__name__
