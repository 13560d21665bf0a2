"""Scores a run: how well it follows conditions, beside real images and an untrained generator."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256

import torch
from torch import Tensor

from condgan.conditions import Condition
from condgan.data.dataset import Images
from condgan.errors import InputError
from condgan.generate import LoadedGenerator, untrained
from condgan.judge import Judge, Samples, judge_to_bytes
from condgan.judged import JudgedImages, Mapped, classified
from condgan.metrics import Estimate, code_accuracy, code_effects, condition_accuracy, difference, exact_accuracy
from condgan.metrics.breakdown import at
from condgan.metrics.estimate import proportion
from condgan.scores import Row, Scores
from condgan.suites import defined, measured, suite_named

HELD_OUT, PRIOR = "held-out conditions", "codes of the prior"  # the images of a row, after whose they are


def evaluate(
    generator: LoadedGenerator,
    images: Images,
    condition_lists: Mapping[str, Tensor],
    judge: Judge,
    *,
    draws: int = 32,
    seed: int = 0,
    suite: str = "quick",
    mapped: Mapped = map,
) -> Scores:
    """Scores a generator on lists of conditions, and its realism on the conditions of the held-out images.

    Each condition of a list is drawn `draws` times. Realism is compared with the held-out images. The row of real
    images is the ceiling: accuracies of the judge on held-out images, which it was not trained on, and realism of as
    many training images. The rows of an untrained generator are the floor. `suite` is a name in `condgan.suites`.

    A generator of codes is scored on codes from their prior instead, by the labels that the judge predicts for them.
    `mapped(work, tasks)` generates and classifies a block of images for each task and returns the results in order:
    one after the other, or shared by processes with `processes.map_over_processes`. The scores are the same.

    A reader is never a judge: `load_judge` refuses the file of the network that a generator was trained with.
    Raises InputError like `check_comparable`, and for an unknown suite.
    """
    check_comparable(generator, images)
    chosen = suite_named(suite)
    held_out, training = torch.nonzero(images.held_out).squeeze(1), images.training.indices
    evenly = torch.linspace(0, len(training) - 1, min(len(held_out), len(training))).long()
    others = classified(images, training[evenly], judge, mapped)
    reals = classified(images, held_out, judge, mapped)
    real_row = measured(chosen.following, reals, reals, images.condition)
    real_row |= measured({**chosen.realism, **chosen.variety}, others, reals, images.condition)
    start = Scores(
        judge.name,
        draws,
        seed,
        rows={"real images": real_row},
        suite=suite,
        judge_hash=sha256(judge_to_bytes(judge)).hexdigest(),
    )
    beginner = untrained(generator.config).to(next(generator.parameters()).device)
    judged = JudgedImages(chosen, images, reals, judge, mapped, seed)
    if generator.condition.is_labelled:
        return _with_labels(start, generator, beginner, condition_lists, judged)
    return _with_codes(start, generator, beginner, judged)


def seen_conditions(images: Images, most: int = 120) -> Tensor:
    """Returns the most frequent conditions of the training images, each once, most frequent first; at most `most`.

    They are generated where the data set has no list of conditions.
    """
    labels = images.labels[~images.held_out]
    distinct: Tensor
    distinct, counts = labels.unique(dim=0, return_counts=True)
    return distinct[counts.argsort(descending=True, stable=True)[:most]]


def occurs(conditions: Tensor, labels: Tensor) -> Tensor:
    """Returns whether each condition (N, ...) is that of an image with these labels, (N,) bool."""
    rows, known = (list(map(tuple, c.reshape(len(c), -1).tolist())) for c in (conditions, labels.unique(dim=0)))
    among = set(known)
    return torch.tensor([row in among for row in rows], dtype=torch.bool)


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
    lists: Mapping[str, Tensor],
    judged: JudgedImages,
) -> Scores:
    suite, images, rows = judged.suite, judged.images, dict(scores.rows)
    batches = {HELD_OUT: judged.reals.c}
    batches |= {name: conditions.repeat_interleave(scores.draws, dim=0) for name, conditions in lists.items()}
    following = {**suite.following, **suite.variety}
    metrics = dict.fromkeys(lists, following) | {HELD_OUT: {**suite.following, **suite.realism, **suite.variety}}
    samples = {}
    for source, network in {"generator": generator, "untrained": beginner}.items():
        for name, c in batches.items():
            fakes = judged.generated(network, c, c)
            rows[f"{source}, {name}"] = judged.measured(metrics[name], fakes)
            if network is generator:
                samples[name] = fakes
    copies, neighbours = judged.copies(samples[HELD_OUT])
    rows[f"generator, {HELD_OUT}"] = {**rows[f"generator, {HELD_OUT}"], **copies}
    breakdowns = {name: judged.divided(suite.by_part, fakes) for name, fakes in samples.items()}
    breakdowns[HELD_OUT] |= judged.divided(suite.realism_by_part, samples.pop(HELD_OUT))
    seen = {name: occurs(conditions, images.labels[~images.held_out]) for name, conditions in lists.items()}
    return replace(
        scores,
        rows=rows,
        per_condition={n: _per_condition(s, images.condition, lists[n], scores.draws) for n, s in samples.items()},
        per_object={name: _per_object(fakes, images.condition) for name, fakes in samples.items()},
        breakdowns={name: rows for name, rows in breakdowns.items() if rows},
        occurrences={name: {"seen": int(mask.sum()), "unseen": int((~mask).sum())} for name, mask in seen.items()},
        composition=_composition(samples, seen, scores.draws, judged),
        neighbours=neighbours,
    )


def _composition(
    samples: Mapping[str, Samples], seen: Mapping[str, Tensor], draws: int, judged: JudgedImages
) -> dict[str, Row]:
    """Scores the images of conditions of all lists that training images have, of the others, and the gap."""
    masks = {name: mask.repeat_interleave(draws) for name, mask in seen.items()}
    kinds = {}
    for kind, is_kind in (("seen", True), ("unseen", False)):
        parts = [at(fakes, masks[name] == is_kind) for name, fakes in samples.items()]
        if any(map(len, parts)):
            kinds[kind] = judged.measured(judged.suite.following, _joined(parts))
    if len(kinds) < 2:
        return {}
    first, second = kinds.values()
    gap = {name: difference(first[name], second[name]) for name in first if name in second}
    return {**kinds, "gap": gap}


def _with_codes(scores: Scores, generator: LoadedGenerator, beginner: LoadedGenerator, judged: JudgedImages) -> Scores:
    codes, condition, labels = generator.condition, judged.images.condition, judged.reals.c
    rows, meaning, suite = dict(scores.rows), dict[str, str](), judged.suite
    c = held_out_conditions(generator, labels, scores.seed)
    for source, network in {"untrained": beginner, "generator": generator}.items():
        fakes, row = judged.generated(network, c, labels), dict[str, Estimate]()
        if codes.values and len(c) > 1:  # half of them are matched, the others scored
            predicted = condition.describe_all(condition.predict(fakes.logits))
            meaning, row["code_accuracy"] = code_accuracy(codes.categories(c), predicted)
        row |= judged.measured(suite.realism, fakes)
        for scored in suite.of_codes:
            row |= defined(scored(codes, c, fakes, condition))
        rows[f"{source}, {PRIOR}"] = row
    copies, neighbours = judged.copies(fakes)
    rows[f"generator, {PRIOR}"] = {**rows[f"generator, {PRIOR}"], **copies}
    by_code = {name: defined(scored(codes, c, fakes, condition)) for name, scored in suite.by_code.items()}
    by_code = {name: row for name, row in by_code.items() if row}
    return replace(
        scores,
        rows=rows,
        meaning=meaning,
        code_effects=code_effects(generator, scores.seed),
        breakdowns={PRIOR: by_code} if by_code else {},
        neighbours=neighbours,
    )


def held_out_conditions(generator: LoadedGenerator, labels: Tensor, seed: int) -> Tensor:
    """Returns the conditions that are generated for held-out images: their labels, or codes from their prior."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return generator.condition.sample(labels)


def neighbour_pictures(generator: LoadedGenerator, images: Images, scores: Scores) -> tuple[Tensor, list[str]]:
    """Returns the generated images of `scores.neighbours`, then the training images, (2K, 3, R, R), with captions."""
    fakes, reals, distances = zip(*scores.neighbours, strict=True)
    labels = images.labels[images.held_out]
    c = held_out_conditions(generator, labels, scores.seed)[list(fakes)]
    z = generator.latents(len(labels), scores.seed)[list(fakes)]
    pictures = generator.from_latents(z, generator.condition.encode(c)), images.images[list(reals)]
    captions = [f"generated, {text}" for text in generator.condition.describe_all(c)]
    known = images.condition.describe_all(images.labels[list(reals)])
    captions += [f"training image, distance {far:.2f}, {text}" for far, text in zip(distances, known, strict=True)]
    return torch.cat([each.expand(-1, 3, -1, -1) for each in pictures]), captions


def _joined(parts: Sequence[Samples]) -> Samples:
    return Samples(*(torch.cat([getattr(part, name) for part in parts]) for name in ("c", "logits", "features")))


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
