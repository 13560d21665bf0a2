"""Scores a run: how well it follows conditions, beside real images and an untrained generator."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from math import isfinite
from typing import Any

import torch
from torch import Tensor

from condgan.conditions import Condition
from condgan.data.dataset import Images
from condgan.errors import InputError
from condgan.generate import LoadedGenerator, untrained
from condgan.judge import Judge, Samples
from condgan.metrics import METRICS, Estimate, code_accuracy, code_effects, condition_accuracy, exact_accuracy
from condgan.metrics.estimate import proportion

Row = Mapping[str, Estimate]  # by metric
Mapped = Callable[[Callable[[Tensor], Samples], Iterable[Tensor]], Iterable[Samples]]  # `map`, or like it
BLOCK = 500  # images; a multiple of the batch sizes of generators and judges


@dataclass(frozen=True)
class Scores:
    """The scores of a run. `rows`: source of the images and list of conditions -> metric -> estimate.

    `per_condition` and `per_object`: list of conditions -> condition or object -> accuracy; of a condition both
    condition and exact accuracy. For codes, `meaning` is the label matched to each categorical code, and `code_effects`
    the correlation of each continuous code with each property of strokes.
    """

    judge: str
    draws: int
    seed: int
    rows: Mapping[str, Row]
    per_condition: Mapping[str, Mapping[str, tuple[Estimate, Estimate]]] = field(default_factory=dict)
    per_object: Mapping[str, Row] = field(default_factory=dict)
    meaning: Mapping[str, str] = field(default_factory=dict)
    code_effects: Mapping[str, Row] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Returns the scores as plain data; an estimate is [value, low, high]."""
        return asdict(self)


def evaluate(
    generator: LoadedGenerator,
    images: Images,
    condition_lists: Mapping[str, Tensor],
    judge: Judge,
    *,
    draws: int = 32,
    seed: int = 0,
    mapped: Mapped = map,
) -> Scores:
    """Scores a generator on lists of conditions, and its realism on the conditions of the held-out images.

    Each condition of a list is drawn `draws` times. KID compares with the held-out images. The row of real images is
    the ceiling: accuracies of the judge on held-out images, which it was not trained on, and KID between as many
    training images and them. The rows of an untrained generator are the floor.

    A generator of codes is scored on codes from their prior instead, by the labels that the judge predicts for them.
    `mapped(work, tasks)` generates and classifies a block of images for each task and returns the results in order:
    one after the other, or shared by processes with `processes.map_over_processes`. The scores are the same.

    A reader is never a judge: `load_judge` refuses the file of the network that a generator was trained with.
    Raises InputError like `check_comparable`.
    """
    check_comparable(generator, images)
    held_out, training = images.part(held_out=True), images.training
    evenly = torch.linspace(0, len(training) - 1, min(len(held_out), len(training))).long()
    others = _classified(images.at(training.indices[evenly]), judge, mapped)
    reals = _classified(held_out, judge, mapped)
    real_row = _scores(others, reals, images.condition) | _accuracies(reals, images.condition)
    start = Scores(judge.name, draws, seed, rows={"real images": real_row})
    beginner = untrained(generator.config).to(next(generator.parameters()).device)
    if generator.condition.is_labelled:
        return _with_labels(start, generator, beginner, held_out, condition_lists, reals, judge, mapped)
    return _with_codes(start, generator, beginner, held_out, reals, judge, mapped)


def seen_conditions(images: Images, most: int = 120) -> Tensor:
    """Returns the most frequent conditions of the training images, each once, most frequent first; at most `most`.

    They are generated where the data set has no list of conditions.
    """
    labels = images.labels[~images.held_out]
    distinct: Tensor
    distinct, counts = labels.unique(dim=0, return_counts=True)
    return distinct[counts.argsort(descending=True, stable=True)[:most]]


def check_comparable(generator: LoadedGenerator, images: Images) -> None:
    """Raises InputError unless the images have labels, those of the generator or of any kind if it is one of codes.

    There must also be at least one held-out and one training image to compare with.
    """
    if not images.labels.numel():
        raise InputError("the images have no labels to score: a judge cannot be trained on unsupervised codes")
    if generator.condition.is_labelled and generator.condition != images.condition:
        raise InputError("the images have other labels than those of the run")
    if not 0 < images.num_training < len(images):
        found = f"found {len(images) - images.num_training} held-out and {images.num_training} training images"
        raise InputError(f"{found}, expected at least one of each to compare with; name another data set with --data")


