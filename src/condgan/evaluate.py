"""Scores a run: how well it follows conditions, compared with real images and an untrained generator."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

import torch
from torch import Tensor

from condgan.code_scores import held_out_conditions, with_codes
from condgan.conditions import Condition
from condgan.data.dataset import Images
from condgan.data.names import named
from condgan.errors import InputError
from condgan.evenly import evenly
from condgan.generate import LoadedGenerator, untrained
from condgan.grid import labelled_grid, png
from condgan.judge import Judge, num_seen
from condgan.judged import JUDGE, SECOND, JudgedImages, Mapped, Viewer, Viewers, classified
from condgan.label_scores import HELD_OUT, with_labels
from condgan.metrics import classifier_accuracy
from condgan.scores import GENERATOR, Row, Scores
from condgan.suites import suite_named

REAL = "real images"
NEIGHBOURS = "neighbours"  # of the picture of `neighbour_pictures`
HELD_OUT_PICTURE = "real-images"
RESERVED = (HELD_OUT, NEIGHBOURS, HELD_OUT_PICTURE)  # names that no list of conditions can have
MOST_CLASSIFIED = 5000  # images that a classifier is trained on, for its accuracy on real ones


def evaluate(
    generator: LoadedGenerator,
    images: Images,
    condition_lists: Mapping[str, Tensor],
    judge: Judge | None,
    *,
    draws: int = 32,
    seed: int = 0,
    suite: str = "quick",
    mapped: Mapped = map,
    second: Judge | None = None,
    spaces: Mapping[str, Viewer] | None = None,
    recognition: Viewer | None = None,
    train_classifier: Callable[[Images], Judge] | None = None,
) -> Scores:
    """Scores a generator on lists of conditions, and its realism on the conditions of the held-out images.

    Generates `draws` images of each condition of a list. Realism is compared with the held-out images. The row of
    real images is for comparison: accuracies of the judge on held-out images, and realism of as many training images.
    So are the rows of an untrained generator. `suite` is a name in `condgan.suites`.

    A generator of codes is scored on codes from their prior instead, by the labels that the judge predicts for them.
    Images without labels have no judge: `judge` is None, and neither accuracies nor distances in its features are
    scored, only realism in `spaces`, and codes as far as they need no labels.

    `mapped(work, tasks)` generates and classifies a block of images for each task and returns the results in order:
    one after the other, or shared by processes with `processes.map_over_processes`. The scores are the same.

    `second` is a judge of another architecture, whose accuracies and disagreement with the first are added. `spaces`
    are other networks by name whose features are compared as well (`feature_spaces.py`). `recognition` is the network Q
    of a run of codes (`recognition.py`), for its information bound in the suite `full`. `train_classifier`, e.g.
    `judge.train_classifier`, trains one on generated and one on real images, and both are tested on real ones.

    A reader is never a judge: `load_judge` refuses the file of the network that a generator was trained with.
    Raises InputError like `check_comparable`, for an unknown suite, for a list with a reserved name, for a
    classifier of codes, and for a judge without labels or labels without a judge.
    """
    check_comparable(generator, images)
    check_names(condition_lists)
    if (judge is not None or second is not None) != bool(images.labels.numel()) or (second and not judge):
        raise InputError("found a judge, but no labels" if judge or second else "found labels, but no judge")
    if train_classifier and not generator.condition.is_labelled:
        raise InputError("a generator of codes has no labels that a classifier could learn; leave out the classifier")
    chosen = suite_named(suite)
    viewers = Viewers(judge, second, spaces or {})
    held_out, training = torch.nonzero(images.held_out).squeeze(1), images.training
    others = classified(images, training[evenly(len(training), len(held_out))], viewers.named(features=True), mapped)
    reals = classified(images, held_out, viewers.named(features=True), mapped)
    judged = JudgedImages(chosen, images, reals, viewers, mapped, seed)
    judges = {role: each for role, each in {JUDGE: judge, SECOND: second}.items() if each}
    saw = {role: num_seen(each, images, training) for role, each in judges.items()}
    saw_held_out = {role: num_seen(each, images, held_out) for role, each in judges.items()}
    of_reals = {**chosen.realism, **chosen.variety} if judge else chosen.realism  # variety is that of each condition
    start = Scores(
        judge.name if judge else "",
        draws,
        seed,
        rows={REAL: judged.following(reals) | judged.compared(of_reals, others)},
        suite=suite,
        judge_hash=judge.fingerprint if judge else "",
        second_judge=second.name if second else "",
        second_judge_hash=second.fingerprint if second else "",
        num_training=len(training),
        judges_saw={role: number for role, number in saw.items() if number is not None},
        judges_saw_held_out={role: number for role, number in saw_held_out.items() if number},
        spaces={name: space.fingerprint for name, space in viewers.spaces.items()},
    )
    initial = untrained(generator.config).to(next(generator.parameters()).device)
    if not generator.condition.is_labelled:
        return with_codes(start, generator, initial, judged, recognition)
    scores = with_labels(start, generator, initial, condition_lists, judged)
    if not train_classifier:
        return scores
    added = _classifier_accuracies(generator, images, train_classifier, seed)
    return replace(scores, rows={name: {**row, **added.get(name, {})} for name, row in scores.rows.items()})


def num_images(
    generator: LoadedGenerator, images: Images, condition_lists: Mapping[str, Tensor], draws: int, suite: str
) -> int:
    """Returns how many images `evaluate` gives to `mapped`, for a progress bar."""
    num_training, num_held_out = images.num_training, len(images) - images.num_training
    of_lists = draws * sum(map(len, condition_lists.values())) if generator.condition.is_labelled else 0
    reals = num_held_out + min(num_held_out, num_training) + num_training * bool(suite_named(suite).of_copies)
    return reals + 2 * (num_held_out + of_lists)  # of the generator and of an untrained one


def check_names(condition_lists: Iterable[str]) -> None:
    """Raises InputError if a list of conditions has a name that rows or pictures use otherwise."""
    for name in condition_lists:
        if name in RESERVED:
            raise InputError(f"list of conditions {name!r}: the name is used for other scores; rename the file")


def _classifier_accuracies(
    generator: LoadedGenerator, images: Images, train: Callable[[Images], Judge], seed: int
) -> dict[str, Row]:
    """Accuracies on held-out images of classifiers that were trained on real and on generated images, by row.

    Both have the same number of images, of the same conditions.
    """
    training, held_out = images.training, images.part(held_out=True)
    some = images.at(training[evenly(len(training), MOST_CLASSIFIED)])
    fakes = replace(some, images=generator.generate(some.labels, seed))
    trained = {REAL: some, GENERATOR + HELD_OUT: fakes}
    return {name: {"classifier_accuracy": classifier_accuracy(on, held_out, train)} for name, on in trained.items()}


def seen_conditions(images: Images, most: int = 120) -> Tensor:
    """Returns the most frequent conditions of the training images, each once, most frequent first; at most `most`.

    They are generated where the data set has no list of conditions.
    """
    labels = images.labels[~images.held_out]
    distinct: Tensor
    distinct, counts = labels.unique(dim=0, return_counts=True)
    return distinct[counts.argsort(descending=True, stable=True)[:most]]


def check_comparable(generator: LoadedGenerator, images: Images) -> None:
    """Raises InputError unless the images have the labels of the generator, if it needs any.

    There must also be at least one held-out and one training image to compare with.
    """
    if generator.condition.is_labelled and not images.labels.numel():
        raise InputError("the images have no labels, but those of the run had; name another data set with --data")
    if generator.condition.is_labelled and generator.condition != images.condition:
        raise InputError(
            f"the images have other labels than those of the run: {_labels(images.condition)}, not "
            f"{_labels(generator.condition)}; name a data set with the labels of the run with --data"
        )
    if not 0 < images.num_training < len(images):
        found = f"found {len(images) - images.num_training} held-out and {images.num_training} training images"
        raise InputError(f"{found}, expected at least one of each to compare with; name another data set with --data")


def _labels(condition: Condition) -> str:
    return f"{condition.summary} ({named(condition.values)})"


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


def pictures(
    generator: LoadedGenerator, images: Images, scores: Scores, lists: Mapping[str, Tensor]
) -> dict[str, bytes]:
    """Returns the pictures of an evaluation by file name: each list of conditions, and nearest training images."""
    contents = {
        f"{name}.png": png(labelled_grid(generator.generate(c, scores.seed), images.condition.describe_all(c)))
        for name, c in lists.items()
    }
    if images.condition.is_labelled and images.labels.numel():
        held_out = images.part(held_out=True)
        shown = held_out.at(evenly(len(held_out), 8))
        contents[f"{HELD_OUT_PICTURE}.png"] = png(
            labelled_grid(shown.images, images.condition.describe_all(shown.labels))
        )
    if scores.neighbours:
        near, captions = neighbour_pictures(generator, images, scores)
        contents[f"{NEIGHBOURS}.png"] = png(labelled_grid(near, captions, len(scores.neighbours)))
    return contents
