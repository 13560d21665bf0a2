"""Scores by a second judge, in other feature spaces, and of trained classifiers; what is kept of the images."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d

from condgan.conditions import Class
from condgan.config import Config
from condgan.data import Images, shapes
from condgan.data.dataset import to_float
from condgan.errors import InputError
from condgan.evaluate import evaluate, num_images
from condgan.feature_spaces import FeatureSpace
from condgan.generate import LoadedGenerator, untrained
from condgan.judge import Judge, Samples, small_judge, train_judge
from contracts import tiny_images, tiny_options
from nearest_mean import nearest_mean

OF_SECOND = {"condition_accuracy[second]", "exact_accuracy[second]", "disagreement"}


class Shower(LoadedGenerator):
    """A generator that returns given images, one for each condition."""

    def __init__(self, images: Images, shown: Callable[[Tensor], Tensor]):
        config = Config.of("cdcgan", tiny_options("cdcgan"), "shapes", images, seed=0, precision="no")
        super().__init__(untrained(config).network, config)
        self.shown = shown

    def from_latents(self, z: Tensor, c: Tensor, batch_size: int = 100) -> Tensor:
        return self.shown(c)


def judge_of(images: Images, seed: int = 0) -> Judge:
    torch.manual_seed(seed)
    return small_judge(images.condition, images.resolution)


def generator_of(images: Images, recipe: str = "cdcgan", **options: str) -> LoadedGenerator:
    options = tiny_options(recipe) | options
    return untrained(Config.of(recipe, options, "shapes", images, seed=0, precision="no"))


@pytest.fixture(scope="module")
def images() -> Images:
    return tiny_images("multi_label", num_images=120)


def test_every_row_has_the_accuracies_of_both_judges_and_their_disagreement(images: Images) -> None:
    first, second = judge_of(images), judge_of(images, seed=1)
    generator, lists = generator_of(images), {"test": images.labels[:3]}
    both = evaluate(generator, images, lists, first, draws=4, second=second)
    alone = evaluate(generator, images, lists, second, draws=4)
    assert (both.second_judge, both.second_judge_hash) == ("small", second.fingerprint)
    for name, row in both.rows.items():
        assert row.keys() >= OF_SECOND
        for metric in ("condition_accuracy", "exact_accuracy"):
            assert row[f"{metric}[second]"] == alone.rows[name][metric]
    assert both.rows["generator, test"]["disagreement"].value > 0
    same = evaluate(generator, images, lists, first, draws=4, second=judge_of(images))
    assert all(row["disagreement"].value == 0 for row in same.rows.values())


def test_without_a_second_judge_nothing_is_said_of_one(images: Images) -> None:
    scores = evaluate(generator_of(images), images, {}, judge_of(images))
    assert not any(OF_SECOND & row.keys() for row in scores.rows.values())
    assert "second" not in scores.judges


def test_codes_are_scored_by_both_judges() -> None:
    images = tiny_images("class", num_images=120)
    generator = generator_of(images, "infogan", categorical="3", continuous="1")
    scores = evaluate(generator, images, {}, judge_of(images), second=judge_of(images, seed=1))
    row = scores.rows["generator, codes of the prior"]
    assert {"code_accuracy", "code_accuracy[second]", "disagreement"} <= row.keys()


def test_scores_say_which_training_images_the_judges_saw() -> None:
    images = tiny_images("class", num_images=120)
    first, second = judge_of(images), judge_of(images, seed=1)
    list(train_judge(first, images, num_epochs=1, seed=0))
    others = replace(images, images=255 - images.images)
    list(train_judge(second, others, num_epochs=1, seed=0))
    scores = evaluate(generator_of(images), images, {}, first, second=second)
    assert (scores.num_training, scores.judges_saw) == (images.num_training, {"judge": 114, "second": 0})
    assert "judge small: trained on 114 of the 114 training images, scores may be too high" in scores.judges
    assert "second small: trained on none of the 114 training images" in scores.judges
    turned = evaluate(generator_of(images), replace(images, held_out=~images.held_out), {}, first)
    assert (turned.judges_saw, turned.judges_saw_held_out) == ({"judge": 0}, {"judge": 114})
    assert "none of the 6 training images and on 114 held-out images, scores may be too high" in turned.judges
    unknown = evaluate(generator_of(images), images, {}, judge_of(images))
    assert unknown.judges_saw == {}
    assert "not known" in unknown.judges


def test_features_are_kept_only_where_a_metric_needs_them(images: Images) -> None:
    kept: list[list[tuple[int, int]]] = []

    def mapped(work: Callable[[Tensor], Sequence[Samples]], tasks: Iterable[Tensor]) -> list[Sequence[Samples]]:
        found = [work(task) for task in tasks]
        kept.append([tuple(samples.features.shape) for samples in found[0]])  # type: ignore[misc]
        return found

    lists = {"test": images.labels[:50]}
    first, second = judge_of(images), judge_of(images, seed=1)
    evaluate(generator_of(images), images, lists, first, draws=10, second=second, mapped=mapped)
    held_out = int(images.held_out.sum())
    with_features, without = [(held_out, 160), (held_out, 0)], [(500, 0), (500, 0)]
    assert kept == [with_features, with_features, with_features, without, with_features, without]


@pytest.mark.parametrize("suite", ["quick", "full"])
@pytest.mark.parametrize("recipe", ["cdcgan", "infogan"])
def test_the_progress_bar_ends_where_the_evaluation_does(suite: str, recipe: str) -> None:
    images = tiny_images("class", num_images=120)
    options = {"categorical": "3", "continuous": "1"} if recipe == "infogan" else {}
    generator, lists, shown = generator_of(images, recipe, **options), {"test": torch.tensor([0, 1])}, []

    def mapped(work: Callable[[Tensor], Sequence[Samples]], tasks: Iterable[Tensor]) -> list[Sequence[Samples]]:
        blocks = list(tasks)
        shown.append(sum(map(len, blocks)))
        return [work(block) for block in blocks]

    evaluate(generator, images, lists, judge_of(images), draws=3, suite=suite, mapped=mapped)
    assert sum(shown) == num_images(generator, images, lists, 3, suite)


def test_other_feature_spaces_have_all_metrics_of_features_under_their_names(images: Images) -> None:
    spaces = {"means": FeatureSpace(_Means(), "means")}
    scores = evaluate(
        generator_of(images), images, {"test": images.labels[:2]}, judge_of(images), suite="full", spaces=spaces
    )
    for name, row in scores.rows.items():
        known = {metric.removesuffix("[judge]") for metric in row if metric.endswith("[judge]")} - {"memorisation"}
        assert {metric.removesuffix("[means]") for metric in row if metric.endswith("[means]")} == known, name
    assert scores.spaces == {"means": "means"}
    row = scores.rows["generator, held-out conditions"]
    assert row["kid[means]"] != row["kid[judge]"]


class _Means(nn.Module):
    """Means of quarters of images."""

    def forward(self, images: Tensor) -> Tensor:
        return adaptive_avg_pool2d(to_float(images), 2).flatten(1)


@pytest.mark.parametrize("name", ["held-out conditions", "neighbours"])
def test_lists_cannot_have_the_names_of_other_scores(images: Images, name: str) -> None:
    with pytest.raises(InputError, match=f"{name!r}: the name is used"):
        evaluate(generator_of(images), images, {name: images.labels[:2]}, judge_of(images))


def test_a_classifier_trained_on_images_that_ignore_their_condition_is_at_chance() -> None:
    images = shapes("class", 8, num_images=2400)
    assert isinstance(images.condition, Class)
    pool = shapes("class", 8, num_images=2400, seed=1)
    by_class = [pool.images[pool.labels == k] for k in range(24)]

    def following(c: Tensor) -> Tensor:
        counts, rows = [0] * 24, []
        for k in c.argmax(1).tolist():
            rows.append(by_class[k][counts[k] % len(by_class[k])])
            counts[k] += 1
        return torch.stack(rows)

    def ignoring(c: Tensor) -> Tensor:
        return pool.images[: len(c)]

    found = {}
    for shown in (following, ignoring):
        generator = Shower(images, shown)
        rows = evaluate(generator, images, {}, nearest_mean(images), train_classifier=nearest_mean).rows
        real = rows["real images"]["classifier_accuracy"]
        found[shown] = rows["generator, held-out conditions"]["classifier_accuracy"]
    assert real.value > 0.3
    assert found[following].value == pytest.approx(real.value, abs=0.15)
    assert found[ignoring].high < real.low
    assert found[ignoring].value < 0.12  # chance is 0.04


def test_a_classifier_of_codes_is_refused() -> None:
    images = tiny_images("class", num_images=120)
    generator = generator_of(images, "infogan", categorical="3", continuous="1")
    with pytest.raises(InputError, match="no labels that a classifier could learn"):
        evaluate(generator, images, {}, judge_of(images), train_classifier=nearest_mean)


def test_a_classifier_is_trained_on_generated_images_of_the_conditions_of_training_images() -> None:
    images, seen = tiny_images("class", num_images=120), []

    def train(on: Images) -> Judge:
        seen.append(on)
        return judge_of(on)

    evaluate(generator_of(images), images, {}, judge_of(images), train_classifier=train)
    real, fake = seen
    assert torch.equal(real.labels, fake.labels)
    assert torch.equal(real.images, images.images[~images.held_out])
    assert real.images.shape == fake.images.shape
    assert not torch.equal(real.images, fake.images)
    assert not replace(fake, images=real.images).held_out.any()
