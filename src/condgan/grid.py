"""Grids of images, plain or with a caption under each image."""

import io
from base64 import b64encode
from collections.abc import Sequence
from textwrap import wrap

from PIL import Image, ImageDraw
from torch import Tensor
from torchvision.transforms.v2.functional import to_pil_image
from torchvision.utils import make_grid

from condgan.fonts import font_for


def grid(images: Tensor, columns: int = 8) -> Image.Image:
    """Returns a grid of images (N, C, R, R) uint8 with so many `columns`."""
    picture: Image.Image = to_pil_image(make_grid(images.cpu(), columns, padding=2, pad_value=255))
    return picture


def labelled_grid(images: Tensor, captions: Sequence[str], columns: int = 8) -> Image.Image:
    """Returns a grid of images (N, C, R, R) uint8 with captions, in which every name is on its own line.

    Small images are enlarged to about 128 pixels. Characters that no installed font has are escaped.
    """
    scale = max(1, 128 // images.shape[-1])
    side, margin, line = images.shape[-1] * scale, 6, 13
    texts = [[row for name in caption.split(", ") for row in _rows(name)] for caption in captions]
    cell_height = side + margin + line * max(map(len, texts)) + margin
    num_rows = -(-len(images) // columns)
    width = columns * (side + margin) + margin
    picture = Image.new("RGB", (width, num_rows * cell_height + margin), "white")
    draw = ImageDraw.Draw(picture)
    for i, (image, rows) in enumerate(zip(images.cpu(), texts, strict=True)):
        x, y = margin + i % columns * (side + margin), margin + i // columns * cell_height
        picture.paste(to_pil_image(image).resize((side, side), Image.Resampling.NEAREST), (x, y))
        for k, row in enumerate(rows):
            draw.text((x, y + side + 1 + k * line), row, fill="black", font=font_for(row)[0])
    return picture


def _rows(name: str) -> list[str]:
    """Returns a name in rows that fit under an image; characters of other scripts may be twice as wide."""
    _, shown = font_for(name)
    return wrap(shown, 22 if name.isascii() else 14)


def picture_of(image: Tensor) -> Image.Image:
    """Returns an image (C, R, R) uint8 as a picture, in RGB, or in grey if it has one channel."""
    picture: Image.Image = to_pil_image(image.cpu())
    return picture


def gif(pictures: Sequence[Image.Image], seconds: float = 0.08) -> bytes:
    """Returns the content of a GIF file that shows each picture so long, and repeats for ever."""
    buffer = io.BytesIO()
    first, *others = pictures
    first.save(buffer, "GIF", save_all=True, append_images=others, duration=round(1000 * seconds), loop=0)
    return buffer.getvalue()


def data_uri(picture: Image.Image) -> str:
    """Returns a picture as the data URI of a PNG file."""
    return "data:image/png;base64," + b64encode(png(picture)).decode()


def png(picture: Image.Image) -> bytes:
    """Returns the content of a PNG file."""
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()
