"""Generators with one known fault each, painted like the data set `shapes`, and what every metric says of them.

    python tests/planted_faults.py

prints the table of docs/metrics.md.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import cache

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from condgan.conditions import MultiLabel
from condgan.data.dataset import to_float
from condgan.data.shapes import NAMES, _image
from condgan.judge import Samples
from condgan.metrics import (
    CONDITION_METRICS,
    FEATURE_METRICS,
    Estimate,
    difference,
    f1_per_value,
    factor_f1,
    memorisation,
)
from condgan.rendering.scenes import COLORS

RESOLUTION, NUM_CONDITIONS, NUM_DRAWS = 32, 40, 20
THRESHOLD = 2  # half-widths of the 95 % interval of the difference from the generator without a fault
DEAD = NAMES.index("red square")
CONDITION = MultiLabel(NAMES)
NUM_COLORS = len(COLORS)
PALETTE = torch.tensor([*COLORS.values(), (160, 160, 160)]).float()  # the last is the background

Objects = np.ndarray  # (N, 4): indices of NAMES, -1 for none
Scores = Mapping[str, Estimate]


@cache
def conditions() -> Objects:
    """Conditions of two or three objects, `NUM_DRAWS` rows each; the first two objects differ in colour and shape."""
    rng = np.random.default_rng(0)
    rows: list[Objects] = []
    while len(rows) < NUM_CONDITIONS:
        row = rng.permutation(len(NAMES))[:4]
        row[3], row[2] = -1, rng.choice([row[2], -1])
        if row[0] % NUM_COLORS != row[1] % NUM_COLORS and row[0] // NUM_COLORS != row[1] // NUM_COLORS:
            rows.append(row)
    rows[0][:2] = DEAD, len(NAMES) - 1
    rows[1][:2] = DEAD, len(NAMES) - 2
    rows[2][:2] = DEAD, len(NAMES) - 3
    return np.repeat(np.stack(rows), NUM_DRAWS, axis=0)


def paint(objects: Objects, seed: int) -> Tensor:
    rng = np.random.default_rng(seed)
    return torch.from_numpy(np.stack([_image(row, RESOLUTION, rng) for row in objects]))


def labels(objects: Objects) -> Tensor:
    hot = torch.zeros(len(objects), len(NAMES) + 1, dtype=torch.uint8)
    return hot.scatter_(1, torch.from_numpy(objects) % (len(NAMES) + 1), 1)[:, :-1]


def extra_objects() -> Tensor:
    objects = conditions().copy()
    objects[:, 3] = (objects[:, 0] + 5) % len(NAMES)
    return paint(objects, seed=2)


def swapped_colors() -> Tensor:
    objects = conditions().copy()
    first, second = objects[:, 0].copy(), objects[:, 1].copy()
    objects[:, 0] += second % NUM_COLORS - first % NUM_COLORS
    objects[:, 1] += first % NUM_COLORS - second % NUM_COLORS
    return paint(objects, seed=2)


def one_image_of_each_condition() -> Tensor:
    return paint(conditions()[::NUM_DRAWS], seed=2).repeat_interleave(NUM_DRAWS, dim=0)


def blurred() -> Tensor:
    image = paint(conditions(), seed=2).float()
    return F.avg_pool2d(F.pad(image, (1, 1, 1, 1), mode="replicate"), 3, stride=1).round().to(torch.uint8)


def ignored_condition() -> Tensor:
    return paint(conditions()[np.random.default_rng(1).permutation(len(conditions()))], seed=2)


def dead_class() -> Tensor:
    return paint(np.where(conditions() == DEAD, -1, conditions()), seed=2)


FAULTS: dict[str, Callable[[], Tensor]] = {
    "none": lambda: paint(conditions(), seed=2),
    "extra objects": extra_objects,
    "swapped colours": swapped_colors,
    "one image of each condition": one_image_of_each_condition,
    "training images": lambda: paint(conditions(), seed=0),
    "blur": blurred,
    "ignored condition": ignored_condition,
    "a dead class": dead_class,
}


def judged(images: Tensor) -> Samples:
    """A judge without weights: the colour of most pixels in each quarter, and the share of their box that they fill."""
    quarters = images.float().unfold(2, 16, 16).unfold(3, 16, 16).permute(0, 2, 3, 1, 4, 5).flatten(0, 2)
    nearest = torch.cdist(quarters.flatten(2).transpose(1, 2), PALETTE[None]).argmin(2)
    pixels = torch.stack([(nearest == k).sum(1) for k in range(NUM_COLORS)], dim=1)
    color = pixels.argmax(1)
    mask = (nearest == color[:, None]).view(-1, 16, 16)
    box = mask.any(1).sum(1) * mask.any(2).sum(1)
    fill = mask.sum((1, 2)) / box.clamp(min=1)
    shape = torch.where(fill > 0.9, 0, torch.where(fill > 0.66, 1, 2))
    found = torch.where(pixels.amax(1) > 12, color + NUM_COLORS * shape, len(NAMES)).view(-1, 4)
    shown = torch.zeros(len(images), len(NAMES) + 1).scatter_(1, found, 1.0)[:, :-1]
    return Samples(labels(conditions()), 2 * shown - 1, features(images))


@torch.no_grad()
def features(images: Tensor) -> Tensor:
    """Features of random convolutions with fixed weights, (N, 96)."""
    random = torch.Generator().manual_seed(0)
    first, second = (torch.randn(*size, generator=random) / 8 for size in [(16, 3, 5, 5), (24, 16, 3, 3)])
    h = F.conv2d(to_float(images), first, stride=2, padding=2).relu()
    h = F.conv2d(h, second, stride=2, padding=1).relu()
    return nn.functional.adaptive_avg_pool2d(h, 2).flatten(1)


@cache
def scores(fault: str) -> Scores:
    fakes, reals = judged(FAULTS[fault]()), judged(paint(conditions(), seed=1))
    found = {name: metric(fakes, reals, CONDITION) for name, metric in (CONDITION_METRICS | FEATURE_METRICS).items()}
    colors, shapes = factor_f1(fakes, CONDITION).values()
    training = features(paint(conditions(), seed=0))
    copies = memorisation(fakes.features, training, reals.features).memorisation
    worst = min(f1_per_value(fakes, CONDITION).values())
    return found | {"colour F1": colors, "shape F1": shapes, "lowest F1 of an object": worst, "memorisation": copies}


def moved(fault: str, metric: str) -> bool:
    """Whether a fault changes a metric by more than the threshold."""
    value, low, high = difference(scores(fault)[metric], scores("none")[metric])
    return value - THRESHOLD * (value - low) > 0 or value + THRESHOLD * (high - value) < 0


def table() -> Iterator[str]:
    """Lines of a Markdown table of faults and metrics; what has moved is bold."""
    yield "| " + " | ".join(["metric", *FAULTS]) + " |"
    yield "|---" * (len(FAULTS) + 1) + "|"
    for metric in scores("none"):
        cells = [f"{scores(fault)[metric].value:.2f}" for fault in FAULTS]
        marked = [f"**{cell}**" if moved(fault, metric) else cell for fault, cell in zip(FAULTS, cells, strict=True)]
        yield "| " + " | ".join([metric, *marked]) + " |"


if __name__ == "__main__":
    print("\n".join(table()))
