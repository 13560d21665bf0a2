"""What the page shows, as plain data: some images of a condition, or an interpolation; each with its command line."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import Field
from torch import Tensor

from condgan.conditions import Condition, Control
from condgan.errors import InputError
from condgan.generate import LoadedGenerator
from condgan.interpolation import walk
from condgan.networks.splat import Layout
from condgan.seeds import MAX_SEED

MAX_IMAGES, MAX_FRAMES = 32, 24
Seed = Annotated[int, Field(ge=0, le=MAX_SEED)]
Truncation = Annotated[float, Field(gt=0, le=1)]
Coordinate = Annotated[float, Field(ge=-1, le=1)]


@dataclass(frozen=True)
class ImageSettings:
    """`count` images of a condition. `places` are those of the objects that were moved, by label.

    `in_a_row` arranges the images in one row, rather than as a grid.
    """

    condition: str
    seed: Seed = 0
    count: Annotated[int, Field(ge=1, le=MAX_IMAGES)] = 4
    truncation: Truncation = 1.0
    places: Mapping[str, tuple[Coordinate, Coordinate]] = field(default_factory=dict)
    in_a_row: bool = False

    @property
    def columns(self) -> int:
        """Of a grid of the images; `condgan generate` has eight as well."""
        return self.count if self.in_a_row else 8

    @property
    def arguments(self) -> list[str]:
        """Of `condgan generate`, which then gives the same images."""
        places = [word for label, (x, y) in self.places.items() for word in ("--place", f"{label}={x:g},{y:g}")]
        count = ["--seed", str(self.seed), "--count", str(self.count)]
        return ["--condition", self.condition, *count, *_truncated(self.truncation), *places, "--out", "images"]

    def images(self, generator: LoadedGenerator) -> Tensor:
        """Returns the images (count, C, R, R) uint8. Raises InputError if the condition is not in the vocabulary."""
        return self.painted(generator, self.layout(generator) if self.places else None)

    def painted(self, generator: LoadedGenerator, layout: Layout | None) -> Tensor:
        """Returns the images of a layout that `layout` returned; without one, the generator makes its own."""
        c = generator.batch([self.condition] * self.count)
        return generator.generate(c, self.seed, layout=layout, truncation=self.truncation)

    def layout(self, generator: LoadedGenerator) -> Layout:
        """Returns the objects of the images, those with a place of `places` moved there."""
        c = generator.batch([self.condition] * self.count)
        return generator.layout(c, self.seed, self.truncation).moved(generator.token_names(c[0]), self.places)


@dataclass(frozen=True)
class InterpolationSettings:
    """An interpolation in `frames` steps, from a condition and seed to another condition or another seed."""

    condition: str
    end_condition: str
    seed: Seed = 0
    end_seed: Seed = 0
    frames: Annotated[int, Field(ge=1, le=MAX_FRAMES)] = 8
    truncation: Truncation = 1.0

    def __post_init__(self) -> None:
        if self.seed != self.end_seed and self.condition != self.end_condition:
            raise InputError("found another condition and another seed at the end, expected one of them")

    @property
    def arguments(self) -> list[str]:
        """Of `condgan generate`, which then gives the same images as a GIF."""
        if self.seed != self.end_seed:
            ends = ["--condition", self.condition, "--seed", f"{self.seed},{self.end_seed}"]
        else:
            ends = ["--condition", self.condition, "--condition", self.end_condition, "--seed", str(self.seed)]
        return [*ends, "--frames", str(self.frames), *_truncated(self.truncation), "--out", "interpolation.gif"]

    def images(self, generator: LoadedGenerator) -> Tensor:
        """Returns the images (frames + 1, C, R, R) uint8. Raises InputError like those of `ImageSettings`."""
        ends = [(self.condition, self.seed), (self.end_condition, self.end_seed)]
        return walk(generator, ends, self.frames, self.truncation)


Settings = ImageSettings | InterpolationSettings


def command(settings: Settings, model: str) -> str:
    """Returns the command line that gives the images of these settings.

    >>> print(command(ImageSettings("red cube", count=2, places={"red cube": (0.25, -0.5)}), "iclevr"))
    condgan generate iclevr --condition 'red cube' --seed 0 --count 2 --place 'red cube=0.25,-0.5' --out images
    """
    return shlex.join(["condgan", "generate", model, *settings.arguments])


def first_conditions(condition: Condition) -> tuple[Tensor, Tensor]:
    """Returns two conditions to begin with: one to show, and another as the end of an interpolation."""
    pairs = [_first_values(control) for control in condition.controls]
    return condition.choose([value for value, _ in pairs]), condition.choose([value for _, value in pairs])


def _first_values(control: Control) -> tuple[Any, Any]:
    """Two values of a control: the first and the last, numbers at 0 and 1, or up to three labels of a set."""
    if control.multiple:
        step = len(control.values) // 3 + 1
        return control.values[::step], control.values[1::step]
    return (control.values[0], control.values[-1]) if control.values else (0.0, 1.0)


def place(x: float, y: float) -> tuple[float, float]:
    """Returns a place moved into the image and rounded to hundredths, as command lines have it.

    >>> place(0.123, -1.5)
    (0.12, -1.0)
    """
    return round(min(max(x, -1.0), 1.0), 2), round(min(max(y, -1.0), 1.0), 2)


def _truncated(truncation: float) -> list[str]:
    return [] if truncation == 1 else ["--truncation", f"{truncation:g}"]
