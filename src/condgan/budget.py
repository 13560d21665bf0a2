"""The length of a training: a number of images, or minutes that are turned into one."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from accelerate import Accelerator

from condgan.state import TrainState

MIN_STEPS = 5  # the speed is measured over this many steps
MIN_SHARE = 0.05  # and this share of the minutes


@dataclass(frozen=True)
class Budget:
    """The length of a training: at most `kimg` thousand real images and about `minutes` minutes.

    Minutes are turned into a number of images once the speed is known, so that schedules end with the training.
    """

    kimg: float
    minutes: float | None = None


class Plan:
    """Turns a budget in minutes into a number of images, `state.planned_kimg`, once the speed is known."""

    def __init__(self, budget: Budget, state: TrainState, planned_kimg: float | None, record: Callable[[float], None]):
        """`planned_kimg` is the plan made for this budget before, if any; `record` is called with a new one."""
        self.budget, self.state, self.record = budget, state, record
        self.start: tuple[int, float] | None = None  # step and seconds after the first step
        self.is_made = budget.minutes is None or planned_kimg is not None
        if budget.minutes is not None and planned_kimg is not None:
            state.planned_kimg = planned_kimg

    def update(self, seconds: float) -> None:
        """Makes the plan after a step, `seconds` after the start, if enough of the budget has passed."""
        state, minutes = self.state, self.budget.minutes
        if self.is_made or minutes is None:
            return
        if self.start is None:  # the first step is slower: memory is allocated and kernels are chosen
            self.start = state.step, seconds
            return
        steps, elapsed = state.step - self.start[0], seconds - self.start[1]
        is_measured = steps >= MIN_STEPS and elapsed >= MIN_SHARE * 60 * minutes
        if not any_process(state.accelerator, is_measured or seconds >= 60 * minutes):
            return
        left = max(0.0, 60 * minutes - seconds)
        planned = torch.tensor(steps / elapsed * left, device=state.accelerator.device)
        steps_left = round(float(state.accelerator.reduce(planned, "mean")))  # one plan for all processes
        state.planned_kimg = min(self.budget.kimg, (state.step + steps_left) * state.step_kimg)
        self.is_made = True
        self.record(state.planned_kimg)


def any_process(accelerator: Accelerator, yes: bool) -> bool:
    """Whether the answer of any process is yes: all processes have to plan, save and stop at the same step."""
    if accelerator.num_processes == 1:
        return yes
    votes = torch.tensor(float(yes), device=accelerator.device)
    return bool(accelerator.reduce(votes, "sum") > 0)
