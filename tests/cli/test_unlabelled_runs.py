"""Runs on images without labels, from training to the playground, and judges that recognise nothing."""

from pathlib import Path

import pytest

from commands import TINY, Command, assert_input_error
from condgan.files import read_json
from condgan.playground.playground import Playground
from condgan.playground.settings import ImageSettings, InterpolationSettings
from written import write_images

CODES = ["infogan", "--set", "categorical=3", "--set", "continuous=1", "--set", "discriminator_width=4"]


@pytest.fixture
def flat(tmp_path: Path) -> Path:
    write_images(tmp_path / "flat", [f"{i}.png" for i in range(40)])
    return tmp_path / "flat"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("recipe", "condition", "rows"),
    [(CODES, "class=2, c1=0.5", "codes of the prior"), (["dcgan"], "nothing", "no condition")],
    ids=["codes", "unconditional"],
)
def test_a_run_without_labels_is_trained_generated_scored_reported_and_played(
    condgan: Command, flat: Path, tmp_path: Path, recipe: list[str], condition: str, rows: str
) -> None:
    run = tmp_path / "runs" / recipe[0]
    result = condgan("train", *recipe, "--data", flat, *TINY, "--steps", "2", "--runs", run.parent)
    assert result.code == 0, result.err
    lines = result.out.splitlines()
    assert lines[0].endswith("condition: nothing, as there are no labels")
    assert lines[1].startswith(f"notice: {flat} has no labels")
    result = condgan("generate", run, "--condition", condition, "--count", "2", "--out", tmp_path / "images")
    assert result.code == 0, result.err
    (tmp_path / "list.json").write_text('["nothing"]')
    result = condgan("evaluate", run, "--conditions", tmp_path / "list.json")
    assert_input_error(result, "--conditions has no effect on a generator without labels; leave it out")
    result = condgan("evaluate", run, "--suite", "full")
    assert result.code == 0, result.err
    assert "no judge, as the images have no labels: not scored are accuracies" in result.out
    metrics = read_json(run / "metrics.json")
    assert f"generator, {rows}" in metrics["rows"]
    assert bool(metrics["breakdowns"]) is (recipe == CODES)  # what Q finds of the codes needs no judge
    result = condgan("report", run, "--out", tmp_path / "page.html")
    assert result.code == 0, result.err
    assert "Seed 0; no judge, as the images have no labels" in (tmp_path / "page.html").read_text()
    playground = Playground.load(run)
    first, last = map(playground.generator.condition.describe, (playground.first, playground.last))
    assert "data:image/png" in playground.show(ImageSettings(first))[0]
    assert "data:image/png" in playground.show_interpolation(InterpolationSettings(first, last, frames=2))[0]


def test_recipes_that_need_labels_say_what_to_do(condgan: Command, flat: Path, tmp_path: Path) -> None:
    for recipe in (["cdcgan"], ["infogan", "--set", "categorical=", "--set", "continuous=0"]):
        result = condgan("train", *recipe, "--data", flat, *TINY, "--steps", "1", "--runs", tmp_path / "runs")
        assert_input_error(result, f"--data {flat}: recipe {recipe[0]}: found no labels", "sub-folder for each class")
    assert not (tmp_path / "runs").exists()


def test_judges_are_refused_without_labels(condgan: Command, flat: Path, tmp_path: Path) -> None:
    judge = tmp_path / "judge.safetensors"
    words = ["train", *CODES, "--data", flat, *TINY, "--steps", "1", "--runs", tmp_path / "runs"]
    assert_input_error(condgan(*words, "--judge", judge), f"--judge {judge}: found no labels")
    assert condgan(*words).code == 0
    for option in ("--judge", "--second-judge"):
        result = condgan("evaluate", tmp_path / "runs" / "infogan", option, judge)
        assert_input_error(result, f"{option} {judge}: {flat} has no labels")
    assert_input_error(condgan("judge", "score", flat, "--resolution", "16"), "the images are not labelled")


def test_a_judge_that_recognises_no_more_than_chance_scores_nothing(condgan: Command, tmp_path: Path) -> None:
    data, judge, runs = tmp_path / "noise", tmp_path / "judge.safetensors", tmp_path / "runs"
    parts = {"train": range(80), "test": range(80, 120)}  # one step, of noise
    write_images(data, [f"{part}/{'ab'[i % 2]}/{i}.png" for part, numbers in parts.items() for i in numbers])
    result = condgan("judge", "train", data, "--resolution", "16", "--epochs", "1", "--out", judge)
    assert result.code == 0, result.err
    assert "by chance            0.500" in result.out
    assert "warning: it recognises" in result.out
    assert "train it longer with --epochs" in result.out
    training = ["train", "cdcgan", "--data", data, *TINY, "--steps", "1", "--runs", runs]
    refused = (f"judge {judge}: it recognises", "no more than chance, 0.50", "more --epochs")
    assert_input_error(condgan(*training, "--judge", judge), *refused)
    assert condgan(*training).code == 0
    assert_input_error(condgan("evaluate", runs / "cdcgan", "--judge", judge), *refused)
    assert condgan("judge", "score", data, "--judge", judge, "--resolution", "16").code == 0
