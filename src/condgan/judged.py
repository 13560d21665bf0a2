"""Images as networks see them, beside the held-out images of a data set, and their scores."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor

from condgan.conditions import Condition
from condgan.data.dataset import Images
from condgan.generate import LoadedGenerator
from condgan.judge import Judge, Samples
from condgan.judged_cache import cache_key, read_outputs, write_outputs
from condgan.metrics import Estimate, Metric, condition_accuracy, disagreement, exact_accuracy
from condgan.scores import Row
from condgan.suites import Breakdown, Suite, defined, measured

Views = Mapping[str, Samples]  # the same images, by the network that saw them
Mapped = Callable[[Callable[[Tensor], Sequence[Samples]], Iterable[Tensor]], Iterable[Sequence[Samples]]]  # as `map`
BLOCK = 500  # images; a multiple of the batch sizes of generators and judges
NUM_NEIGHBOURS = 8
JUDGE, SECOND = "judge", "second"
OF_SECOND: Mapping[str, Metric] = {"condition_accuracy": condition_accuracy, "exact_accuracy": exact_accuracy}


class Viewer(Protocol):
    """A network that sees images: a judge, or one whose features or logits are used otherwise."""

    @property
    def fingerprint(self) -> str:
        """A text that is the same only for networks with the same outputs."""

    def classify(self, images: Tensor, c: Tensor) -> Samples:
        """Returns the logits and features of uint8 images (N, 1 or 3, R, R) whose wanted conditions are `c`."""


@dataclass(frozen=True)
class _LogitsOnly:
    """A network whose features nothing needs, so that they are not kept."""

    viewer: Viewer

    @property
    def fingerprint(self) -> str:
        return f"{self.viewer.fingerprint}, logits only"

    def classify(self, images: Tensor, c: Tensor) -> Samples:
        samples = self.viewer.classify(images, c)
        return Samples(c, samples.logits, samples.features.new_empty(len(c), 0))


@dataclass(frozen=True)
class Viewers:
    """The networks of an evaluation. Images without labels have no judge.

    `spaces` are those whose features are compared beside the judge's.
    """

    judge: Judge | None
    second: Judge | None = None
    spaces: Mapping[str, Viewer] = field(default_factory=dict)

    def named(self, *, features: bool) -> dict[str, Viewer]:
        """Returns the networks by name: all, or without features the judges only."""
        judge: dict[str, Viewer] = {JUDGE: self.judge if features else _LogitsOnly(self.judge)} if self.judge else {}
        second: dict[str, Viewer] = {SECOND: _LogitsOnly(self.second)} if self.second else {}
        return {**judge, **second, **(self.spaces if features else {})}


@dataclass(frozen=True)
class JudgedImages:
    """Scores generated images with a suite, beside `reals`: the held-out images of a data set as networks see them."""

    suite: Suite
    images: Images
    reals: Views
    viewers: Viewers
    mapped: Mapped
    seed: int

    def generated(
        self,
        generator: LoadedGenerator,
        c: Tensor,
        labels: Tensor,
        *,
        features: bool = True,
        others: Mapping[str, Viewer] | None = None,
    ) -> Views:
        """Generates an image for each condition `c` and classifies it; `labels` are what the judge should recognise.

        Without `features` only logits are kept. `others` are networks that see these images as well.
        """
        z, vector = generator.latents(len(c), self.seed), generator.condition.encode(c)
        viewers = {**self.viewers.named(features=features), **(others or {})}

        def work(rows: Tensor) -> list[Samples]:
            images = generator.from_latents(z[rows], vector[rows])
            return [viewer.classify(images, labels[rows]) for viewer in viewers.values()]

        return dict(zip(viewers, _in_blocks(len(labels), work, self.mapped), strict=True))

    def following(self, views: Views) -> dict[str, Estimate]:
        """Scores how well images follow their conditions, by both judges, and how often these differ.

        Nothing without a judge.
        """
        if JUDGE not in views:
            return {}
        condition, fakes = self.images.condition, views[JUDGE]
        row = measured(self.suite.following, fakes, fakes, condition)
        if SECOND in views and len(fakes):
            found = measured(OF_SECOND, views[SECOND], views[SECOND], condition)
            row |= {f"{name}[{SECOND}]": estimate for name, estimate in found.items()}
            row["disagreement"] = disagreement(fakes, views[SECOND], condition)
        return row

    def compared(self, metrics: Mapping[str, Metric], views: Views) -> dict[str, Estimate]:
        """Compares features with those of the held-out images, in every feature space."""
        row: dict[str, Estimate] = {}
        for space in ([JUDGE] if self.viewers.judge else []) + [*self.viewers.spaces]:
            found = measured(metrics, views[space], self.reals[space], self.images.condition)
            row |= {f"{name}[{space}]": estimate for name, estimate in found.items()}
        return row

    def divided(self, breakdowns: Mapping[str, Breakdown], views: Views) -> dict[str, Row]:
        """Scores generated images part by part, by the judge. Breakdowns without any part are absent."""
        fakes, reals = views[JUDGE], self.reals[JUDGE]
        rows = {name: defined(of(fakes, reals, self.images.condition)) for name, of in breakdowns.items()}
        return {name: row for name, row in rows.items() if row}

    def by_code(self, codes: Condition, c: Tensor, views: Views) -> dict[str, Row]:
        """Scores each code of generated images by the judge; nothing without one."""
        if JUDGE not in views:
            return {}
        condition = self.images.condition
        return {name: defined(of(codes, c, views[JUDGE], condition)) for name, of in self.suite.by_code.items()}

    def copies(self, views: Views) -> tuple[dict[str, Estimate], list[tuple[int, int, float]]]:
        """Compares generated images with all training images, which are classified only if the suite asks for it."""
        row, pairs, training = dict[str, Estimate](), list[tuple[int, int, float]](), self.images.training
        if self.viewers.judge and self.suite.of_copies:
            features = classified(self.images, training, {JUDGE: self.viewers.judge}, self.mapped)[JUDGE].features
            for name, metric in self.suite.of_copies.items():
                row[name], nearest, distance = metric(views[JUDGE].features, features, self.reals[JUDGE].features)
                first = distance.argsort(stable=True)[:NUM_NEIGHBOURS]
                pairs = list(
                    zip(first.tolist(), training[nearest[first]].tolist(), distance[first].tolist(), strict=True)
                )
        return defined(row), pairs


def classified(images: Images, indices: Tensor, viewers: Mapping[str, Viewer], mapped: Mapped) -> Views:
    """Classifies the images of a data set at these indices, without copying all of them.

    What a network makes of them is kept in the cache.
    """
    labels = images.labels[indices]
    keys = {name: cache_key(viewer.fingerprint, images, indices) for name, viewer in viewers.items()}
    known = {name: found for name, key in keys.items() if (found := read_outputs(key, labels))}

    def work(rows: Tensor) -> list[Samples]:
        new = images.images[indices[rows]] if len(known) < len(viewers) else torch.empty(0)
        return [
            known[name].at(rows) if name in known else viewer.classify(new, labels[rows])
            for name, viewer in viewers.items()
        ]

    # Also if all is known: one process may find files that another does not, and all have to share the same tasks.
    views = dict(zip(viewers, _in_blocks(len(labels), work, mapped), strict=True))
    for name in viewers.keys() - known.keys():
        write_outputs(keys[name], views[name])
    return views


def _in_blocks(number: int, work: Callable[[Tensor], list[Samples]], mapped: Mapped) -> list[Samples]:
    """Joins the samples of blocks of indices. Whoever makes a block, its batches are the same, and so its bits."""
    blocks = mapped(work, torch.arange(number).split(BLOCK))
    return list(map(Samples.joined, zip(*blocks, strict=True)))
