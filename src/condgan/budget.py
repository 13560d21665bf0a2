"""The length of a training: a number of images, or minutes that are turned into one; and how long it takes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf

import torch
from accelerate import Accelerator

from condgan.machine import Speed
from condgan.state import TrainState

MIN_STEPS = 5  # the speed is measured over this many steps
MIN_SHARE = 0.05  # and this share of the minutes


@dataclass(frozen=True)
class Budget:
    """The length of a training: `kimg` thousand real images or about `minutes` minutes, whichever comes first.

    Minutes are turned into a number of images once the speed is known, so that schedules end with the training. They
    are those of the whole run, pretraining included; pretraining is never cut short. `kimg` counts images of the game.
    """

    kimg: float | None = None
    minutes: float | None = None

    def __post_init__(self) -> None:
        if self.kimg is None and self.minutes is None:
            raise ValueError("expected kimg, minutes or both")


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
        """Estimates the plan after a step, `seconds` after the start, until enough of the budget has passed."""
        state, minutes = self.state, self.budget.minutes
        if self.is_made or minutes is None:
            return
        if self.start is None:  # the first step is slower: memory is allocated and kernels are chosen
            self.start = state.step, seconds
            return
        steps, elapsed = state.step - self.start[0], max(seconds - self.start[1], 1e-9)
        left = max(0.0, 60 * minutes - seconds)
        planned = torch.tensor(steps / elapsed * left, device=state.accelerator.device)
        steps_left = round(float(state.accelerator.reduce(planned, "mean")))  # one plan for all processes
        state.planned_kimg = min(self.budget.kimg or inf, (state.step + steps_left) * state.step_kimg)
        is_measured = steps >= MIN_STEPS and elapsed >= MIN_SHARE * 60 * minutes
        if any_process(state.accelerator, is_measured or not left):
            self.is_made = True
            self.record(state.planned_kimg)


class Forecast:
    """How long a training takes, from the length and speed of each of its phases, in order and with the game last."""

    def __init__(self, budget: Budget, speeds: Mapping[str, Speed]):
        """The length of the game is that of the budget.

        >>> forecast = Forecast(Budget(kimg=6), {"reader": Speed(3, 100), "game": Speed(9, 50)})
        >>> forecast.seconds("reader"), forecast.seconds_left("reader", 1)
        (30.0, 140.0)
        """
        self.budget, self.game = budget, list(speeds)[-1]
        self.kimg = {phase: speed.kimg for phase, speed in speeds.items()} | {self.game: budget.kimg or inf}
        self.images_per_second = {phase: speed.images_per_second for phase, speed in speeds.items()}

    def seconds(self, phase: str, kimg: float = 0) -> float:
        """Returns how long a phase takes after `kimg` thousand of its images."""
        return max(0.0, 1000 * (self.kimg[phase] - kimg) / self.images_per_second[phase])

    def pretraining_left(self, phase: str, kimg: float = 0) -> float:
        """Returns the seconds until the game, from `kimg` thousand images of a phase on."""
        phases = [name for name in self.kimg if name != self.game]
        if phase not in phases:
            return 0.0
        return self.seconds(phase, kimg) + sum(map(self.seconds, phases[phases.index(phase) + 1 :]))

    def seconds_left(self, phase: str, kimg: float = 0, elapsed: float = 0, planned_kimg: float | None = None) -> float:
        """Returns how long the training still takes, from `kimg` thousand images of a phase on.

        `elapsed` seconds have passed since it started. `planned_kimg` is the plan of a budget in minutes; without it,
        the training ends with the minutes, or with the images of the budget if that is sooner.
        """
        self.kimg[self.game] = planned_kimg or self.budget.kimg or inf
        pretraining = self.pretraining_left(phase, kimg)
        game = self.seconds(self.game, kimg if phase == self.game else 0)
        if planned_kimg is None and self.budget.minutes is not None:
            game = min(game, max(0.0, 60 * self.budget.minutes - elapsed - pretraining))
        return pretraining + game


def any_process(accelerator: Accelerator, yes: bool) -> bool:
    """Whether the answer of any process is yes: all processes have to plan, save and stop at the same step."""
    if accelerator.num_processes == 1:
        return yes
    votes = torch.tensor(float(yes), device=accelerator.device)
    return bool(accelerator.reduce(votes, "sum") > 0)
