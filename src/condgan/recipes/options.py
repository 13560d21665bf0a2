"""Types of options that several recipes share: what their values may be."""

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

Probability = Annotated[float, Field(ge=0, le=1)]
Strength = Annotated[float, Field(ge=0, le=1)]  # of a disturbance; none at 0
Beta = Annotated[float, Field(ge=0, lt=1)]  # a decay rate of Adam
BatchSize = Annotated[int, Field(ge=2)]  # batch norm needs two


def _ascending(bounds: tuple[float, float]) -> tuple[float, float]:
    if bounds[0] > bounds[1]:
        raise ValueError(f"expected the lower bound first, as in {bounds[1]},{bounds[0]}")
    return bounds


Range = Annotated[tuple[Probability, Probability], AfterValidator(_ascending)]


def _listed(value: Any) -> Any:
    return [part for part in value.split(",") if part] if isinstance(value, str) else value


Sizes = Annotated[tuple[Annotated[int, Field(ge=2)], ...], BeforeValidator(_listed)]
