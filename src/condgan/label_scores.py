"""Scores of a generator of labels: on the held-out conditions, and on lists of conditions."""

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor

from condgan.conditions import Condition
from condgan.generate import LoadedGenerator
from condgan.judge import Samples
from condgan.judged import JUDGE, JudgedImages, Views
from condgan.metrics import Estimate, condition_accuracy, difference, exact_accuracy
from condgan.metrics.estimate import proportion
from condgan.scores import GENERATOR, Row, Scores

HELD_OUT = "held-out conditions"  # names of rows: where conditions come from


def with_labels(
    scores: Scores,
    generator: LoadedGenerator,
    initial: LoadedGenerator,
    lists: Mapping[str, Tensor],
    judged: JudgedImages,
) -> Scores:
    """Returns the scores with rows of a generator of labels, and of the same network before its training, `initial`."""
    suite, images, rows = judged.suite, judged.images, dict(scores.rows)
    batches = {HELD_OUT: judged.reals[JUDGE].c}
    batches |= {name: conditions.repeat_interleave(scores.draws, dim=0) for name, conditions in lists.items()}
    compared = dict.fromkeys(lists, suite.variety) | {HELD_OUT: {**suite.realism, **suite.variety}}
    views = {}
    for source, network in {"generator": generator, "untrained": initial}.items():
        for name, c in batches.items():
            seen = judged.generated(network, c, c, features=bool(compared[name]))
            row = judged.following(seen)
            rows[f"{source}, {name}"] = row | judged.compared(compared[name], seen) if compared[name] else row
            if network is generator:
                views[name] = seen
    copies, neighbours = judged.copies(views[HELD_OUT])
    rows[GENERATOR + HELD_OUT] = {**rows[GENERATOR + HELD_OUT], **copies}
    breakdowns = {name: judged.divided(suite.by_part, seen) for name, seen in views.items()}
    breakdowns[HELD_OUT] |= judged.divided(suite.realism_by_part, views.pop(HELD_OUT))
    occur = {name: occurs(conditions, images.labels[~images.held_out]) for name, conditions in lists.items()}
    samples = {name: seen[JUDGE] for name, seen in views.items()}
    return replace(
        scores,
        rows=rows,
        per_condition={n: _per_condition(s, images.condition, lists[n], scores.draws) for n, s in samples.items()},
        per_object={name: _per_object(fakes, images.condition) for name, fakes in samples.items()},
        breakdowns={name: rows for name, rows in breakdowns.items() if rows},
        occurrences={name: {"seen": int(mask.sum()), "unseen": int((~mask).sum())} for name, mask in occur.items()},
        composition=_composition(views, occur, scores.draws, judged),
        neighbours=neighbours,
    )


def _composition(
    views: Mapping[str, Views], occur: Mapping[str, Tensor], draws: int, judged: JudgedImages
) -> dict[str, Row]:
    """Scores the images of conditions of all lists that training images have, of the others, and the gap."""
    masks = {name: mask.repeat_interleave(draws) for name, mask in occur.items()}
    kinds = {}
    for kind, is_kind in (("seen", True), ("unseen", False)):
        if any((mask == is_kind).any() for mask in masks.values()):
            kinds[kind] = judged.following(_joined(views, masks, is_kind=is_kind))
    if len(kinds) < 2:
        return {}
    first, second = kinds.values()
    gap = {name: difference(first[name], second[name]) for name in first if name in second}
    return {**kinds, "gap": gap}


def _joined(views: Mapping[str, Views], masks: Mapping[str, Tensor], *, is_kind: bool) -> Views:
    """Joins the images of all lists whose mask is `is_kind`, as each network saw them."""
    networks = next(iter(views.values()))
    return {
        name: Samples.joined(seen[name].at(masks[of] == is_kind) for of, seen in views.items()) for name in networks
    }


def _per_condition(
    fakes: Samples, condition: Condition, conditions: Tensor, draws: int
) -> dict[str, tuple[Estimate, Estimate]]:
    numbers: dict[str, list[int]] = {}  # of each condition in its list, which may have it more than once
    for number, name in enumerate(condition.describe_all(conditions)):
        numbers.setdefault(name, []).append(number)
    number_of_image = torch.arange(len(fakes)) // draws
    parts = {name: fakes.at(torch.isin(number_of_image, torch.tensor(found))) for name, found in numbers.items()}
    return {
        name: (condition_accuracy(part, part, condition), exact_accuracy(part, part, condition))
        for name, part in parts.items()
    }


def _per_object(fakes: Samples, condition: Condition) -> dict[str, Estimate]:
    """For each value, the share of the images it was wanted in where the judge recognises it."""
    columns = zip(condition.values, condition.hits(fakes.logits, fakes.c).T, condition.wanted(fakes.c).T, strict=True)
    return {name: proportion(hit, want) for name, hit, want in columns if want.any()}


def occurs(conditions: Tensor, labels: Tensor) -> Tensor:
    """Returns whether each condition (N, ...) is that of an image with these labels, (N,) bool."""
    rows, known = (list(map(tuple, c.reshape(len(c), -1).tolist())) for c in (conditions, labels.unique(dim=0)))
    among = set(known)
    return torch.tensor([row in among for row in rows], dtype=torch.bool)
