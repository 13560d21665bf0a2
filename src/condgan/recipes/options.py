"""Types of recipe options: ranges of numbers, schedules, and lists written as text."""

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from condgan.schedules import Schedule, as_schedule

PositiveFloat = Annotated[
    float, Field(gt=0, le=1e30, allow_inf_nan=False)
]  # products with counts of images stay finite
NonNegativeFloat = Annotated[float, Field(ge=0, le=1e30, allow_inf_nan=False)]
Rate = Annotated[PositiveFloat | Schedule, BeforeValidator(as_schedule)]  # a learning rate
Weight = Annotated[NonNegativeFloat | Schedule, BeforeValidator(as_schedule)]  # of a term
Probability = Annotated[float, Field(ge=0, le=1)]
Strength = Annotated[float, Field(ge=0, le=1)]  # of an augmentation; 0 is none
Beta = Annotated[float, Field(ge=0, lt=1)]  # a decay rate of Adam
BatchSize = Annotated[int, Field(ge=2)]  # batch norm needs two


def _ascending(bounds: tuple[float, float]) -> tuple[float, float]:
    if bounds[0] > bounds[1]:
        raise ValueError(f"expected the lower bound first, as in {bounds[1]},{bounds[0]}")
    return bounds


def _split(value: Any) -> Any:
    """Splits text at commas; a single number is a list of one."""
    if isinstance(value, str):
        return [part for part in value.split(",") if part]
    return [value] if isinstance(value, int | float) else value


def _two(values: Any) -> Any:
    if isinstance(values, list) and len(values) != 2:
        raise ValueError("expected two numbers, such as 0.7,1")
    return values


Range = Annotated[
    tuple[Probability, Probability], BeforeValidator(_two), BeforeValidator(_split), AfterValidator(_ascending)
]
Sizes = Annotated[tuple[Annotated[int, Field(ge=2)], ...], BeforeValidator(_split)]
