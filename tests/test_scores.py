"""The scores of a run as a file."""

import json
from math import isnan
from pathlib import Path

import pytest

from condgan.errors import InputError
from condgan.metrics import UNDEFINED, Estimate
from condgan.scores import Scores, generator_hash

RESULTS = Path(__file__).parents[1] / "docs" / "results"


def test_undefined_estimates_are_null_in_the_file_and_read_again(tmp_path: Path) -> None:
    single = Estimate(0.5, float("nan"), float("nan"))  # of one image, which has no interval
    scores = Scores("small", 1, 0, {"real": {"density": single}}, {"list": {"nothing": (UNDEFINED, single)}})
    (tmp_path / "metrics.json").write_text(json.dumps(scores.to_json(), allow_nan=False))
    read = Scores.read(tmp_path)
    assert str(read.rows["real"]["density"]) == "0.500 [nan, nan]"
    undefined, exact = read.per_condition["list"]["nothing"]
    assert all(map(isnan, undefined))
    assert exact.value == 0.5
    assert json.dumps(read.to_json()) == json.dumps(scores.to_json())


@pytest.mark.parametrize("file", sorted(RESULTS.glob("**/*metrics.json")), ids=str)
def test_published_scores_are_read_and_written_unchanged(file: Path, tmp_path: Path) -> None:
    """Some are of earlier formats, whose missing entries get their defaults."""
    (tmp_path / "metrics.json").write_text(file.read_text())
    before, after = json.loads(file.read_text()), Scores.read(tmp_path).to_json()
    assert {name: json.dumps(after[name]) for name in before} == {name: json.dumps(before[name]) for name in before}


@pytest.mark.parametrize("depth", [100, 600, 900, 100_000])
def test_lists_in_lists_are_refused(tmp_path: Path, depth: int) -> None:
    (tmp_path / "metrics.json").write_text('{"judge": ' + "[" * depth + "]" * depth + "}")
    with pytest.raises(InputError, match=r"metrics\.json"):
        Scores.read(tmp_path)


def test_scores_of_an_earlier_generator_are_told(tmp_path: Path) -> None:
    model = tmp_path / "generator.safetensors"
    model.write_bytes(b"first")
    for known in (generator_hash(tmp_path), ""):  # earlier versions did not record it
        model.write_bytes(b"first")
        content = {"judge": "small", "draws": 1, "seed": 0, "rows": {}, "generator_hash": known}
        (tmp_path / "metrics.json").write_text(json.dumps(content))
        assert Scores.read(tmp_path).outdated(tmp_path) == ""
        model.write_bytes(b"second")
        assert bool(Scores.read_any(tmp_path).outdated(tmp_path)) == bool(known)
        if known:
            with pytest.raises(
                InputError, match=r"metrics\.json: scores of an earlier generator.*; run condgan evaluate"
            ):
                Scores.read(tmp_path)
    model.unlink()  # as of published scores
    assert Scores.read(tmp_path).generator_hash == ""


def test_files_without_a_format_are_of_the_first_one(tmp_path: Path) -> None:
    (tmp_path / "metrics.json").write_text(json.dumps({"judge": "small", "draws": 1, "seed": 0, "rows": {}}))
    assert Scores.read(tmp_path).format == 1
    (tmp_path / "metrics.json").write_text("[]")
    with pytest.raises(InputError, match=r"metrics.json: found \[\], expected an object"):
        Scores.read(tmp_path)
