from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from condgan.budget import Budget
from condgan.callbacks import NUM_LABELS, Callback, accuracy_at_saves
from condgan.conditions import Class, Codes, Condition
from condgan.config import Config
from condgan.data import Images
from condgan.generate import Conditions, LoadedGenerator, untrained
from condgan.judge import Judge, small_judge
from condgan.log import read_lines
from condgan.run import Run
from condgan.scores import KID
from contracts import leaves, tiny_images, tiny_options

EVERY_STEP = 1e-9  # minutes


@pytest.fixture(scope="module")
def images() -> Images:
    return tiny_images("multi_label", num_images=120)


@pytest.fixture(scope="module")
def judge(images: Images) -> Judge:
    torch.manual_seed(0)
    return small_judge(images.condition, 16).eval()


def config_of(images: Images) -> Config:
    return Config.of("cdcgan", tiny_options("cdcgan"), "shapes", images, seed=0, precision="no")


def make_run(folder: Path, images: Images) -> Run:
    return Run(folder, config_of(images), resume=True)


def train(run: Run, images: Images, steps: int, callback: Callback | None) -> None:
    """Trains up to a step, of four images each, and saves after each."""
    list(run.train(images, Budget(kimg=steps * 0.004), save_minutes=EVERY_STEP, callback=callback))


def callback_of(images: Images, judge: Judge, condition: Condition | None = None) -> Callback:
    callback = accuracy_at_saves(images, judge, condition or images.condition)
    assert callback is not None
    return callback


def final_state(run: Run) -> dict[str, torch.Tensor]:
    return leaves(torch.load(run.checkpoints[-1], weights_only=True)["state"])


def test_every_save_and_step_0_are_scored(tmp_path: Path, images: Images, judge: Judge) -> None:
    run = make_run(tmp_path, images)
    train(run, images, 3, callback_of(images, judge))
    lines = read_lines(tmp_path / "scores.jsonl")
    assert [line["step"] for line in lines] == [0, 1, 2, 3]
    for line in lines:
        assert list(line) == ["step", "kimg", "seconds", "condition_accuracy", "exact_accuracy", KID]
        assert 0 <= line["exact_accuracy"] <= line["condition_accuracy"] <= 1
    assert lines[-1]["kimg"] == pytest.approx(0.012)
    assert len({line[KID] for line in lines}) == 4  # the generator changes


def test_callbacks_do_not_change_the_training(tmp_path: Path, images: Images, judge: Judge) -> None:
    scored, plain = make_run(tmp_path / "scored", images), make_run(tmp_path / "plain", images)
    train(scored, images, 4, callback_of(images, judge))
    train(plain, images, 4, None)
    assert not (plain.folder / "scores.jsonl").exists()
    left, right = final_state(scored), final_state(plain)
    assert [name for name in left if not torch.equal(left[name], right[name])] == []


def test_scores_after_the_checkpoint_are_removed_on_resume(tmp_path: Path, images: Images, judge: Judge) -> None:
    callback = callback_of(images, judge)
    train(make_run(tmp_path, images), images, 2, callback)
    with (tmp_path / "scores.jsonl").open("a") as scores:
        scores.write('{"step": 3, "kimg": 0.012}\n')  # as if the next checkpoint had been lost
    train(make_run(tmp_path, images), images, 3, callback)
    lines = read_lines(tmp_path / "scores.jsonl")
    assert [line["step"] for line in lines] == [0, 1, 2, 3]
    assert "exact_accuracy" in lines[-1]


def test_a_score_that_is_not_finite_is_null_and_the_run_continues(tmp_path: Path, images: Images) -> None:
    def callback(generator: LoadedGenerator) -> Mapping[str, float]:
        return {"fid": float("inf"), "kid": float("nan"), "accuracy": 0.5}

    train(make_run(tmp_path, images), images, 2, callback)
    train(make_run(tmp_path, images), images, 3, callback)
    lines = read_lines(tmp_path / "scores.jsonl")
    assert [(line["step"], line["fid"], line["kid"], line["accuracy"]) for line in lines] == [
        (step, None, None, 0.5) for step in range(4)
    ]


