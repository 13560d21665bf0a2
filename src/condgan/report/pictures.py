"""Sections with images of a run: by condition, over training, codes, traversals and interpolations."""

from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from condgan.conditions import from_json
from condgan.data.decode import pillow_warnings
from condgan.errors import InputError, in_one_line
from condgan.evenly import evenly
from condgan.files import check_file
from condgan.generate import LoadedGenerator
from condgan.grid import grid
from condgan.interpolation import slerp
from condgan.report.folder import RunFolder

COLUMNS = 8
NUM_SNAPSHOTS = 10
NUM_EARLY = 24


@dataclass(frozen=True)
class Picture:
    """An image as a data URI, or a plot as an SVG element. `alt` describes it for screen readers."""

    caption: str
    alt: str
    src: str = ""
    svg: str = ""
    width: int = 0  # in pixels of the page, if it is not that of the image


@dataclass(frozen=True)
class Section:
    """Pictures under a title. The note explains them, or says why there are none."""

    title: str
    pictures: Sequence[Picture]
    note: str = ""
    layout: str = "rows"  # or "plots": side by side; or "wide": scrolled horizontally on small screens


def newest(run: RunFolder) -> Picture | None:
    """The first row of the newest preview, or None if there is none yet."""
    if not run.snapshots:
        return None
    when, file = run.snapshots[-1]
    src, width = _preview(run, file, whole=False)
    return Picture("", f"Images that {run.name} generated at {when}", src, width=width)


def _preview(run: RunFolder, file: Path, *, whole: bool) -> tuple[str, int]:
    """Returns a preview, or its first row, as a data URI, and the width to show it with."""
    with _opened(file) as picture:
        height = picture.height if whole else run.config.resolution + 4  # 2 pixels of padding on each side
        shown = picture.crop((0, 0, picture.width, height))
    return uri(shown), shown.width * (1 if whole else enlargement(run.config.resolution))


def condition_grids(run: RunFolder) -> Section:
    """The images that `condgan evaluate` generated for each list of conditions."""
    pictures = [
        Picture(name, f"Generated images of the conditions in {name}, with captions", file_uri(file))
        for name, file in run.condition_lists.items()
    ]
    if run.real:
        alt = "Real held-out images, with captions"
        pictures.insert(0, Picture("real images, held out", alt, file_uri(run.real)))
    if run.neighbours:
        alt = "Generated images that are nearest to training images, above these training images, with captions"
        pictures.append(Picture("nearest training images", alt, file_uri(run.neighbours)))
    note = run.not_evaluated if not run.metrics else "" if pictures else "No list of conditions was evaluated."
    return Section("By condition", pictures, note, "wide")


def over_time(run: RunFolder) -> Section:
    """The first row of the previews at several saves; whole previews if they show traversals of continuous codes."""
    snapshots = _early_and_evenly(run.snapshots)
    traversed = list(from_json(run.config.condition).traversals())
    pictures = []
    for when, file in snapshots:
        src, width = _preview(run, file, whole=bool(traversed))
        pictures.append(Picture(when, f"Images of the same latents and conditions at {when}", src, width=width))
    if not pictures:
        return Section("Over training", [], "No previews were saved yet.")
    note = "The same latents and conditions at every save."
    if traversed:
        note += (
            f" In each, {', then '.join(traversed)} goes from -1 to 1 from left to right, with a row for each category."
        )
    return Section("Over training", pictures, note, "plots" if traversed else "rows")


def _early_and_evenly(snapshots: Sequence[tuple[str, Path]]) -> list[tuple[str, Path]]:
    """Returns the snapshots at regular steps from the start, which `--previews` writes, and some of the others."""
    steps = [int(file.stem) for _, file in snapshots]
    regular = [i for i, step in enumerate(steps) if len(steps) > 1 and steps[1] and step == i * steps[1]]
    early = regular[:NUM_EARLY] if len(regular) > 2 else []
    later = [i for i in range(len(snapshots)) if i not in early]
    return [snapshots[i] for i in sorted([*early, *(later[i] for i in evenly(len(later), NUM_SNAPSHOTS))])]


