"""Data sets of your own: `module:function` names a function that returns `Images`. Files cannot name one."""

from collections.abc import Callable
from dataclasses import replace

from condgan.data.dataset import Images
from condgan.errors import InputError
from condgan.own_code import imported

_named: dict[str, Callable[[int | None], Images]] = {}  # by a person: never by the content of a file


def use(spec: str) -> None:
    """Imports a data set of your own, which `load_images` may then load in this process.

    The function takes the resolution, or None for one that it chooses. Raises InputError if there is none.
    """
    _named[spec] = imported("data", spec, "a folder, or a function that returns Images")


def is_named(spec: str) -> bool:
    """Whether a data set was named by `use`."""
    return spec in _named


def load_own(spec: str, resolution: int | None) -> Images:
    """Loads a data set that was named by `use`. Raises InputError unless its function returns `Images` that fit.

    Its `reading` is empty: what the function itself chose, it chooses again.
    """
    images = _named[spec](resolution)
    if not isinstance(images, Images):
        raise InputError(f"data {spec!r}: the function returned {type(images).__name__}, expected condgan.Images")
    if resolution not in (None, images.resolution):
        found = f"the function returned images of {images.resolution} pixels"
        raise InputError(f"data {spec!r}: {found}, expected --resolution {resolution}")
    return replace(images, reading={})
