"""How well a run obeys, beside real images and an untrained generator."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import torch
from torch import Tensor

from condgan.conditions import Codes, Condition
from condgan.data.dataset import Images
from condgan.errors import InputError
from condgan.generate import LoadedGenerator, untrained
from condgan.judge import Judge, Samples
from condgan.metrics import METRICS, Estimate, code_accuracy, condition_accuracy, exact_accuracy, kid
from condgan.metrics.estimate import proportion


@dataclass(frozen=True)
class Scores:
    """What the judge found. `rows` is who drew what -> metric -> estimate.

    `per_condition` and `per_object`: list of conditions -> condition or object -> official and exact accuracy.
    `meaning`: what each categorical code came to stand for, where the generator obeys codes.
    """

    judge: str
    draws: int
    seed: int
    rows: Mapping[str, Mapping[str, Estimate]]
    per_condition: Mapping[str, Mapping[str, tuple[Estimate, Estimate]]]
    per_object: Mapping[str, Mapping[str, Estimate]]
    meaning: Mapping[str, str]

    def to_json(self) -> dict[str, Any]:
        """As plain data; each estimate is [value, low, high]."""
        return asdict(self)


def evaluate(
    generator: LoadedGenerator,
    images: Images,
    condition_lists: Mapping[str, Tensor],
    judge: Judge,
    *,
    draws: int = 32,
    seed: int = 0,
) -> Scores:
    """Scores a generator on every list of conditions, and its realism on the conditions of the held-out images.

    Each condition is drawn `draws` times. KID compares with the held-out images; the generator then draws their
    conditions. The real row is the ceiling: how the judge reads the held-out images, which it was not taught, and the
    KID of as many training images. Rows `untrained` show where a score starts.

    A generator that obeys codes draws as many of their prior instead, and is scored by what the judge reads in them.
    Raises InputError if the images have no labels, or other ones than the generator obeys.
    """
    check_comparable(generator, images)
    condition = images.condition
    held_out, training = images.part(held_out=True), images.part(held_out=False)
    evenly = torch.linspace(0, len(training) - 1, min(len(held_out), len(training))).long()
    others = judge.read(training.images[evenly], training.labels[evenly])
    reals = judge.read(held_out.images, held_out.labels)
    start = Scores(
        judge=judge.name,
        draws=draws,
        seed=seed,
        rows={
            "real images": _scores(others, reals, condition)
            | {
                "condition_accuracy": condition_accuracy(reals, reals, condition),
                "exact_accuracy": exact_accuracy(reals, reals, condition),
            }
        },
        per_condition={},
        per_object={},
        meaning={},
    )
    beginner = untrained(generator.config).to(next(generator.parameters()).device)
    if isinstance(generator.condition, Codes):
        return _with_codes(start, generator, beginner, generator.condition, held_out, reals, judge)
    return _with_labels(start, generator, beginner, held_out, condition_lists, reals, judge)


def seen_conditions(images: Images, most: int = 120) -> Tensor:
    """The commonest labels of the training images, each once: what to draw where no list of conditions came with them.

    (K, ...), K at most `most`, commonest first.
    """
    labels = images.part(held_out=False).labels
    distinct: Tensor
    distinct, counts = labels.unique(dim=0, return_counts=True)
    return distinct[counts.argsort(descending=True, stable=True)[:most]]


def check_comparable(generator: LoadedGenerator, images: Images) -> None:
    """Raises InputError if the images have no labels, or other ones than the generator obeys, unless it obeys codes."""
    if not images.labels.numel():
        raise InputError("the images have no labels to score: codes are found by training, no judge can be taught them")
    if generator.condition != images.condition and not isinstance(generator.condition, Codes):
        raise InputError("the images are labelled with another vocabulary than the run was trained on")


def _with_labels(
    scores: Scores,
    generator: LoadedGenerator,
    beginner: LoadedGenerator,
    held_out: Images,
    condition_lists: Mapping[str, Tensor],
    reals: Samples,
    judge: Judge,
) -> Scores:
    condition, rows = held_out.condition, dict(scores.rows)
    per_condition, per_object = {}, {}
    for who, artist in {"generator": generator, "untrained": beginner}.items():
        c = condition.draw(held_out.labels)
        drawn = judge.read(artist.generate(c, scores.seed), c)
        rows[f"{who}, held-out conditions"] = _scores(drawn, reals, condition)
        for name, values in condition_lists.items():
            c = values.repeat_interleave(scores.draws, dim=0)
            fakes = judge.read(artist.generate(c, scores.seed), c)
            rows[f"{who}, {name}"] = {
                "condition_accuracy": condition_accuracy(fakes, reals, condition),
                "exact_accuracy": exact_accuracy(fakes, reals, condition),
            }
            if artist is generator:
                per_condition[name] = _per_condition(fakes, reals, condition, values, scores.draws)
                per_object[name] = _per_object(fakes, condition)
    return replace(scores, rows=rows, per_condition=per_condition, per_object=per_object)


def _with_codes(
    scores: Scores,
    generator: LoadedGenerator,
    beginner: LoadedGenerator,
    codes: Codes,
    held_out: Images,
    reals: Samples,
    judge: Judge,
) -> Scores:
    condition, rows, meaning = held_out.condition, dict(scores.rows), dict[str, str]()
    with torch.random.fork_rng():
        torch.manual_seed(scores.seed)
        c = codes.draw(held_out.labels)
    for who, artist in {"untrained": beginner, "generator": generator}.items():
        fakes = judge.read(artist.generate(c, scores.seed), held_out.labels)
        row = {"kid[judge]": kid(fakes, reals, condition)}
        if codes.categorical:
            readings = condition.describe_all(condition.read(fakes.logits))
            meaning, accuracy = code_accuracy(codes.name_categories(c), readings)
            row = {"code_accuracy": accuracy} | row
        rows[f"{who}, codes of the prior"] = row
    return replace(scores, rows=rows, meaning=meaning)


def _scores(fakes: Samples, reals: Samples, condition: Condition) -> dict[str, Estimate]:
    return {name: metric(fakes, reals, condition) for name, metric in METRICS.items()}


def _per_condition(
    fakes: Samples, reals: Samples, condition: Condition, values: Tensor, draws: int
) -> dict[str, tuple[Estimate, Estimate]]:
    table = {}
    for i, value in enumerate(values):
        at = slice(i * draws, (i + 1) * draws)
        part = Samples(fakes.c[at], fakes.logits[at], fakes.features[at])
        scores = condition_accuracy(part, reals, condition), exact_accuracy(part, reals, condition)
        table[condition.describe(value)] = scores
    return table


def _per_object(fakes: Samples, condition: Condition) -> dict[str, Estimate]:
    """Of the images in which a value was wanted, the share in which it was among those the judge named."""
    hits, wanted = condition.hits(fakes.logits, fakes.c)
    columns = zip(condition.values, hits.T, wanted.T, strict=True)
    return {name: proportion(hit, want) for name, hit, want in columns if want.any()}
