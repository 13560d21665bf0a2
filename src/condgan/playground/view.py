"""The images of the page as HTML: each with its labels, and with the places of its objects over it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache

from jinja2 import Template

from condgan.generate import LoadedGenerator
from condgan.grid import data_uri, picture_of
from condgan.judge import Judge
from condgan.playground.downloads import FILES
from condgan.playground.labels import Label, exact, labels
from condgan.playground.settings import ImageSettings, InterpolationSettings, Settings
from condgan.templates import template


@dataclass(frozen=True)
class Place:
    """The place of an object, in [-1, 1] like those of a layout. `number` is that of its label beside the image."""

    number: int
    label: str
    x: float
    y: float
    is_moved: bool


@dataclass(frozen=True)
class Shown:
    """An image as a data URI, with what stands beside it and over it."""

    src: str
    caption: str
    labels: Sequence[Label]
    places: Sequence[Place] = ()
    numbers: Mapping[str, int] = field(default_factory=dict)


def images_view(generator: LoadedGenerator, judge: Judge | None, settings: ImageSettings, with_places: bool) -> str:
    """Returns the HTML of some images of a condition; `with_places` draws the places of their objects.

    Raises InputError if the condition is not in the vocabulary.
    """
    c = generator.batch([settings.condition] * settings.count)
    names = generator.token_names(c[0]) if with_places and generator.has_layout else []
    layout = settings.layout(generator) if names or settings.places else None
    images = settings.painted(generator, layout)
    rows = labels(generator.condition, images, c, judge)
    places = layout.place.tolist() if layout and names else [[]] * len(images)
    numbers = {name: k for k, name in enumerate(names, 1)}
    shown = [
        Shown(
            data_uri(picture_of(image)),
            settings.condition,
            row,
            [
                Place(k, name, x, y, name in settings.places)
                for (name, k), (x, y) in zip(numbers.items(), at, strict=False)  # objects without a name come last
            ],
            numbers,
        )
        for image, row, at in zip(images, rows, places, strict=True)
    ]
    num_exact = sum(map(exact, rows))
    note = f"The judge finds exactly what is wanted in {num_exact} of {len(rows)} images." if judge else ""
    return _html(shown, note, settings, "images", "row" if settings.in_a_row else f"count-{len(shown)}")


def interpolation_view(generator: LoadedGenerator, judge: Judge | None, settings: InterpolationSettings) -> str:
    """Returns the HTML of an interpolation; labels are those that the judge finds. Raises InputError like the other."""
    images = settings.images(generator)
    rows = labels(generator.condition, images, None, judge)
    ends = {0: "start", len(images) - 1: "end"}
    shown = [
        Shown(data_uri(picture_of(image)), ends.get(i, f"{i} of {len(images) - 1}"), row)
        for i, (image, row) in enumerate(zip(images, rows, strict=True))
    ]
    note = "Under each image, the labels that the judge finds." if judge else ""
    return _html(shown, note, settings, "interpolation", "frames")


def _html(shown: Sequence[Shown], note: str, settings: Settings, kind: str, arrangement: str) -> str:
    return _template().render(
        shown=shown,
        note=note,
        truncation="" if settings.truncation == 1 else f"{settings.truncation:g}",
        settings=json.dumps(asdict(settings)),
        kind=kind,
        files=FILES[type(settings)],
        arrangement=arrangement,
    )


@cache
def _template() -> Template:
    return template("condgan.playground", "view.html.jinja")
