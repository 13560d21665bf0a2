import json

import pytest
import torch

from condgan.config import Config
from condgan.data import Images
from condgan.errors import InputError
from condgan.evaluate import Scores, evaluate, seen_conditions
from condgan.generate import untrained
from condgan.judge import Judge, small_judge
from contracts import tiny_images, tiny_options

LISTS = ["red square", "blue circle, green triangle"]


@pytest.fixture(scope="module")
def images() -> Images:
    return tiny_images("multi_label", num_images=120)


@pytest.fixture(scope="module")
def judge(images: Images) -> Judge:
    torch.manual_seed(0)
    return small_judge(images.condition, 16)


def score(images: Images, judge: Judge, seed: int = 0, draws: int = 3) -> Scores:
    generator = untrained(Config.of("cdcgan", tiny_options("cdcgan"), "shapes", images, seed=0, precision="no"))
    lists = {"test": images.condition.parse_all(LISTS)}
    return evaluate(generator, images, lists, judge, draws=draws, seed=seed)


def test_seen_conditions_are_those_of_training_images_commonest_first() -> None:
    images = tiny_images("attributes", num_images=400)
    seen = seen_conditions(images)
    labels = images.part(held_out=False).labels.tolist()
    assert len(seen) == len({tuple(label) for label in labels}) == 24
    counts = [labels.count(c) for c in seen.tolist()]
    assert counts == sorted(counts, reverse=True)
    assert seen_conditions(images, most=3).tolist() == seen[:3].tolist()


def test_a_generator_stands_beside_real_images_and_an_untrained_one(images: Images, judge: Judge) -> None:
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


def test_every_condition_and_every_wanted_object_has_its_score(images: Images, judge: Judge) -> None:
    scores = score(images, judge)
    assert list(scores.per_condition["test"]) == [
        images.condition.describe(c) for c in images.condition.parse_all(LISTS)
    ]
    assert set(scores.per_object["test"]) == {"red square", "blue circle", "green triangle"}


def test_the_score_of_a_list_is_that_of_all_its_conditions(images: Images, judge: Judge) -> None:
    scores = score(images, judge)
    each = [exact.value for _, exact in scores.per_condition["test"].values()]
    assert scores.rows["generator, test"]["exact_accuracy"].value == pytest.approx(sum(each) / len(each))


def test_a_seed_gives_the_same_scores(images: Images, judge: Judge) -> None:
    assert score(images, judge, seed=1) == score(images, judge, seed=1)


def test_scores_survive_json(images: Images, judge: Judge) -> None:
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


def test_images_without_labels_cannot_be_scored() -> None:
    images = tiny_images("codes", num_images=120)
    generator = untrained(Config.of("acgan", tiny_options("acgan"), "shapes:codes", images, seed=0, precision="no"))
    with pytest.raises(InputError, match="no labels to score"):
        evaluate(generator, images, {}, small_judge(images.condition, 16))


@pytest.mark.parametrize(("categorical", "metrics"), [("3", {"code_accuracy", "kid[judge]"}), ("", {"kid[judge]"})])
def test_only_categorical_codes_have_a_meaning(categorical: str, metrics: set[str]) -> None:
    images = tiny_images("class", num_images=120)
    options = tiny_options("infogan") | {"categorical": categorical, "continuous": "1"}
    generator = untrained(Config.of("infogan", options, "shapes:class", images, seed=0, precision="no"))
    scores = evaluate(generator, images, {}, small_judge(images.condition, 16))
    assert set(scores.rows["generator, codes of the prior"]) == metrics
    assert bool(scores.meaning) is bool(categorical)
