"""`condgan data split`, and commands that use what it writes."""

import json
import shutil
from pathlib import Path

import pytest

from commands import TINY, Command, assert_input_error
from condgan.data import Reading, load_images
from condgan.files import read_json


@pytest.mark.parametrize("what", ["triples", "pairs", "colour-shape", "count"])
def test_images_with_what_is_held_out_are_not_trained_on(condgan: Command, tmp_path: Path, what: str) -> None:
    result = condgan("data", "split", "shapes", "--hold-out", what, "--share", "0.02", "--out", tmp_path / "new.json")
    assert result.code == 0, result.err
    combinations = read_json(tmp_path / "new.json")
    images = load_images("shapes", 8, reading=Reading(hold_out=combinations))
    assert 0 < images.num_training < load_images("shapes", 8).num_training
    assert f"combinations held out: {len(combinations)}; {images.num_training} of 4096 images" in result.out
    trained = [set(text.split(", ")) for text in images.condition.describe_all(images.labels[~images.held_out])]
    assert not any(set(part) <= values for part in combinations[:20] for values in trained)
    seen, unseen = (
        [set(text.split(", ")) for text in read_json(tmp_path / f"new-{name}.json")] for name in ("seen", "unseen")
    )
    assert all(values in trained for values in seen)
    assert not any(values in trained for values in unseen)


def test_a_run_records_what_is_held_out_and_evaluate_reports_the_gap(
    condgan: Command, finished: Path, tmp_path: Path
) -> None:
    split = tmp_path / "pairs.json"
    assert condgan("data", "split", "shapes", "--hold-out", "pairs", "--share", "0.02", "--out", split).code == 0
    words = ["train", "cdcgan", "--data", "shapes", *TINY, "--kimg", "0.008", "--runs", tmp_path, "--split", split]
    result = condgan(*words)
    assert result.code == 0, result.err
    combinations = read_json(split)
    split.unlink()  # the run records it
    assert read_json(tmp_path / "cdcgan" / "run.json")["reading"] == {"hold_out": combinations}
    lists = []
    for name in ("seen", "unseen"):
        file = tmp_path / f"pairs-{name}.json"
        file.write_text(json.dumps(read_json(file)[:5]))
        lists += ["--conditions", file]
    words = ["evaluate", tmp_path / "cdcgan", "--judge", finished / "judge.safetensors", "--draws", "2"]
    result = condgan(*words, *lists)
    assert result.code == 0, result.err
    metrics = read_json(tmp_path / "cdcgan" / "metrics.json")
    assert metrics["occurrences"] == {
        "pairs-seen": {"seen": 5, "unseen": 0},
        "pairs-unseen": {"seen": 0, "unseen": 5},
    }
    assert metrics["composition"].keys() == {"seen", "unseen", "gap"}
    result = condgan(*words, *lists, "--split", "auto")  # overrides that of the run, although it is the default
    assert result.code == 0, result.err
    metrics = read_json(tmp_path / "cdcgan" / "metrics.json")
    assert metrics["occurrences"]["pairs-unseen"] == {"seen": 5, "unseen": 0}


def test_wrong_splits_are_refused(condgan: Command, tmp_path: Path) -> None:
    words = ["data", "split", "shapes", "--hold-out"]
    assert_input_error(condgan(*words, "pair", "--out", tmp_path / "a.json"), "did you mean 'pairs'")
    assert_input_error(condgan(*words, "pairs", "--out", tmp_path / "a.txt"), "a.txt", "ends with .json")
    unlabelled = ["data", "split", "shapes:codes", "--hold-out", "pairs", "--out", tmp_path / "a.json"]
    assert_input_error(condgan(*unlabelled), "no labels")
    file = tmp_path / "broken.json"
    for content, part in (('{"a": 1}', "lists of values"), ('[["red sqare"]]', "did you mean 'red square'")):
        file.write_text(content)
        assert_input_error(condgan("data", "inspect", "shapes", "--split", file), part)
    shutil.rmtree(tmp_path)
    assert_input_error(condgan("data", "inspect", "shapes", "--split", file), "broken.json")
