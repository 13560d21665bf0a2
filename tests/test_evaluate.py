import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import FrozenInstanceError, replace

import pytest
import torch
from torch import Tensor

from condgan.conditions import Class, Unlabelled
from condgan.config import Config
from condgan.data import Images
from condgan.errors import InputError
from condgan.evaluate import evaluate, seen_conditions
from condgan.generate import untrained
from condgan.judge import Judge, Samples, small_judge
from condgan.scores import Scores
from contracts import tiny_images, tiny_options
from painters import config_of, recorded

CONDITIONS = ["red square", "blue circle, green triangle"]


@pytest.fixture(scope="module")
def images() -> Images:
    return tiny_images("multi_label", num_images=120)


@pytest.fixture(scope="module")
def judge(images: Images) -> Judge:
    torch.manual_seed(0)
    return small_judge(images.condition, 16)


def score(images: Images, judge: Judge, seed: int = 0, draws: int = 3) -> Scores:
    """Scores of an untrained generator."""
    generator = untrained(Config.of("cdcgan", tiny_options("cdcgan"), "shapes", images, seed=0, precision="no"))
    lists = {"test": images.condition.parse_all(CONDITIONS)}
    return evaluate(generator, images, lists, judge, draws=draws, seed=seed)


def test_seen_conditions_are_those_of_training_images_most_frequent_first() -> None:
    images = tiny_images("attributes", num_images=400)
    seen = seen_conditions(images)
    labels = images.part(held_out=False).labels.tolist()
    assert len(seen) == len({tuple(label) for label in labels}) == 24
    counts = [labels.count(c) for c in seen.tolist()]
    assert counts == sorted(counts, reverse=True)
    assert seen_conditions(images, most=3).tolist() == seen[:3].tolist()


def test_at_most_120_conditions_are_seen_and_equally_frequent_ones_are_sorted() -> None:
    images = tiny_images("class", num_images=400)
    condition = Class([f"class {i}" for i in range(130)])
    images = replace(images, labels=torch.arange(400) % 130, held_out=torch.arange(400) >= 260, condition=condition)
    assert seen_conditions(images).tolist() == list(range(120))
    assert seen_conditions(images, most=500).tolist() == list(range(130))


def test_a_single_held_out_image_gives_accuracies_and_no_distance(images: Images, judge: Judge) -> None:
    rows = score(replace(images, held_out=torch.arange(len(images)) == 7), judge).rows
    assert rows.keys() == score(images, judge).rows.keys()
    assert {name for row in rows.values() for name in row} == {"condition_accuracy", "exact_accuracy"}


@pytest.mark.parametrize(("num_held_out", "found"), [(0, "0 held-out and 40"), (40, "40 held-out and 0")])
def test_images_that_are_all_held_out_or_none_are_refused(num_held_out: int, found: str) -> None:
    images = tiny_images("multi_label")
    images = replace(images, held_out=torch.arange(len(images)) < num_held_out)
    with pytest.raises(InputError, match=f"found {found} training images, expected at least one of each"):
        score(images, small_judge(images.condition, 16))


def test_images_are_generated_and_classified_in_blocks_in_any_order(judge: Judge) -> None:
    """As processes share them; the batches, and so the scores, are the same."""
    images = tiny_images("multi_label", num_images=700)
    images = replace(images, held_out=torch.arange(len(images)) < 600)
    numbers = []

    def backwards(work: Callable[[Tensor], Sequence[Samples]], tasks: Iterable[Tensor]) -> list[Sequence[Samples]]:
        numbers.append([len(task) for task in tasks])
        return [work(task) for task in reversed(list(tasks))][::-1]

    generator = untrained(Config.of("cdcgan", tiny_options("cdcgan"), "shapes", images, seed=0, precision="no"))
    assert evaluate(generator, images, {}, judge, mapped=backwards) == evaluate(generator, images, {}, judge)
    assert numbers == [[100], [500, 100], [500, 100], [500, 100]]


def test_rows_are_real_images_the_generator_and_an_untrained_one(images: Images, judge: Judge) -> None:
    rows = score(images, judge).rows
    assert list(rows) == [
        "real images",
        "generator, held-out conditions",
        "generator, test",
        "untrained, held-out conditions",
        "untrained, test",
    ]
    assert "kid[judge]" in rows["real images"]


def test_an_untrained_generator_scores_as_the_untrained_row(images: Images, judge: Judge) -> None:
    rows = score(images, judge).rows
    assert rows["generator, test"] == rows["untrained, test"]
    assert rows["generator, held-out conditions"] == rows["untrained, held-out conditions"]


def test_every_condition_and_every_wanted_object_has_a_score(images: Images, judge: Judge) -> None:
    scores = score(images, judge)
    assert list(scores.per_condition["test"]) == [
        images.condition.describe(c) for c in images.condition.parse_all(CONDITIONS)
    ]
    assert set(scores.per_object["test"]) == {"red square", "blue circle", "green triangle"}