def codes(run: RunFolder) -> Iterator[Section]:
    """The same latents with each value of the first categorical code, sorted by the label that the judge matched."""
    generator = run.generator
    if generator is None or generator.condition.is_labelled or not generator.condition.values:
        return
    condition, z = generator.condition, generator.latents(COLUMNS)
    meaning = run.metrics.meaning if run.metrics else {}
    c = condition.each_value()
    named = sorted(zip(condition.categories(c), c, strict=True), key=lambda pair: meaning.get(pair[0], ""))
    pictures = []
    for name, value in named:
        caption = f"{name}, matched to {meaning[name]}" if name in meaning else name
        images = generator.from_latents(z, condition.encode(value.expand(COLUMNS, -1)))
        pictures.append(tiles(images, caption, f"Eight images of the code {caption}"))
    note = "Every row shows the same latents; all other codes are 0."
    yield Section("Codes", pictures, note if run.metrics else f"{note} Labels of the codes: {run.not_evaluated}")


def traversals(run: RunFolder) -> Iterator[Section]:
    """Each continuous code from -1 to 1, with a row for each value of the first categorical code, for one latent."""
    generator = run.generator
    if generator is None or generator.condition.is_labelled:
        return
    condition, pictures = generator.condition, []
    for name, c in condition.traversals(COLUMNS).items():
        images = generator.from_latents(generator.latents(1).expand(len(c), -1), condition.encode(c))
        rows = f", one row for each {condition.controls[0].name}" if condition.values else ""
        caption = f"{name} from -1 to 1{rows}"
        pictures.append(tiles(images, caption, f"Images of the code {caption}"))
    note = "One latent; all other codes are 0." if pictures else "There are no continuous codes to traverse."
    yield Section("Traversals", pictures, note)


def interpolations(run: RunFolder) -> Iterator[Section]:
    """Interpolations between latents for one condition, and between conditions for one latent."""
    generator, c = run.generator, run.conditions(4)
    if generator is None or c is None:
        note = "No generator was saved yet." if generator is None else run.not_evaluated
        yield Section("Interpolations", [], note)
        return
    names = generator.condition.describe_all(c)
    encoded, latents = generator.condition.encode(c), generator.latents(2)
    share = torch.linspace(0, 1, COLUMNS)[:, None]
    between = slerp(latents[0], latents[1], share)
    same = latents[:1].expand(COLUMNS, -1)
    pictures = [
        _row(generator, between, vector.expand(COLUMNS, -1), f"two latents: {text}")
        for vector, text in zip(encoded, names, strict=True)
    ]
    pictures += [
        _row(generator, same, encoded[i].lerp(encoded[i + 1], share), f"one latent: {names[i]} to {names[i + 1]}")
        for i in range(len(c) - 1)
    ]
    yield Section("Interpolations", pictures, "Slerp between latents, linear between encoded conditions.")


def _row(generator: LoadedGenerator, z: Tensor, c: Tensor, caption: str) -> Picture:
    return tiles(generator.from_latents(z, c), caption, f"Interpolation, {caption}")


def tiles(images: Tensor, caption: str, alt: str) -> Picture:
    """Returns a grid of images (N, C, R, R) uint8 with COLUMNS columns, which the page enlarges."""
    picture = grid(images, COLUMNS)
    return Picture(caption, alt, uri(picture), width=picture.width * enlargement(images.shape[-1]))


def enlargement(resolution: int) -> int:
    """Returns how often each pixel is repeated so that images are about 128 pixels wide."""
    return max(1, 128 // resolution)


@contextmanager
def _opened(file: Path) -> Iterator[Image.Image]:
    """Opens a PNG. Raises InputError naming a broken one, also if it turns out to be broken within the context."""
    try:
        check_file(file)
        with pillow_warnings(), Image.open(file, formats=["PNG"]) as picture:
            picture.load()
            yield picture
    except InputError:
        raise
    except Exception as error:  # Pillow raises errors of many types
        raise InputError(f"{file}: broken PNG file ({in_one_line(error)}); delete it") from None


def file_uri(file: Path) -> str:
    """Returns the data URI of a PNG file. Raises InputError naming a broken one."""
    with _opened(file) as picture:  # a page embeds pictures only, whatever a file is called
        return uri(picture)


def uri(picture: Image.Image) -> str:
    """Returns the data URI of an image in WebP without loss, which takes two thirds of PNG."""
    content = BytesIO()
    picture.convert("RGB").save(content, "WEBP", lossless=True)
    return "data:image/webp;base64," + b64encode(content.getvalue()).decode()
