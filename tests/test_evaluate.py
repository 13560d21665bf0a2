import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import FrozenInstanceError, replace

import pytest
import torch
from torch import Tensor, nn

from condgan.conditions import Class, Unlabelled
from condgan.config import Config
from condgan.data import Images
from condgan.errors import InputError
from condgan.evaluate import evaluate, seen_conditions
from condgan.generate import LoadedGenerator, untrained
from condgan.judge import Judge, Samples, small_judge
from condgan.metrics import code_effects, kid
from condgan.metrics.estimate import proportion
from condgan.scores import Scores
from contracts import tiny_images, tiny_options

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


@pytest.mark.parametrize("categorical", ["3", ""])
@pytest.mark.parametrize("num_held_out", [1, 2])
def test_a_generator_of_codes_is_scored_by_the_images_that_there_are(num_held_out: int, categorical: str) -> None:
    images = tiny_images("class")
    images = replace(images, held_out=torch.arange(len(images)) < num_held_out)
    options = tiny_options("infogan") | {"categorical": categorical, "continuous": "1"}
    generator = untrained(Config.of("infogan", options, "shapes:class", images, seed=0, precision="no"))
    row = evaluate(generator, images, {}, small_judge(images.condition, 16)).rows["generator, codes of the prior"]
    assert list(row) == (["code_accuracy"] if categorical and num_held_out > 1 else [])


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


@pytest.mark.parametrize(("categorical", "metrics"), [("3", {"code_accuracy", "kid[judge]"}), ("", {"kid[judge]"})])
def test_only_categorical_codes_are_matched_to_labels(categorical: str, metrics: set[str]) -> None:
    images = tiny_images("class", num_images=120)
    options = tiny_options("infogan") | {"categorical": categorical, "continuous": "1"}
    generator = untrained(Config.of("infogan", options, "shapes:class", images, seed=0, precision="no"))
    scores = evaluate(generator, images, {}, small_judge(images.condition, 16))
    assert set(scores.rows["generator, codes of the prior"]) == metrics
    assert bool(scores.meaning) is bool(categorical)


def brightest_channel(condition: Class) -> Judge:
    """A judge whose features are the mean of each channel, and which predicts the brightest one."""
    head = nn.Linear(3, 3, bias=False)
    nn.init.eye_(head.weight)
    return Judge(condition, 16, nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()), head, "brightest")


def uniform(n: int) -> Tensor:
    return torch.rand(n, generator=torch.Generator().manual_seed(0))


def painted(labels: Tensor, brightness: Tensor) -> Tensor:
    """Images whose brightest channel is the label, (N, 3, 16, 16) uint8."""
    channels = 40 + (torch.eye(3)[labels] * brightness[:, None])
    return channels[:, :, None, None].expand(-1, -1, 16, 16).to(torch.uint8)


def painted_images(*, held_out_labels_are_right: bool = True, held_out_brightness: float = 100) -> Images:
    """Images of three classes. Those that are held out may have wrong labels, or be brighter than training images."""
    images = tiny_images("class", num_images=1200)
    labels = torch.arange(1200) % 3
    is_wrong = images.held_out & (not held_out_labels_are_right)
    brightness = torch.where(images.held_out, held_out_brightness, 100.0) + 40 * uniform(1200)
    pixels = painted((labels + is_wrong) % 3, brightness)
    return replace(images, images=pixels, condition=Class("rgb"), labels=labels, condition_lists={})


class Painter(LoadedGenerator):
    """A generator that follows its conditions, apart from some classes."""

    def __init__(self, images: Images, wrong: Sequence[int] = ()):
        super().__init__(untrained(config_of(images)).network, config_of(images))
        self.wrong, self.brightness = torch.tensor(wrong), 100.0

    def from_latents(self, z: Tensor, c: Tensor, batch_size: int = 100) -> Tensor:
        label = c.argmax(1)
        return painted((label + torch.isin(label, self.wrong)) % 3, self.brightness + 40 * uniform(len(c)))


