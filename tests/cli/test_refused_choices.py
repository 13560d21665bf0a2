"""Choices that would have no effect, or another one than was meant, and data that are no longer those of a run."""

from pathlib import Path

import pytest

from commands import TINY, Command, assert_input_error
from written import write_csv


def test_evaluate_refuses_data_that_changed_since_the_training(condgan: Command, tmp_path: Path) -> None:
    write_csv(tmp_path / "faces", "hair", [("dark", "fair")[i % 2] for i in range(100)])
    words = ["train", "cdcgan", "--data", tmp_path / "faces", *TINY, "--kimg", "0.008", "--runs", tmp_path]
    assert condgan(*words).code == 0
    judge = tmp_path / "judge.safetensors"
    words = ["judge", "train", tmp_path / "faces", "--resolution", "16", "--epochs", "2", "--out", judge]
    assert condgan(*words).code == 0
    write_csv(tmp_path / "faces", "hair", [("dark", "fair")[i % 2] for i in range(101)])
    words = ["evaluate", tmp_path / "cdcgan", "--judge", judge, "--draws", "1"]
    found = "faces are not those of the training, so that held-out images may have been trained on"
    assert_input_error(condgan(*words), found)
    assert_input_error(condgan(*words, "--split", "auto"), found)
    result = condgan(*words, "--split", "every-20th")
    assert f"warning: {tmp_path / 'cdcgan'}: the images, labels or split of" in result.out + result.err
    assert "of the training" not in condgan(*words, "--data", tmp_path / "faces").err


def test_a_judge_is_not_trained_on_what_is_left_for_the_gans(condgan: Command, tmp_path: Path) -> None:
    result = condgan("judge", "train", "shapes", "--judge-part", "0.2", "--out", tmp_path / "judge.safetensors")
    assert_input_error(result, "--judge-part is for `condgan train`", "use --part")


@pytest.mark.parametrize("option", [["--min-objects", "2"], ["--max-objects", "2"], ["--hold-out-triples"]])
def test_options_of_random_scenes_are_refused_with_a_label_file(
    condgan: Command, tmp_path: Path, option: list[str]
) -> None:
    (tmp_path / "train.json").write_text('{"CLEVR_train_000000_0.png": ["red cube"]}')
    result = condgan("data", "render", tmp_path / "out", "--labels", tmp_path / "train.json", *option)
    assert_input_error(result, f"{option[0]} has no effect on the scenes of --labels; leave it out")
    assert not (tmp_path / "out").exists()