def _with_labels(
    scores: Scores,
    generator: LoadedGenerator,
    beginner: LoadedGenerator,
    held_out: Images,
    condition_lists: Mapping[str, Tensor],
    reals: Samples,
    judge: Judge,
    mapped: Mapped,
) -> Scores:
    condition, rows = held_out.condition, dict(scores.rows)
    per_condition, per_object = {}, {}
    for source, network in {"generator": generator, "untrained": beginner}.items():
        c = held_out.labels
        fakes = _generated(network, c, c, scores.seed, judge, mapped)
        rows[f"{source}, held-out conditions"] = _scores(fakes, reals, condition)
        for name, conditions in condition_lists.items():
            c = conditions.repeat_interleave(scores.draws, dim=0)
            fakes = _generated(network, c, c, scores.seed, judge, mapped)
            rows[f"{source}, {name}"] = _accuracies(fakes, condition)
            if network is generator:
                per_condition[name] = _per_condition(fakes, condition, conditions, scores.draws)
                per_object[name] = _per_object(fakes, condition)
    return replace(scores, rows=rows, per_condition=per_condition, per_object=per_object)


def _with_codes(
    scores: Scores,
    generator: LoadedGenerator,
    beginner: LoadedGenerator,
    held_out: Images,
    reals: Samples,
    judge: Judge,
    mapped: Mapped,
) -> Scores:
    codes, condition = generator.condition, held_out.condition
    rows, meaning = dict(scores.rows), dict[str, str]()
    with torch.random.fork_rng():
        torch.manual_seed(scores.seed)
        c = codes.sample(held_out.labels)
    for source, network in {"untrained": beginner, "generator": generator}.items():
        fakes = _generated(network, c, held_out.labels, scores.seed, judge, mapped)
        row = {name: value for name, value in _scores(fakes, reals, condition).items() if name == "kid[judge]"}
        if codes.values and len(c) > 1:  # half of them are matched, the others scored
            predicted = condition.describe_all(condition.predict(fakes.logits))
            meaning, accuracy = code_accuracy(codes.categories(c), predicted)
            row = {"code_accuracy": accuracy} | row
        rows[f"{source}, codes of the prior"] = row
    return replace(scores, rows=rows, meaning=meaning, code_effects=code_effects(generator, scores.seed))


def _classified(images: Images, judge: Judge, mapped: Mapped) -> Samples:
    return _in_blocks(images.labels, lambda at: judge.classify(images.images[at], images.labels[at]), mapped)


def _generated(
    generator: LoadedGenerator, c: Tensor, labels: Tensor, seed: int, judge: Judge, mapped: Mapped
) -> Samples:
    """Generates an image for each condition `c` and classifies it; `labels` are what the judge should recognise."""
    z, vector = generator.latents(len(c), seed), generator.condition.encode(c)
    return _in_blocks(labels, lambda at: judge.classify(generator.from_latents(z[at], vector[at]), labels[at]), mapped)


def _in_blocks(labels: Tensor, samples: Callable[[Tensor], Samples], mapped: Mapped) -> Samples:
    """Joins the samples of blocks of indices. Whoever makes a block, its batches are the same, and so its bits."""
    parts = list(mapped(samples, torch.arange(len(labels)).split(BLOCK)))
    logits, features = (torch.cat([getattr(part, name) for part in parts]) for name in ("logits", "features"))
    return Samples(labels, logits, features)


def _scores(fakes: Samples, reals: Samples, condition: Condition) -> dict[str, Estimate]:
    scores = {name: metric(fakes, reals, condition) for name, metric in METRICS.items()}
    return {name: estimate for name, estimate in scores.items() if isfinite(estimate.value)}  # KID needs four images


def _accuracies(samples: Samples, condition: Condition) -> dict[str, Estimate]:
    return {
        "condition_accuracy": condition_accuracy(samples, samples, condition),
        "exact_accuracy": exact_accuracy(samples, samples, condition),
    }


def _per_condition(
    fakes: Samples, condition: Condition, conditions: Tensor, draws: int
) -> dict[str, tuple[Estimate, Estimate]]:
    table = {}
    for i, c in enumerate(conditions):
        at = slice(i * draws, (i + 1) * draws)
        part = Samples(fakes.c[at], fakes.logits[at], fakes.features[at])
        table[condition.describe(c)] = (
            condition_accuracy(part, part, condition),
            exact_accuracy(part, part, condition),
        )
    return table


def _per_object(fakes: Samples, condition: Condition) -> dict[str, Estimate]:
    """For each value, the share of the images it was wanted in where the judge recognises it."""
    columns = zip(condition.values, condition.hits(fakes.logits, fakes.c).T, condition.wanted(fakes.c).T, strict=True)
    return {name: proportion(hit, want) for name, hit, want in columns if want.any()}