def recorded(
    generator: LoadedGenerator, record: Callable[[Tensor, Tensor, Tensor], object]
) -> Callable[[Tensor, Tensor], Tensor]:
    """`generator.from_latents`, whose latents, conditions and images are given to `record`."""
    original = generator.from_latents

    def from_latents(z: Tensor, c: Tensor) -> Tensor:
        shown = original(z, c)
        record(z, c, shown)
        return shown

    return from_latents


def config_of(images: Images) -> Config:
    return Config.of("cdcgan", tiny_options("cdcgan"), "shapes:class", images, seed=0, precision="no")


def scores_of(generator: LoadedGenerator, images: Images) -> Scores:
    judge = brightest_channel(Class("rgb"))
    return evaluate(generator, images, {"test": torch.tensor([0, 1, 2])}, judge, draws=4)


@pytest.mark.parametrize("right", [True, False])
def test_accuracies_of_real_images_are_those_of_held_out_images(right: bool) -> None:
    """Training images are recognised always. A judge was trained on them, so that they would be no ceiling."""
    images = painted_images(held_out_labels_are_right=right)
    row = scores_of(Painter(images), images).rows["real images"]
    assert row["condition_accuracy"].value == row["exact_accuracy"].value == float(right)


def test_kid_of_real_images_compares_training_with_held_out_images() -> None:
    same, brighter = (painted_images(held_out_brightness=brightness) for brightness in (100, 160))
    for images, low, high in ((same, -0.2, 0.1), (brighter, 0.3, 100)):
        found = scores_of(Painter(images), images).rows["real images"]["kid[judge]"].value
        assert low < found < high
    training, held_out = same.part(held_out=False), same.part(held_out=True)
    judge = brightest_channel(Class("rgb"))
    evenly = torch.linspace(0, len(training) - 1, len(held_out)).long()
    some = judge.classify(training.images[evenly], training.labels[evenly])
    reals = judge.classify(held_out.images, held_out.labels)
    assert scores_of(Painter(same), same).rows["real images"]["kid[judge]"] == kid(some, reals, same.condition)


def test_kid_of_real_images_uses_each_training_image_once_if_more_are_held_out() -> None:
    images = replace(painted_images(), held_out=torch.arange(1200) % 4 > 0)
    judge = brightest_channel(Class("rgb"))
    training, held_out = (
        judge.classify(part.images, part.labels) for part in (images.part(held_out=False), images.part(held_out=True))
    )
    found = evaluate(Painter(images), images, {}, judge).rows["real images"]["kid[judge]"]
    assert found == kid(training, held_out, images.condition)


def test_kid_of_a_generator_compares_with_held_out_images() -> None:
    images = painted_images(held_out_brightness=160)
    generator = Painter(images)
    like_training = scores_of(generator, images).rows["generator, held-out conditions"]["kid[judge]"].value
    generator.brightness = 160
    like_held_out = scores_of(generator, images).rows["generator, held-out conditions"]["kid[judge]"].value
    assert like_held_out < 0.1 < 0.3 < like_training


@pytest.mark.parametrize("follows", [True, False])
def test_a_generator_that_follows_its_conditions_is_always_right(follows: bool) -> None:
    images = painted_images()
    scores = scores_of(Painter(images, wrong=() if follows else (0, 1, 2)), images)
    for row in ("generator, held-out conditions", "generator, test"):
        assert scores.rows[row]["condition_accuracy"].value == scores.rows[row]["exact_accuracy"].value == follows
    assert [exact.value for _, exact in scores.per_condition["test"].values()] == [follows] * 3
    assert {name: estimate.value for name, estimate in scores.per_object["test"].items()} == dict.fromkeys(
        "rgb", follows
    )
    assert scores.rows["untrained, test"]["exact_accuracy"].value < 0.9


def test_each_condition_is_scored_by_its_own_images() -> None:
    images = painted_images()
    scores = scores_of(Painter(images, wrong=[2]), images)
    assert {name: [e.value for e in both] for name, both in scores.per_condition["test"].items()} == {
        "r": [1, 1],
        "g": [1, 1],
        "b": [0, 0],
    }
    assert {name: estimate.value for name, estimate in scores.per_object["test"].items()} == {"r": 1, "g": 1, "b": 0}
    four_draws = proportion(torch.ones(4), torch.ones(4))
    assert scores.per_condition["test"]["g"] == (four_draws, four_draws)
    assert scores.rows["generator, test"]["exact_accuracy"].value == pytest.approx(2 / 3)


