import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from condgan.callbacks import NUM_LABELS
from condgan.conditions import Class, Codes
from condgan.config import Config
from condgan.data import Images
from condgan.errors import InputError
from condgan.generate import untrained
from condgan.judge import Judge, small_judge
from condgan.log import read_lines
from condgan.run import Budget, Callback, Run
from contracts import leaves, tiny_images, tiny_options

EVERY_STEP = 1e-9  # minutes


@pytest.fixture(scope="module")
def images() -> Images:
    return tiny_images("multi_label", num_images=120)


@pytest.fixture(scope="module")
def judge(images: Images) -> Judge:
    torch.manual_seed(0)
    return small_judge(images.condition, 16).eval()


def a_run(folder: Path, images: Images) -> Run:
    config = Config.of("cdcgan", tiny_options("cdcgan"), "shapes", images, seed=0, precision="no")
    return Run(folder, config, resume=True)


def played(run: Run, images: Images, steps: int, watch: Callback | None) -> None:
    """Goes on until so many steps of four images, saving after each."""
    list(run.train(images, Budget(kimg=steps * 0.004), save_minutes=EVERY_STEP, callback=watch))


def final_state(run: Run) -> dict[str, torch.Tensor]:
    return leaves(torch.load(run.checkpoints[-1], weights_only=True)["state"])


def test_every_save_is_scored_and_so_is_the_start(tmp_path: Path, images: Images, judge: Judge) -> None:
    run = a_run(tmp_path, images)
    played(run, images, 3, accuracy_at_saves(images, judge, images.condition))
    lines = read_lines(tmp_path / "scores.jsonl")
    assert [line["step"] for line in lines] == [0, 1, 2, 3]
    assert list(lines[-1]) == ["step", "kimg", "seconds", "condition_accuracy", "exact_accuracy"]
    assert lines[-1]["kimg"] == pytest.approx(0.012)
    assert all(0 <= line[name] <= 1 for line in lines for name in ("condition_accuracy", "exact_accuracy"))


def test_to_be_watched_changes_nothing(tmp_path: Path, images: Images, judge: Judge) -> None:
    watched, alone = a_run(tmp_path / "watched", images), a_run(tmp_path / "alone", images)
    played(watched, images, 4, accuracy_at_saves(images, judge, images.condition))
    played(alone, images, 4, None)
    assert not (alone.folder / "scores.jsonl").exists()
    left, right = final_state(watched), final_state(alone)
    assert [name for name in left if not torch.equal(left[name], right[name])] == []


def test_scores_after_the_saved_step_are_dropped_on_resume(tmp_path: Path, images: Images, judge: Judge) -> None:
    watch = accuracy_at_saves(images, judge, images.condition)
    played(a_run(tmp_path, images), images, 2, watch)
    with (tmp_path / "scores.jsonl").open("a") as scores:
        scores.write('{"step": 3, "kimg": 0.012}\n')  # as if the game had gone on and its checkpoint were lost
    played(a_run(tmp_path, images), images, 3, watch)
    lines = read_lines(tmp_path / "scores.jsonl")
    assert [line["step"] for line in lines] == [0, 1, 2, 3]
    assert "exact_accuracy" in lines[-1]


@pytest.mark.parametrize("broken", ['{"step": 1, "kimg"', "[1, 2]", '{"step": 1}', "null"])
def test_a_broken_line_of_a_journal_is_named(tmp_path: Path, broken: str) -> None:
    file = tmp_path / "log.jsonl"
    file.write_text(json.dumps({"step": 1, "kimg": 0.004}) + "\n" + broken + "\n")
    with pytest.raises(InputError, match=r"log\.jsonl, line 2: found .*expected an object with step and kimg"):
        read_lines(file)


def test_the_same_generator_always_scores_the_same(images: Images, judge: Judge) -> None:
    generator = untrained(Config.of("cdcgan", tiny_options("cdcgan"), "shapes", images, seed=0, precision="no"))
    watch = accuracy_at_saves(images, judge, images.condition)
    first = watch(generator)
    torch.manual_seed(5)
    assert watch(generator) == first


def test_few_conditions_are_drawn_however_many_are_held_out(judge: Judge) -> None:
    images = tiny_images("multi_label", num_images=20 * (NUM_LABELS + 50))
    drawn = []

    def count(c: torch.Tensor) -> torch.Tensor:
        drawn.append(len(c))
        return images.images[: len(c)]

    generator = untrained(Config.of("cdcgan", tiny_options("cdcgan"), "shapes", images, seed=0, precision="no"))
    generator.generate = count  # type: ignore[method-assign,assignment]
    accuracy_at_saves(images, judge, images.condition)(generator)
    assert drawn == [NUM_LABELS]


@pytest.mark.parametrize(("shift", "varies", "accuracy"), [(0, 1, 1.0), (1, 1, 1.0), (0, 0, 0.33)])
def test_codes_are_scored_by_what_the_judge_reads_in_their_images(shift: int, varies: int, accuracy: float) -> None:
    """A judge that reads the brightest channel, and a code that chooses it, in an order of its own, or does not."""
    images = replace(
        tiny_images("class", num_images=2000), condition=Class("rgb"), labels=torch.arange(2000) % 3, condition_lists={}
    )
    head = nn.Linear(3, 3, bias=False)
    nn.init.eye_(head.weight)
    judge = Judge(images.condition, 16, nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()), head, "brightest")

    def generate(c: torch.Tensor) -> torch.Tensor:
        brightest = (varies * c[:, 0].long() + shift) % 3
        return torch.eye(3)[brightest][:, :, None, None].mul(255).expand(-1, -1, 16, 16).byte()

    generator = untrained(Config.of("cdcgan", tiny_options("cdcgan"), "shapes", images, seed=0, precision="no"))
    generator.generate = generate  # type: ignore[method-assign,assignment]
    score = accuracy_at_saves(images, judge, Codes({"class": 3}))(generator)
    assert score == {"code_accuracy": pytest.approx(accuracy, abs=0.1)}
