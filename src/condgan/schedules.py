"""Schedules: numbers that change over training, as functions of its progress in [0, 1].

Progress is the share of the planned images that were shown. Wherever a recipe takes a rate, a weight or a gamma, it
takes a schedule too; on the command line as SHAPE:START:END, e.g. `--set learning_rate=cosine:8e-4:0`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import cos, exp, isfinite, log, pi
from typing import Any

Schedule = Callable[[float], float]


@dataclass(frozen=True)
class Change:
    """A schedule from `start` to `end`, for a trapezoid its peak and ends.

    `str` formats it as SHAPE:START:END, which `as_schedule` parses.

    >>> str(linear(1, 0)), linear(1, 0)(0.25)
    ('linear:1:0', 0.75)
    """

    shape: str
    start: float
    end: float

    def __call__(self, progress: float) -> float:
        return SHAPES[self.shape](self.start, self.end, progress)

    def __str__(self) -> str:
        start, end = (repr(float(number)).removesuffix(".0") for number in (self.start, self.end))  # exact
        return f"{self.shape}:{start}:{end}"


SHAPES: dict[str, Callable[[float, float, float], float]] = {
    "linear": lambda start, end, t: start + (end - start) * t,
    "cosine": lambda start, end, t: end + (start - end) * (1 + cos(pi * t)) / 2,
    "exponential": lambda start, end, t: exp(log(start) + (log(end) - log(start)) * t),
    "late": lambda start, end, t: end + (start - end) * min(1.0, 2 * (1 - t)),
    "final": lambda start, end, t: end + (start - end) * min(1.0, 4 * (1 - t)),
    "trapezoid": lambda peak, end, t: end + (peak - end) * min(1.0, 10 * t, 4 * (1 - t)),
}


def linear(start: float, end: float) -> Change:
    """Changes at a constant rate."""
    return Change("linear", start, end)


def cosine(start: float, end: float) -> Change:
    """Changes along half a cosine wave: slowly at first and at the end. Loshchilov and Hutter 2017, eq. 5."""
    return Change("cosine", start, end)


def late(start: float, end: float) -> Change:
    """Stays constant for the first half, then changes at a constant rate."""
    return Change("late", start, end)


def final(start: float, end: float) -> Change:
    """Stays constant for three quarters, then changes at a constant rate."""
    return Change("final", start, end)


def trapezoid(peak: float, end: float) -> Change:
    """Rises from `end` to `peak` in the first tenth, stays there, and falls to `end` again in the last quarter.

    >>> [trapezoid(3.0, 1.0)(progress) for progress in (0, 0.05, 0.1, 0.75, 0.875, 1)]
    [1.0, 2.0, 3.0, 3.0, 2.0, 1.0]
    """
    return Change("trapezoid", peak, end)


def triangle(peak: float, warmup: float = 0.1) -> Schedule:
    """Rises linearly to `peak` over a share `warmup` of the training, then falls linearly to 0 with its end.

    >>> triangle(2.0, warmup=0.5)(0.25), triangle(2.0, warmup=0.5)(0.75)
    (1.0, 1.0)
    """
    return lambda progress: peak * min(progress / warmup, (1 - progress) / (1 - warmup))


def exponential(start: float, end: float) -> Change:
    """Changes by a constant factor; both ends must be positive."""
    return Change("exponential", start, end)


def at(value: "float | Schedule", progress: float) -> float:
    """Returns the value of a number or of a schedule at this progress.

    >>> at(0.5, 0.9), at(linear(0, 10), 0.9)
    (0.5, 9.0)
    """
    return value(progress) if callable(value) else value


def as_schedule(value: Any) -> Any:
    """Parses SHAPE:START:END. Any other value is returned as it is, for a validator of numbers to judge."""
    if not isinstance(value, str) or ":" not in value:
        return value
    shape, *ends = value.split(":")
    expected = f"expected SHAPE:START:END with a shape of {', '.join(SHAPES)}, such as cosine:8e-4:0"
    try:
        start, end = map(float, ends)
    except ValueError:
        raise ValueError(expected) from None
    if shape not in SHAPES:
        raise ValueError(expected)
    if (
        not (isfinite(start) and isfinite(end))
        or min(start, end) < 0
        or (shape == "exponential" and not min(start, end) > 0)
    ):
        raise ValueError(f"{expected}; START and END must be finite and not negative, nor zero if exponential")
    return Change(shape, start, end)
