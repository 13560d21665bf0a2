"""Scores of generators of codes."""

import json
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from condgan.conditions import Class
from condgan.config import Config
from condgan.data import Images
from condgan.evaluate import evaluate
from condgan.generate import LoadedGenerator, untrained
from condgan.judge import small_judge
from condgan.metrics import code_effects, kid
from contracts import tiny_images, tiny_options
from painters import brightest_channel, config_of, painted, painted_images, recorded, scores_of, uniform


@pytest.mark.parametrize("categorical", ["3", ""])
@pytest.mark.parametrize("num_held_out", [1, 2])
def test_a_generator_of_codes_is_scored_by_the_images_that_there_are(num_held_out: int, categorical: str) -> None:
    images = tiny_images("class")
    images = replace(images, held_out=torch.arange(len(images)) < num_held_out)
    options = tiny_options("infogan") | {"categorical": categorical, "continuous": "1"}
    generator = untrained(Config.of("infogan", options, "shapes:class", images, seed=0, precision="no"))
    row = evaluate(generator, images, {}, small_judge(images.condition, 16)).rows["generator, codes of the prior"]
    assert list(row) == (["code_accuracy"] if categorical and num_held_out > 1 else [])


@pytest.mark.parametrize(("categorical", "metrics"), [("3", {"code_accuracy", "kid[judge]"}), ("", {"kid[judge]"})])
def test_only_categorical_codes_are_matched_to_labels(categorical: str, metrics: set[str]) -> None:
    images = tiny_images("class", num_images=120)
    options = tiny_options("infogan") | {"categorical": categorical, "continuous": "1"}
    generator = untrained(Config.of("infogan", options, "shapes:class", images, seed=0, precision="no"))
    scores = evaluate(generator, images, {}, small_judge(images.condition, 16))
    assert set(scores.rows["generator, codes of the prior"]) == metrics
    assert bool(scores.meaning) is bool(categorical)


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
