"""A self-contained HTML page about a data set: counts, balance, examples of every value, notices."""

from dataclasses import dataclass

import torch

from condgan.data.dataset import Images
from condgan.data.inspect import Inspection, summary
from condgan.evenly import evenly
from condgan.grid import data_uri, grid
from condgan.templates import template

NUM_EXAMPLES = 8
MOST_VALUES = 500  # whose examples are shown, so that the page stays readable
MOST_DUPLICATES = 50


@dataclass(frozen=True)
class Value:
    """A value of the condition: images of each part, share of all images, and examples as a data URI."""

    name: str
    training: int
    held_out: int
    percent: float
    src: str


def page(found: Inspection, title: str) -> str:
    """Returns the HTML page about an inspected data set. It loads nothing from a network."""
    images = found.images
    facts = {
        "training images": images.num_training,
        "held-out images": len(images) - images.num_training,
        "channels": images.channels,
        "scenes": len(images.scenes.unique()),
        "distinct conditions": found.num_combinations,
        "duplicates": f"{len(found.exact)} exact, {len(found.mirrored)} mirrored",
        "content": images.content_hash,
    }
    pairs = [("is a copy of", pair) for pair in found.exact] + [("mirrors", pair) for pair in found.mirrored]
    duplicates = [f"{found.name(copy)} {kind} {found.name(image)}" for kind, (image, copy) in pairs[:MOST_DUPLICATES]]
    duplicates += [f"{len(pairs) - MOST_DUPLICATES} more"] if len(pairs) > MOST_DUPLICATES else []
    return template("condgan.data", "inspection_page.html.jinja").render(
        title=title,
        summary=summary(images),
        facts=facts,
        notices=list(found.notices),
        values=_values(images),
        duplicates=duplicates,
    )


def _values(images: Images) -> list[Value]:
    if not images.labels.numel():
        return []
    shown = images.condition.wanted(images.labels)
    values = []
    for i, (name, mask) in enumerate(zip(images.condition.values, shown.T, strict=True)):
        held_out = int((mask & images.held_out).sum())
        src = _examples(images, mask) if i < MOST_VALUES and mask.any() else ""
        values.append(
            Value(name, int(mask.sum()) - held_out, held_out, round(100 * float(mask.float().mean()), 1), src)
        )
    return values


def _examples(images: Images, mask: torch.Tensor) -> str:
    """Returns evenly spaced images that show a value, in a row."""
    indices = torch.nonzero(mask).flatten()
    chosen = indices[evenly(len(indices), NUM_EXAMPLES)]
    return data_uri(grid(images.images[chosen], NUM_EXAMPLES))
