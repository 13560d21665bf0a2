"""Judges on the command line: architectures, a part of the images of their own, and a second judge."""

import json
import shutil
from pathlib import Path

import pytest

from commands import TINY, Command, assert_input_error, forget_accuracy
from condgan.files import read_json

CONDITIONS = [["red square"], ["blue circle", "red square"]]


@pytest.fixture
def run(finished: Path, tmp_path: Path) -> Path:
    """A run that a test may score, beside a list of conditions."""
    shutil.copytree(finished / "runs" / "cdcgan", tmp_path / "run")
    (tmp_path / "few.json").write_text(json.dumps(CONDITIONS))
    return tmp_path / "run"


@pytest.mark.slow
def test_a_judge_with_a_part_of_its_own_saw_no_training_image_of_a_run(condgan: Command, tmp_path: Path) -> None:
    judge = tmp_path / "judge.safetensors"
    words = ["shapes", "--resolution", "16", "--epochs", "1", "--architecture", "dilated", "--out", judge]
    result = condgan("judge", "train", *words, "--part", "0.2")
    assert result.code == 0, result.err
    assert "GANs leave them out with --judge-part 0.2" in result.out
    (tmp_path / "few.json").write_text(json.dumps(CONDITIONS))
    found = {}
    for name, part in {"apart": ["--judge-part", "0.2"], "shared": []}.items():
        words = ["train", "cdcgan", "--data", "shapes", *TINY, "--kimg", "0.008", "--runs", tmp_path, "--name", name]
        result = condgan(*words, *part)
        assert result.code == 0, result.err
        forget_accuracy(judge, tmp_path / name)
        scoring = ["--judge", judge, "--draws", "1", "--conditions", tmp_path / "few.json"]
        result = condgan("evaluate", tmp_path / name, *scoring)
        assert result.code == 0, result.err
        found[name] = " ".join(result.out.split())
    num_training = read_json(tmp_path / "apart" / "metrics.json")["num_training"]
    assert f"judge dilated: trained on none of the {num_training} training images" in found["apart"]
    saw = read_json(tmp_path / "shared" / "metrics.json")["judges_saw"]["judge"]
    assert saw > 0
    assert f"judge dilated: trained on {saw} of the" in found["shared"]


def test_both_judges_are_in_the_table_and_on_the_page(condgan: Command, finished: Path, run: Path) -> None:
    second = run.parent / "second.safetensors"
    words = ["judge", "train", "shapes", "--resolution", "16", "--epochs", "1", "--architecture", "dilated"]
    assert condgan(*words, "--out", second).code == 0
    judges = ["--judge", finished / "judge.safetensors", "--second-judge", second]
    result = condgan("evaluate", run, *judges, "--draws", "2", "--conditions", run.parent / "few.json")
    assert result.code == 0, result.err
    metrics = read_json(run / "metrics.json")
    assert (metrics["judge"], metrics["second_judge"]) == ("small", "dilated")
    row = metrics["rows"]["generator, few"]
    assert {"exact_accuracy", "exact_accuracy[second]", "disagreement"} <= row.keys()
    assert "few: accuracy by value" in result.out
    for name in ("disagreement", "second dilated: trained on"):
        assert name in result.out
    page = run.parent / "page.html"
    assert condgan("report", run, "--out", page).code == 0
    assert "second dilated: trained on" in page.read_text()


def test_classifiers_are_trained_if_asked_for(
    condgan: Command, finished: Path, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("condgan.evaluate.MOST_CLASSIFIED", 64)  # a step for each epoch
    words = ["evaluate", run, "--judge", finished / "judge.safetensors", "--draws", "1"]
    result = condgan(*words, "--conditions", run.parent / "few.json", "--train-classifier")
    assert result.code == 0, result.err
    rows = read_json(run / "metrics.json")["rows"]
    having = {name for name, row in rows.items() if "classifier_accuracy" in row}
    assert having == {"real images", "generator, held-out conditions"}


def test_lists_of_conditions_need_names_of_their_own(condgan: Command, finished: Path, run: Path) -> None:
    words = ["evaluate", run, "--judge", finished / "judge.safetensors"]
    shutil.copy(run.parent / "few.json", run.parent / "neighbours.json")
    assert_input_error(condgan(*words, "--conditions", run.parent / "neighbours.json"), "'neighbours'", "rename")
    (run / "few.json").write_text("[]")
    both = ["--conditions", run / "few.json", "--conditions", run.parent / "few.json"]
    assert_input_error(condgan(*words, *both), "--conditions", "the same name", "rename one of them")


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["--architecture", "dilate"], ["--architecture: found 'dilate'", "did you mean 'dilated'", "small, dilated"]),
        (["--part", "1.5"], ["--part: found 1.5", "expected a share between 0 and 1"]),
    ],
)
def test_wrong_options_of_a_judge_are_refused(
    condgan: Command, tmp_path: Path, words: list[str], parts: list[str]
) -> None:
    assert_input_error(condgan("judge", "train", "shapes", *words, "--out", tmp_path / "judge.safetensors"), *parts)
    assert not list(tmp_path.iterdir())


def test_an_unknown_feature_space_is_refused_before_anything_is_scored(condgan: Command, run: Path) -> None:
    assert_input_error(condgan("evaluate", run, "--features", "incepton"), "--features", "did you mean 'inception'")
    assert not (run / "metrics.json").is_file()
