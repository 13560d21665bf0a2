"""Content of a data set, its duplicates, and possible problems for training."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch

from condgan.data.copies import MOST_COMPARED, exact_copies, mirrored_copies
from condgan.data.dataset import Images
from condgan.data.decode import Original, read_original
from condgan.data.names import named, printable
from condgan.fonts import without_font

FEW_IMAGES = 1000  # for training a GAN from scratch
FEW_OF_A_VALUE = 5


def summary(images: Images) -> str:
    """Returns size, split and condition in one line."""
    num_held_out, side = int(images.held_out.sum()), images.resolution
    return f"{len(images)} images of {side} x {side}, {num_held_out} held out; condition: {images.condition.summary}"


@dataclass(frozen=True)
class Inspection:
    """Result of `inspect`.

    `counts` are the numbers of images of each value, empty without labels. `originals` describe the image files before
    resizing, empty without files. `exact` and `mirrored` are pairs of indices: an image and its copy.
    """

    images: Images
    counts: Mapping[str, int]
    num_combinations: int
    originals: Sequence[Original]
    exact: list[tuple[int, int]]
    mirrored: list[tuple[int, int]]

    def name(self, index: int) -> str:
        """Returns the file of an image, or its index without files."""
        return printable(str(self.images.files[index])) if self.images.files else f"image {index}"

    @property
    def notices(self) -> Iterator[str]:
        """What was left out or guessed, and possible problems for training, one sentence each."""
        yield from self.images.notices
        yield from self._notices_of_originals()
        if (num_training := int(self.images.held_out.logical_not().sum())) < FEW_IMAGES:
            yield f"training images: {num_training}, few enough for a generator to memorise"
        if rare := [f"{value} ({count})" for value, count in self.counts.items() if count < FEW_OF_A_VALUE]:
            yield f"values with fewer than {FEW_OF_A_VALUE} images: {named(rare, 5)}"
        if unshown := without_font(self.counts):
            yield f"names with characters that no installed font has: {named(unshown, 5)}; escaped in pictures"
        if len(self.images) > MOST_COMPARED:
            yield f"mirrored copies were looked for among {MOST_COMPARED} of {len(self.images)} images"
        held_out = self.images.held_out.tolist()
        if across := sum(held_out[i] != held_out[j] for i, j in self.exact + self.mirrored):
            yield f"duplicates across the split: {across}; scores on held-out images hide memorisation"

    def _notices_of_originals(self) -> Iterator[str]:
        originals, side = self.originals, self.images.resolution
        sizes = sorted({(o.width, o.height) for o in originals})
        if len(sizes) > 1:
            smallest, largest = (f"{width} x {height}" for width, height in (sizes[0], sizes[-1]))
            yield f"originals of {len(sizes)} sizes, {smallest} to {largest}: stretched to squares"
        changed = {
            "not square": ("stretched to squares", [o for o in originals if o.width != o.height]),
            f"smaller than {side} pixels": ("enlarged", [o for o in originals if min(o.width, o.height) < side]),
        }
        for colors in sorted({o.colors for o in originals} - {"RGB"}):
            on_white = ", on white" if colors == "transparent" else ""
            changed[colors] = f"read as RGB{on_white}", [o for o in originals if o.colors == colors]
        changed["animated or of several pages"] = "only the first is read", [o for o in originals if o.animated]
        for what, (consequence, chosen) in changed.items():
            if chosen:
                yield f"originals that are {what}: {len(chosen)} of {len(originals)}; {consequence}"


def inspect(images: Images) -> Inspection:
    """Inspects every image, its labels and its file. Raises InputError naming a missing or broken file."""
    exact = exact_copies(images.images)
    labels = images.labels.reshape(len(images), -1)
    return Inspection(
        images=images,
        counts=_counts(images),
        num_combinations=len(labels.unique(dim=0)) if labels.numel() else 0,
        originals=[read_original(file) for file in images.files],
        exact=exact,
        mirrored=mirrored_copies(images.images, {copy for _, copy in exact}),
    )


def balance(counts: Mapping[str, int], num_images: int, most: int) -> Iterator[str]:
    """Yields a line for each value with its count and share; of more than `most`, only the most and least frequent."""
    ranked = sorted(counts, key=lambda value: -counts[value])
    shown = counts if len(counts) <= most else [*ranked[: most // 2], *ranked[-(most // 2) :]]
    width = max((len(value) for value in shown), default=0)
    for i, value in enumerate(shown):
        if len(counts) > most and i == most // 2:
            yield f"... {len(counts) - len(shown)} more ..."
        yield f"{value:{width}}  {counts[value]:6}  {counts[value] / num_images:6.1%}"


def _counts(images: Images) -> dict[str, int]:
    if not images.labels.numel():
        return {}
    counts = images.condition.encode(images.labels).sum(0, dtype=torch.int64)
    return dict(zip(images.condition.values, counts.tolist(), strict=True))
