"""Layouts of a generator that places objects: drawn over its images, and interpolated."""

from collections.abc import Iterator, Sequence

import torch
from PIL import ImageDraw
from torch import Tensor
from torchvision.transforms.v2.functional import pil_to_tensor, to_pil_image

from condgan.fonts import font_for
from condgan.generate import LoadedGenerator
from condgan.networks.splat import Layout
from condgan.report.folder import RunFolder
from condgan.report.pictures import COLUMNS, Section, enlargement, tiles

NUM_INTERPOLATIONS = 4
ARM = 4  # of a cross, in pixels of the page


def layouts(run: RunFolder) -> Iterator[Section]:
    """The layout over images of eight conditions, and interpolations between two layouts of a condition."""
    generator = run.generator
    if generator is None or not generator.has_layout:
        return
    c = run.conditions(COLUMNS)
    if c is None:
        yield Section("Layout", [], run.not_evaluated)
        return
    names = [generator.token_names(value) for value in c]
    layout, images = generator.layout(c), generator.generate(c)
    pictures = [
        tiles(images, "images", "Generated images of eight conditions"),
        tiles(drawn(images, layout, names), "their layouts", "The same images with their layouts"),
    ]
    for value, text in zip(c[:NUM_INTERPOLATIONS], generator.condition.describe_all(c), strict=False):
        caption = f"two layouts: {text}"
        pictures.append(tiles(between_layouts(generator, value), caption, f"Interpolation, {caption}"))
    note = (
        "A cross marks the place of each object, a circle its size, the standard deviation of its spot of features. "
        "Between two layouts, places move in straight lines from those of one latent to those of another; features, "
        "sizes and everything else remain those of the first."
    )
    yield Section("Layout", pictures, note, "wide")  # labels are small


def between_layouts(generator: LoadedGenerator, c: Tensor) -> Tensor:
    """Returns images of one condition, (COLUMNS, C, R, R) uint8, whose places move to those of another latent."""
    first, second = (Layout(*(part[i : i + 1] for part in generator.layout(torch.stack([c, c])))) for i in range(2))
    share = torch.linspace(0, 1, COLUMNS)[:, None, None]
    fixed = Layout(*(part.expand(COLUMNS, *part.shape[1:]) for part in first))
    places = first.place.lerp(second.place, share)
    return generator.paint(fixed._replace(place=places), generator.latents(1).expand(COLUMNS, -1))


def drawn(images: Tensor, layout: Layout, names: Sequence[Sequence[str]]) -> Tensor:
    """Returns images (N, 3, S, S) uint8, enlarged like other tiles, with a cross and a circle for each object.

    `names` are those of the tokens of each image, written beside the first objects.
    """
    scale = enlargement(images.shape[-1])
    pictures = []
    for i, image in enumerate(images.repeat_interleave(scale, 2).repeat_interleave(scale, 3)):
        picture = to_pil_image(image).convert("RGB")
        draw, side = ImageDraw.Draw(picture), picture.width
        places = ((layout.place[i] + 1) / 2 * side).tolist()
        for k in layout.exists[i].nonzero().flatten().tolist():
            x, y = places[k]
            _mark(draw, x, y, layout.size[i, k].item() / 2 * side)
        for name, (x, y) in zip(names[i], places, strict=False):  # after all marks, so that names can be read
            _write(draw, name, x, y + ARM, side)
        pictures.append(pil_to_tensor(picture))
    return torch.stack(pictures)


def _mark(draw: ImageDraw.ImageDraw, x: float, y: float, radius: float) -> None:
    """Draws a cross and a circle in white on black."""
    for shade, width in (("black", 3), ("white", 1)):
        draw.line((x - ARM, y, x + ARM, y), shade, width)
        draw.line((x, y - ARM, x, y + ARM), shade, width)
        draw.circle((x, y), radius + width // 2, outline=shade, width=width)


def _write(draw: ImageDraw.ImageDraw, text: str, x: float, y: float, side: int) -> None:
    """Writes a text below a point, shifted where it would leave the picture."""
    font, text = font_for(text)
    width = draw.textlength(text, font)
    at = min(max(x - width / 2, 2), side - width - 2), min(max(y, 0), side - 15)
    draw.text(at, text, "white", font, stroke_width=1, stroke_fill="black")
