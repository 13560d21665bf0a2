"""How well a run obeys, beside real images and an untrained generator."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from condgan.conditions import Condition
from condgan.data.dataset import Images
from condgan.errors import InputError
from condgan.generate import LoadedGenerator, untrained
from condgan.judge import Judge, Samples
from condgan.metrics import METRICS, Estimate, condition_accuracy, exact_accuracy
from condgan.metrics.estimate import proportion


@dataclass(frozen=True)
class Scores:
    """What the judge found. `rows` is who drew what -> metric -> estimate.

    `per_condition` and `per_object`: list of conditions -> condition or object -> official and exact accuracy.
    """

    judge: str
    draws: int
    seed: int
    rows: Mapping[str, Mapping[str, Estimate]]
    per_condition: Mapping[str, Mapping[str, tuple[Estimate, Estimate]]]
    per_object: Mapping[str, Mapping[str, Estimate]]

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
    conditions, and the real row is as many training images. Rows `untrained` show where a score starts.
    """
    condition = images.condition
    if not images.labels.numel():
        raise InputError("the images have no labels to score: codes are found by training, no judge can be taught them")
    held_out, training = images.part(held_out=True), images.part(held_out=False)
    reals = judge.read(held_out.images, held_out.labels)
    evenly = torch.linspace(0, len(training) - 1, min(len(held_out), len(training))).long()
    others = training.at(evenly)
    rows = {"real images": _scores(judge.read(others.images, others.labels), reals, condition)}
    per_condition, per_object = {}, {}
    beginner = untrained(generator.config).to(next(generator.parameters()).device)
    for who, artist in {"generator": generator, "untrained": beginner}.items():
        c = condition.draw(held_out.labels)
        drawn = judge.read(artist.generate(c, seed), c)
        rows[f"{who}, held-out conditions"] = _scores(drawn, reals, condition)
        for name, values in condition_lists.items():
            c = values.repeat_interleave(draws, dim=0)
            fakes = judge.read(artist.generate(c, seed), c)
            rows[f"{who}, {name}"] = {
                "condition_accuracy": condition_accuracy(fakes, reals, condition),
                "exact_accuracy": exact_accuracy(fakes, reals, condition),
            }
            if artist is generator:
                per_condition[name] = _per_condition(fakes, reals, condition, values, draws)
                per_object[name] = _per_object(fakes, condition)
    return Scores(judge.name, draws, seed, rows, per_condition, per_object)


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