def test_a_generator_of_codes_has_code_effects_and_one_of_labels_has_none() -> None:
    images = tiny_images("class", num_images=120)
    grey = replace(images, images=images.images[:, :1])
    judge = small_judge(images.condition, 16)
    options = tiny_options("infogan") | {"categorical": "3", "continuous": "2"}
    codes = untrained(Config.of("infogan", options, "shapes:class", grey, seed=0, precision="no"))
    scores = evaluate(codes, grey, {}, judge, seed=2)
    assert list(scores.code_effects) == ["c1", "c2"]
    assert scores.code_effects == code_effects(codes, seed=2)
    assert json.loads(json.dumps(scores.to_json()))["code_effects"]["c1"].keys() == {"width", "slant"}
    assert not evaluate(untrained(config_of(grey)), grey, {}, judge).code_effects


class CodePainter(LoadedGenerator):
    """A generator of codes whose brightest channel follows the categorical code."""

    def __init__(self, images: Images):
        options = tiny_options("infogan") | {"categorical": "3", "continuous": "1"}
        config = Config.of("infogan", options, "shapes:class", images, seed=0, precision="no")
        super().__init__(untrained(config).network, config)

    def from_latents(self, z: Tensor, c: Tensor, batch_size: int = 100) -> Tensor:
        return painted((c[:, :3].argmax(1) + 1) % 3, 100 + 40 * uniform(len(c)))


def test_codes_that_follow_labels_are_matched_to_them() -> None:
    images = painted_images()
    scores = scores_of(CodePainter(images), images)
    assert scores.meaning == {"class=0": "g", "class=1": "b", "class=2": "r"}
    assert list(scores.rows) == ["real images", "untrained, codes of the prior", "generator, codes of the prior"]
    assert scores.rows["generator, codes of the prior"]["code_accuracy"].value == 1
    assert scores.rows["untrained, codes of the prior"]["code_accuracy"].value < 0.9


def test_kid_of_a_generator_of_codes_compares_with_held_out_images(monkeypatch: pytest.MonkeyPatch) -> None:
    images, shown = painted_images(held_out_brightness=160), []
    generator, judge, held_out = CodePainter(images), brightest_channel(Class("rgb")), images.part(held_out=True)
    monkeypatch.setattr(generator, "from_latents", recorded(generator, lambda z, c, fakes: shown.append(fakes)))
    row = scores_of(generator, images).rows["generator, codes of the prior"]
    (generated,) = shown
    reals, fakes = (judge.classify(each, held_out.labels) for each in (held_out.images, generated))
    assert row["kid[judge]"] == kid(fakes, reals, images.condition)


def test_codes_and_latents_follow_from_the_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The generator gets the codes that the prior gives after seeding, and other ones with another seed."""
    images, calls = painted_images(), []
    generator = CodePainter(images)
    monkeypatch.setattr(generator, "from_latents", recorded(generator, lambda z, c, shown: calls.append((z, c))))
    judge, num_held_out = brightest_channel(Class("rgb")), int(images.held_out.sum())
    for seed, disturbance in ((0, 1), (0, 2), (1, 2)):
        torch.manual_seed(disturbance)
        state = torch.get_rng_state()
        evaluate(generator, images, {}, judge, seed=seed)
        assert torch.equal(torch.get_rng_state(), state)
    first, again, other = [torch.column_stack(call[:2]) for call in calls if len(call[0]) == num_held_out]
    assert torch.equal(first, again)
    assert not (first[:, :-4] == other[:, :-4]).any()  # the latents
    assert not torch.equal(first[:, -4:-1], other[:, -4:-1])  # the categorical code
    assert not (first[:, -1] == other[:, -1]).any()  # the continuous code


def test_images_of_another_vocabulary_cannot_be_scored() -> None:
    images = tiny_images("class", num_images=120)
    other = replace(images, condition=Class(images.condition.values[::-1]))
    with pytest.raises(InputError, match="other labels than those of the run"):
        evaluate(untrained(config_of(images)), other, {}, small_judge(other.condition, 16))