def test_the_score_of_a_list_is_the_mean_over_its_conditions(images: Images, judge: Judge) -> None:
    scores = score(images, judge)
    each = [exact.value for _, exact in scores.per_condition["test"].values()]
    assert scores.rows["generator, test"]["exact_accuracy"].value == pytest.approx(sum(each) / len(each))


def test_a_seed_gives_the_same_scores_and_another_seed_others(images: Images, judge: Judge) -> None:
    first = score(images, judge, seed=1)
    torch.manual_seed(5)
    assert score(images, judge, seed=1) == first
    assert score(images, judge, seed=2) != first


def test_by_default_each_condition_is_drawn_32_times_with_seed_0(
    images: Images, judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    generator = untrained(Config.of("cdcgan", tiny_options("cdcgan"), "shapes", images, seed=0, precision="no"))
    lists, counts = {"test": images.condition.parse_all(CONDITIONS)}, []
    monkeypatch.setattr(generator, "from_latents", recorded(generator, lambda z, c, shown: counts.append(len(z))))
    scores = evaluate(generator, images, lists, judge)
    assert counts == [int(images.held_out.sum()), 2 * 32]
    assert scores == score(images, judge, draws=32, seed=0)
    assert (scores.draws, scores.seed) == (32, 0)


def test_scores_cannot_be_changed(images: Images, judge: Judge) -> None:
    with pytest.raises(FrozenInstanceError):
        score(images, judge).seed = 7  # type: ignore[misc]


def test_scores_are_converted_to_json(images: Images, judge: Judge) -> None:
    plain = json.loads(json.dumps(score(images, judge).to_json()))
    assert len(plain["rows"]["real images"]["condition_accuracy"]) == 3
    assert plain["draws"] == 3


@pytest.mark.parametrize("kind", ["class", "attributes"])
def test_every_kind_of_condition_is_scored(kind: str) -> None:
    images = tiny_images(kind, num_images=120)
    generator = untrained(Config.of("acgan", tiny_options("acgan"), f"shapes:{kind}", images, seed=0, precision="no"))
    values = images.condition.sample(images.labels)[:2]
    scores = evaluate(generator, images, {"some": values}, small_judge(images.condition, 16), draws=2)
    assert set(scores.per_condition["some"]) == {images.condition.describe(c) for c in values}


def unlabelled(images: Images) -> Images:
    return replace(images, labels=torch.empty(len(images), 0), condition=Unlabelled())


@pytest.mark.parametrize(("recipe", "row"), [("infogan", "codes of the prior"), ("dcgan", "no condition")])
def test_images_without_labels_are_scored_without_a_judge(images: Images, judge: Judge, recipe: str, row: str) -> None:
    options = tiny_options(recipe) | ({"categorical": "3"} if recipe == "infogan" else {})
    without = unlabelled(images)
    generator = untrained(Config.of(recipe, options, "own", without, seed=0, precision="no"))
    scores = evaluate(generator, without, {}, None, suite="full", spaces={"own": judge})
    assert scores.rows.keys() == {"real images", f"generator, {row}", f"untrained, {row}"}
    assert all(name.endswith("[own]") for found in scores.rows.values() for name in found)
    assert "kid[own]" in scores.rows[f"generator, {row}"]
    assert "no judge, as the images have no labels" in scores.judges
    assert scores.setting == "seed 0"
    with pytest.raises(InputError, match="found a judge, but no labels"):
        evaluate(generator, without, {}, judge)


def test_a_generator_without_a_condition_is_scored_beside_labelled_images(images: Images, judge: Judge) -> None:
    config = Config.of("dcgan", tiny_options("dcgan"), "own", unlabelled(images), seed=0, precision="no")
    scores = evaluate(untrained(config), images, {}, judge)
    assert set(scores.rows["generator, no condition"]) == {"kid[judge]"}


def test_labels_need_a_judge_and_labelled_generators_need_labels(images: Images, judge: Judge) -> None:
    generator = untrained(Config.of("cdcgan", tiny_options("cdcgan"), "shapes", images, seed=0, precision="no"))
    with pytest.raises(InputError, match="found labels, but no judge"):
        evaluate(generator, images, {}, None)
    with pytest.raises(InputError, match="the images have no labels, but those of the run had"):
        evaluate(generator, unlabelled(images), {}, None)


def test_images_of_another_vocabulary_cannot_be_scored() -> None:
    images = tiny_images("class", num_images=120)
    other = replace(images, condition=Class(images.condition.values[::-1]))
    with pytest.raises(InputError, match="other labels than those of the run"):
        evaluate(untrained(config_of(images)), other, {}, small_judge(other.condition, 16))
