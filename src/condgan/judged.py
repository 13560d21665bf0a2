"""Images as a judge sees them, beside the held-out images of a data set, and their scores."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from condgan.data.dataset import Images
from condgan.generate import LoadedGenerator
from condgan.judge import Judge, Samples
from condgan.metrics import Estimate, Metric
from condgan.scores import Row
from condgan.suites import Breakdown, Suite, defined, measured

Mapped = Callable[[Callable[[Tensor], Samples], Iterable[Tensor]], Iterable[Samples]]  # `map`, or like it
BLOCK = 500  # images; a multiple of the batch sizes of generators and judges
NUM_NEIGHBOURS = 8


@dataclass(frozen=True)
class JudgedImages:
    """Scores generated images with a suite, beside `reals`: the held-out images of a data set as a judge sees them."""

    suite: Suite
    images: Images
    reals: Samples
    judge: Judge
    mapped: Mapped
    seed: int

    def generated(self, generator: LoadedGenerator, c: Tensor, labels: Tensor) -> Samples:
        """Generates an image for each condition `c` and classifies it; `labels` are what the judge should recognise."""
        z, vector = generator.latents(len(c), self.seed), generator.condition.encode(c)

        def work(rows: Tensor) -> Samples:
            return self.judge.classify(generator.from_latents(z[rows], vector[rows]), labels[rows])

        return _in_blocks(labels, work, self.mapped)

    def measured(self, metrics: Mapping[str, Metric], fakes: Samples) -> dict[str, Estimate]:
        """Scores generated images, beside the held-out ones where a metric needs them."""
        return measured(metrics, fakes, self.reals, self.images.condition)

    def divided(self, breakdowns: Mapping[str, Breakdown], fakes: Samples) -> dict[str, Row]:
        """Scores generated images part by part. Breakdowns without any part are absent."""
        rows = {name: defined(of(fakes, self.reals, self.images.condition)) for name, of in breakdowns.items()}
        return {name: row for name, row in rows.items() if row}

    def copies(self, fakes: Samples) -> tuple[dict[str, Estimate], list[tuple[int, int, float]]]:
        """Compares generated images with all training images, which are classified only if the suite asks for it."""
        row, pairs, training = dict[str, Estimate](), list[tuple[int, int, float]](), self.images.training.indices
        if self.suite.of_copies:
            features = classified(self.images, training, self.judge, self.mapped).features
            for name, metric in self.suite.of_copies.items():
                row[name], nearest, distance = metric(fakes.features, features, self.reals.features)
                first = distance.argsort(stable=True)[:NUM_NEIGHBOURS]
                pairs = list(
                    zip(first.tolist(), training[nearest[first]].tolist(), distance[first].tolist(), strict=True)
                )
        return defined(row), pairs


def classified(images: Images, indices: Tensor, judge: Judge, mapped: Mapped) -> Samples:
    """Classifies the images of a data set at these indices, without copying all of them."""
    labels = images.labels[indices]
    return _in_blocks(labels, lambda rows: judge.classify(images.images[indices[rows]], labels[rows]), mapped)


def _in_blocks(labels: Tensor, samples: Callable[[Tensor], Samples], mapped: Mapped) -> Samples:
    """Joins the samples of blocks of indices. Whoever makes a block, its batches are the same, and so its bits."""
    parts = list(mapped(samples, torch.arange(len(labels)).split(BLOCK)))
    logits, features = (torch.cat([getattr(part, name) for part in parts]) for name in ("logits", "features"))
    return Samples(labels, logits, features)
