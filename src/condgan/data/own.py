"""Data sets of your own: `module:function` names a function that returns `Images`. Files cannot name one."""

from collections.abc import Callable
from dataclasses import replace
from inspect import signature

import torch
from torch import Tensor

from condgan.conditions import Condition
from condgan.data.dataset import Images
from condgan.errors import InputError, first_line
from condgan.own_code import imported

ENCODED_AT_ONCE = 10_000  # labels, for the memory

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
    where = f"data {spec!r}"
    try:
        signature(_named[spec]).bind(resolution)
    except TypeError as error:
        found = f"the function cannot be called with the resolution alone ({error})"
        raise InputError(f"{where}: {found}; expected one argument, such as def faces(resolution)") from None
    except ValueError:  # of functions in C, which may have no signature
        pass
    images = _named[spec](resolution)
    if not isinstance(images, Images):
        raise InputError(f"{where}: the function returned {type(images).__name__}, expected condgan.Images")
    _check(images, f"{where}: the function returned")
    if resolution not in (None, images.resolution):
        found = f"the function returned images of {images.resolution} pixels"
        raise InputError(f"{where}: {found}, expected --resolution {resolution}")
    return replace(images, reading={})


def _check(images: Images, found: str) -> None:
    """Raises InputError unless the fields fit together. `found` is the beginning of its message."""
    pixels = images.images
    is_square = isinstance(pixels, Tensor) and pixels.ndim == 4 and pixels.shape[2] == pixels.shape[3]
    if not is_square or pixels.dtype != torch.uint8 or pixels.shape[1] not in (1, 3):
        raise InputError(f"{found} images as {_form(pixels)}, expected uint8 of shape (N, 1 or 3, R, R)")
    number = len(pixels)
    if not number:
        raise InputError(f"{found} no images, expected some to train on")
    _check_tensor(images.held_out, torch.bool, (number,), f"{found} held_out", "one for each image")
    _check_tensor(images.scenes, torch.int64, (number,), f"{found} scenes", "one for each image, such as its number")
    if not isinstance(images.condition, Condition):
        raise InputError(f"{found} the condition {images.condition!r:.60}, expected one such as condgan.Class")
    if images.files and len(images.files) != number:
        raise InputError(f"{found} {len(images.files)} files, expected none, or one for each of {number} images")
    if not images.condition.is_labelled:
        if len(images.labels) != number:
            raise InputError(f"{found} {len(images.labels)} labels, expected a row without columns for each image")
        return
    _check_labels(images.labels, number, images.condition, f"{found} labels")
    for name, c in images.condition_lists.items():
        _check_labels(c, len(c), images.condition, f"{found} condition_lists[{name!r}]")


def _check_tensor(tensor: Tensor, dtype: torch.dtype, shape: tuple[int, ...], found: str, what: str) -> None:
    if not isinstance(tensor, Tensor) or tensor.dtype != dtype or tensor.shape != shape:
        raise InputError(f"{found} as {_form(tensor)}, expected {_form(torch.empty(shape, dtype=dtype))}, {what}")


def _form(value: object) -> str:
    """Describes a tensor by type and shape, anything else by its type."""
    if not isinstance(value, Tensor):
        return type(value).__name__
    return f"{str(value.dtype).removeprefix('torch.')} of shape {tuple(value.shape)}"


def _check_labels(labels: Tensor, number: int, condition: Condition, found: str) -> None:
    """Raises InputError unless labels are a batch of the condition, as `each_value` is."""
    example = condition.each_value()
    shape, what = (number, *example.shape[1:]), f"for {condition.summary}"
    _check_tensor(labels, example.dtype, shape, found, what)
    for start, part in enumerate(labels.split(ENCODED_AT_ONCE)):
        try:
            vectors = condition.encode(part)
            wrong = ((vectors != 0) & (vectors != 1)).any(1).nonzero().flatten().tolist()
        except (RuntimeError, IndexError) as error:
            given = f"from {part.min()} to {part.max()}, of the images from number {start * ENCODED_AT_ONCE} on"
            raise InputError(f"{found} {given}, expected values {what} ({first_line(error)})") from None
        if wrong:
            at, value = start * ENCODED_AT_ONCE + wrong[0], part[wrong[0]].tolist()
            raise InputError(f"{found} with {value!r:.60} for image {at}, expected 0 and 1 {what}")
