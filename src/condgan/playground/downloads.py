"""Files of the images that the page shows: PNG, ZIP, GIF."""

import io
from collections.abc import Callable, Mapping
from typing import Any
from zipfile import ZipFile

from condgan.generate import LoadedGenerator
from condgan.grid import gif, grid, picture_of, png
from condgan.image_folder import Shown, contents
from condgan.playground.settings import ImageSettings, InterpolationSettings, command


def images_png(settings: ImageSettings, generator: LoadedGenerator, model: str) -> bytes:
    """A grid of the images, or the only one."""
    images = settings.images(generator)
    return png(picture_of(images[0]) if len(images) == 1 else grid(images, settings.columns))


def images_zip(settings: ImageSettings, generator: LoadedGenerator, model: str) -> bytes:
    """The files that `condgan generate` writes for these settings: each image, a grid of all and the record."""
    shown = [Shown(settings.condition, settings.seed, i) for i in range(settings.count)]
    facts = {"model": model, "command": command(settings, model), "truncation": settings.truncation}
    buffer = io.BytesIO()
    with ZipFile(buffer, "w") as file:  # PNG files are compressed
        for name, content in contents(settings.images(generator), shown, settings.columns, facts):
            file.writestr(name, content)
    return buffer.getvalue()


def interpolation_gif(settings: InterpolationSettings, generator: LoadedGenerator, model: str) -> bytes:
    """The frames as an animation."""
    return gif([picture_of(image) for image in settings.images(generator)])


def interpolation_png(settings: InterpolationSettings, generator: LoadedGenerator, model: str) -> bytes:
    """The frames in one row."""
    images = settings.images(generator)
    return png(grid(images, len(images)))


File = Callable[[Any, LoadedGenerator, str], bytes]
FILES: Mapping[type, Mapping[str, File]] = {
    ImageSettings: {"images.png": images_png, "images.zip": images_zip},
    InterpolationSettings: {"interpolation.gif": interpolation_gif, "interpolation.png": interpolation_png},
}
