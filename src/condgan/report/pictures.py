"""Pictures of a run: grids by condition, the same latents over time, and what its generator does in between."""

from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from condgan.conditions import from_json
from condgan.generate import LoadedGenerator
from condgan.grid import grid, png
from condgan.report.folder import RunFolder

COLUMNS = 8
NUM_SNAPSHOTS = 10


@dataclass(frozen=True)
class Picture:
    """An image as a data URI, or a plot as an element, with what it says to those who do not see it."""

    caption: str
    alt: str
    src: str = ""
    svg: str = ""


@dataclass(frozen=True)
class Section:
    """Pictures under a title. The note says what they mean, or why there are none."""

    title: str
    pictures: Sequence[Picture]
    note: str = ""
    layout: str = "rows"  # or "plots", side by side; or "wide", which scroll within their box


def condition_grids(run: RunFolder) -> Section:
    """What `condgan evaluate` drew for each list of conditions."""
    pictures = [
        Picture(name, f"What the generator drew for the conditions of {name}, each over its own", _uri(file))
        for name, file in run.condition_lists.items()
    ]
    note = run.not_evaluated if not run.metrics else "" if pictures else "No list of conditions was evaluated."
    return Section("By condition", pictures, note, "wide")


def over_time(run: RunFolder) -> Section:
    """The first row of the samples, as they changed; whole samples where they sweep continuous codes."""
    snapshots = run.snapshots
    swept = list(from_json(run.config.condition).traversals())
    evenly = torch.linspace(0, len(snapshots) - 1, min(NUM_SNAPSHOTS, len(snapshots))).long().tolist()
    pictures = []
    for when, file in [snapshots[i] for i in evenly]:
        with Image.open(file) as picture:
            scale = 1 if swept else enlargement(run.config.resolution)
            height = picture.height if swept else run.config.resolution + 4  # 2 pixels of padding on each side
            shown = picture.crop((0, 0, picture.width, height))
            shown = shown.resize((shown.width * scale, shown.height * scale), Image.Resampling.NEAREST)
        pictures.append(Picture(when, f"What the same latents and conditions looked like at {when}", _data(png(shown))))
    if not pictures:
        return Section("Over training", [], "No samples were saved yet.")
    note = "The same latents and conditions at every save."
    if swept:
        note += f" Each sheet sweeps {', then '.join(swept)} from left to right, a row for each category."
    return Section("Over training", pictures, note, "plots" if swept else "rows")


def codes(run: RunFolder) -> Iterator[Section]:
    """The same latents for each value of the first categorical code, in the order of what the judge reads in them."""
    generator = run.generator
    if generator is None or generator.condition.is_labelled or not generator.condition.values:
        return
    condition, z = generator.condition, generator.latents(COLUMNS)
    meaning = run.metrics.get("meaning", {})
    c = condition.each_value()
    named = sorted(zip(condition.categories(c), c, strict=True), key=lambda pair: meaning.get(pair[0], ""))
    pictures = []
    for name, value in named:
        caption = f"{name}, read as {meaning[name]}" if name in meaning else name
        images = generator(z, condition.encode(value.expand(COLUMNS, -1)))
        pictures.append(Picture(caption, f"Eight images of code {caption}", tiles(images)))
    note = "The same latents in each row; all other codes are 0."
    yield Section("Codes", pictures, note if meaning else f"{note} What they mean: {run.not_evaluated}")


def traversals(run: RunFolder) -> Iterator[Section]:
    """Each continuous code from -1 to 1, for each value of the first categorical one; all from one latent."""
    generator = run.generator
    if generator is None or generator.condition.is_labelled:
        return
    condition, pictures = generator.condition, []
    for name, c in condition.traversals(COLUMNS).items():
        images = generator(generator.latents(1).expand(len(c), -1), condition.encode(c))
        rows = f", one row for each {condition.controls[0].name}" if condition.values else ""
        caption = f"{name} from -1 to 1{rows}"
        pictures.append(Picture(caption, f"Images as code {caption}", tiles(images)))
    note = "One latent; all other codes are 0." if pictures else "The codes are categorical: none to traverse."
    yield Section("Traversals", pictures, note)


def interpolations(run: RunFolder) -> Iterator[Section]:
    """From one latent to another under one condition, and from one condition to another with one latent."""
    generator, c = run.generator, run.conditions(4)
    if generator is None or c is None:
        note = "No generator was saved yet." if generator is None else run.not_evaluated
        yield Section("Interpolations", [], note)
        return
    words = generator.condition.describe_all(c)
    encoded, latents = generator.condition.encode(c), generator.latents(2)
    share = torch.linspace(0, 1, COLUMNS)[:, None]
    between = _slerp(latents[0], latents[1], share)
    same = latents[:1].expand(COLUMNS, -1)
    pictures = [
        _row(generator, between, vector.expand(COLUMNS, -1), f"two latents: {text}")
        for vector, text in zip(encoded, words, strict=True)
    ]
    pictures += [
        _row(generator, same, encoded[i].lerp(encoded[i + 1], share), f"one latent: {words[i]} to {words[i + 1]}")
        for i in range(len(c) - 1)
    ]
    yield Section("Interpolations", pictures, "Between latents along the sphere, between encoded conditions straight.")


def _row(generator: LoadedGenerator, z: Tensor, c: Tensor, caption: str) -> Picture:
    return Picture(caption, f"Images between the ends of {caption}", tiles(generator(z, c)))


def _slerp(a: Tensor, b: Tensor, share: Tensor) -> Tensor:
    """Along the great circle, as far from 0 as latents are. White 2016, section 2.1."""
    angle = torch.acos((a / a.norm()) @ (b / b.norm()))
    return (torch.sin((1 - share) * angle) * a + torch.sin(share * angle) * b) / torch.sin(angle)


def tiles(images: Tensor) -> str:
    """Images (N, C, R, R) uint8 in rows of COLUMNS, as a data URI."""
    scale = enlargement(images.shape[-1])
    return _data(png(grid(images.repeat_interleave(scale, 2).repeat_interleave(scale, 3), COLUMNS)))


def enlargement(resolution: int) -> int:
    """How often a pixel is repeated so that an image is at least about 128 pixels wide."""
    return max(1, 128 // resolution)


def _uri(file: Path) -> str:
    return _data(file.read_bytes())


def _data(content: bytes) -> str:
    return "data:image/png;base64," + b64encode(content).decode()
