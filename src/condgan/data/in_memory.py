"""Images that other libraries read, decoded into memory."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import torch
from torch import Tensor

from condgan.data.decode import in_rgb, pillow_warnings
from condgan.data.image_files import ImageFiles
from condgan.data.progress import REPORTED, report
from condgan.errors import InputError, in_one_line

Label = TypeVar("Label")


def decoded(
    rows: Iterable[tuple[Any, Label]], num_rows: int, resolution: int, where: str
) -> tuple[Tensor, list[Label]]:
    """Decodes the images of rows, (N, 3, R, R) uint8, and returns them and the labels.

    `rows` are pairs of an image and a label. Raises InputError naming a broken image by `where` and its number.
    """
    images, labels = torch.empty(num_rows, 3, resolution, resolution, dtype=torch.uint8), []
    iterator = iter(rows)
    with pillow_warnings():
        for i in range(num_rows):
            try:
                image, label = next(iterator)
                images[i] = torch.from_numpy(in_rgb(image, resolution).copy())
            except Exception as error:  # libraries and decoders raise errors of many types, and an image may be None
                raise InputError(f"{where} {i}: broken image ({in_one_line(error)}); replace or drop it") from None
            labels.append(label)
            if not (i + 1) % REPORTED or i + 1 == num_rows:
                report("decoded", i + 1, num_rows)
    return images, labels


def rows_of(images: Tensor) -> Callable[[Sequence[str]], tuple[Tensor, ImageFiles]]:
    """Returns the function that `labelled_images` wants, for images in memory that are named by their numbers."""

    def pixels(names: Sequence[str]) -> tuple[Tensor, ImageFiles]:
        kept = torch.tensor(list(map(int, names)), dtype=torch.int64)
        return (images if len(kept) == len(images) else images[kept]), ImageFiles()

    return pixels