def test_equal_generators_have_equal_scores(images: Images, judge: Judge) -> None:
    generator, callback = untrained(config_of(images)), callback_of(images, judge)
    first = callback(generator)
    torch.manual_seed(5)
    assert callback(generator) == first


def test_at_most_200_conditions_are_generated(judge: Judge) -> None:
    images = tiny_images("multi_label", num_images=20 * (NUM_LABELS + 50))
    sizes = []

    class Counting(LoadedGenerator):
        def generate(self, conditions: Conditions, *args: Any, **options: Any) -> torch.Tensor:
            sizes.append(len(conditions))
            return images.images[: len(conditions)]

    scores = callback_of(images, judge)(Counting(untrained(config_of(images)).network, config_of(images)))
    assert sizes == [NUM_LABELS]
    assert scores[KID] < 0.01  # real images against real images


@pytest.mark.parametrize(("num_held_out", "has_kid"), [(1, False), (3, False), (4, True)])
def test_kid_is_left_out_if_there_are_too_few_images(judge: Judge, num_held_out: int, has_kid: bool) -> None:
    images = tiny_images("multi_label")
    images = replace(images, held_out=torch.arange(len(images)) < num_held_out)
    scores = callback_of(images, judge)(untrained(config_of(images)))
    assert (KID in scores) == has_kid
    assert all(abs(score) < float("inf") for score in scores.values())
    assert "condition_accuracy" in scores


def test_without_held_out_images_nothing_is_scored(images: Images, judge: Judge) -> None:
    none = replace(images, held_out=torch.zeros_like(images.held_out))
    for condition in (images.condition, Codes({"class": 3})):
        assert accuracy_at_saves(none, judge, condition) is None


def test_undefined_scores_are_left_out(judge: Judge) -> None:
    """Held-out images that show nothing have no condition accuracy."""
    images = tiny_images("multi_label")
    empty = replace(images, labels=torch.where(images.held_out[:, None], 0, images.labels))
    scores = callback_of(empty, judge)(untrained(config_of(images)))
    assert "condition_accuracy" not in scores
    assert "exact_accuracy" in scores


def test_continuous_codes_alone_cannot_be_scored(images: Images, judge: Judge) -> None:
    assert accuracy_at_saves(images, judge, Codes({}, ["a", "b"])) is None


def test_a_condition_other_than_the_data_sets_cannot_be_scored(images: Images, judge: Judge) -> None:
    assert accuracy_at_saves(images, judge, Class("ab")) is None


@pytest.mark.parametrize(("shift", "varies", "accuracy"), [(0, 1, 1.0), (1, 1, 1.0), (0, 0, 0.33)])
def test_codes_are_scored_by_the_labels_that_the_judge_predicts(shift: int, varies: int, accuracy: float) -> None:
    """The judge predicts the brightest channel. The code determines it, up to a permutation, or does not."""
    images = replace(
        tiny_images("class", num_images=2000), condition=Class("rgb"), labels=torch.arange(2000) % 3, condition_lists={}
    )
    head = nn.Linear(3, 3, bias=False)
    nn.init.eye_(head.weight)
    judge = Judge(images.condition, 16, nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()), head, "brightest")

    class Channel(LoadedGenerator):
        def generate(self, conditions: Conditions, *args: Any, **options: Any) -> torch.Tensor:
            assert isinstance(conditions, torch.Tensor)
            brightest = (varies * conditions[:, 0].long() + shift) % 3
            return torch.eye(3)[brightest][:, :, None, None].mul(255).expand(-1, -1, 16, 16).byte()

    generator = Channel(untrained(config_of(images)).network, config_of(images))
    scores: Mapping[str, float] = callback_of(images, judge, Codes({"class": 3}))(generator)
    assert scores.keys() == {"code_accuracy", KID}
    assert scores["code_accuracy"] == pytest.approx(accuracy, abs=0.1)
