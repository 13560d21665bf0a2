"""What bad input gets: exit code 2, one message, and nothing half-written."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from commands import TINY, Command, assert_nothing_half_written, assert_refused
from conftest import Folder

TRAINING = [
    (["acgann", "--data", "shapes"], ["unknown recipe 'acgann'; did you mean 'acgan'"]),
    (["no_such_module:recipe", "--data", "shapes"], ["no_such_module"]),
    (["faulty:recipe", "--data", "shapes"], ["faulty", "recipe"]),
    (["cdcgan", "--data", "shapes", "--set", "widht=4"], ["no option 'widht'; did you mean 'width'"]),
    (["cdcgan", "--data", "shapes", "--set", "width=four"], ["cdcgan option width: found 'four'"]),
    (["cdcgan", "--data", "shapes", "--set", "width=0"], ["cdcgan option width", "greater than 0"]),
    (["acgan", "--data", "shapes", "--set", "real_target=1,0.7"], ["real_target", "0.7"]),
    (["acgan", "--data", "shapes", "--set", "real_target=0.7"], ["real_target"]),
    (["acgan", "--data", "shapes", "--set", "dropout=1.5"], ["dropout", "less than 1"]),
    (["cdcgan", "--data", "shapes", "--set", "width"], ["--set width: expected NAME=VALUE"]),
    (["cdcgan", "--data", "shapes", "--resolution", "60"], ["resolution 60: expected a power of two", "64"]),
    (["cdcgan", "--data", "shaps"], ["'shaps'", "did you mean 'shapes'"]),
    (
        ["cdcgan", "--data", "shapes", "--precision", "fp8"],
        ["--precision: found 'fp8', expected one of no, bf16, auto"],
    ),
    (["cdcgan", "--data", "shapes", "--kimg", "-1"], ["--kimg", "positive"]),
    (["cdcgan", "--data", "shapes", "--minutes", "0"], ["--minutes", "positive"]),
]


@pytest.mark.parametrize(("words", "parts"), TRAINING, ids=[" ".join(words[:1] + words[3:]) for words, _ in TRAINING])
def test_a_wrong_request_to_train_is_refused_and_leaves_nothing(
    condgan: Command, tmp_path: Path, words: Sequence[str], parts: Sequence[str]
) -> None:
    assert_refused(condgan("train", *words, "--runs", tmp_path / "runs"), *parts)
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["cdcgan", "--resolution", "16", "--set", "batch_size=5000"], ["batch_size 5000", "training images"]),
        (["acgan", "--resolution", "8"], ["resolution 8", "at least 16"]),
    ],
)
def test_a_request_that_cannot_be_played_leaves_nothing(
    condgan: Command, tmp_path: Path, words: Sequence[str], parts: Sequence[str]
) -> None:
    assert_refused(condgan("train", *words, "--data", "shapes", "--runs", tmp_path / "runs"), *parts)
    assert not (tmp_path / "runs").exists()


def test_no_images_at_all_are_not_a_budget(condgan: Command, tmp_path: Path) -> None:
    words = ["train", "cdcgan", "--data", "shapes", *TINY, "--minutes", "0.0001", "--runs", tmp_path]
    assert_refused(condgan(*words, "--kimg", "0"), "--kimg")


@pytest.mark.parametrize("words", [["train"], ["train", "cdcgan"], ["generate"], ["nonsense"], ["train", "--nonsense"]])
def test_a_command_that_is_misspelt_or_incomplete_exits_with_two(condgan: Command, words: Sequence[str]) -> None:
    done = condgan(*words)
    assert done.code == 2
    assert "Traceback" not in done.err
    assert done.err


def spoil_frame(folder: Folder) -> str:
    folder.first_frame.write_bytes(folder.first_frame.read_bytes()[:100])
    return folder.first_frame.name


def spoil_json(folder: Folder) -> str:
    (folder.path / "train.json").write_text('{"a":')
    return "train.json, line 1"


def spoil_encoding(folder: Folder) -> str:
    (folder.path / "train.json").write_bytes(b'{"\xff": ["red cube"]}')
    return "train.json"


def spoil_held_out(folder: Folder) -> str:
    folder.write("held_out.json", ["first"])
    return "held_out.json"


def spoil_label(folder: Folder) -> str:
    folder.write("train.json", {folder.first_frame.name: ["rad cube"]})
    return "did you mean 'red cube'"


@pytest.mark.parametrize(
    "spoil",
    [
        spoil_frame,
        spoil_json,
        spoil_label,
        spoil_encoding,
        spoil_held_out,
    ],
)
def test_spoilt_data_are_refused_and_leave_nothing(
    condgan: Command, iclevr_folder: Folder, tmp_path: Path, spoil: Callable[[Folder], str]
) -> None:
    named = spoil(iclevr_folder)
    words = ["train", "cdcgan", "--data", iclevr_folder.path, *TINY, "--runs", tmp_path / "runs"]
    assert_refused(condgan(*words), named)
    assert not (tmp_path / "runs").exists()
    assert_nothing_half_written(tmp_path)


def test_a_folder_in_use_is_refused_and_left_alone(condgan: Command, finished: Path) -> None:
    before = {file: file.stat().st_mtime_ns for file in (finished / "runs" / "cdcgan").rglob("*")}
    words = ["train", "cdcgan", "--data", "shapes", *TINY, "--runs", finished / "runs"]
    assert_refused(condgan(*words), "not empty", "--resume")
    assert_refused(condgan(*words, "--resume", "--seed", "1"), "started with seed 0, found 1")
    assert {file: file.stat().st_mtime_ns for file in (finished / "runs" / "cdcgan").rglob("*")} == before


@pytest.mark.parametrize(
    ("condition", "part"),
    [("red squre", "did you mean 'red square'"), ("red square, red square", "named twice"), ("", "empty name")],
)
def test_a_wrong_condition_is_refused(
    condgan: Command, finished: Path, tmp_path: Path, condition: str, part: str
) -> None:
    out = tmp_path / "out"
    assert_refused(condgan("generate", finished / "runs" / "cdcgan", "--condition", condition, "--out", out), part)
    assert not out.exists()


def test_a_run_that_is_not_there_is_named(condgan: Command, tmp_path: Path) -> None:
    assert_refused(condgan("generate", tmp_path / "nowhere", "--condition", "red square"), "nowhere", "no such file")
    assert_refused(condgan("generate", tmp_path, "--condition", "red square"), "generator.safetensors: no such file")
    assert_refused(condgan("evaluate", tmp_path / "nowhere"), "nowhere: no such run")


def test_a_broken_generator_is_named(condgan: Command, finished: Path, tmp_path: Path) -> None:
    content = (finished / "runs" / "cdcgan" / "generator.safetensors").read_bytes()
    for name, broken in (("short", content[:-10]), ("empty", b""), ("other", b"PK" * 100)):
        file = tmp_path / f"{name}.safetensors"
        file.write_bytes(broken)
        assert_refused(condgan("generate", file, "--condition", "red square"), f"{name}.safetensors")
    judge = finished / "judge.safetensors"
    assert_refused(condgan("generate", judge, "--condition", "red square"), "names no run")


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["--judge", "nowhere.safetensors"], "nowhere.safetensors: no such file"),
        (["--conditions", "nowhere.json"], "nowhere.json: no such file"),
        (["--data", "shapes:class"], "another vocabulary"),
    ],
)
def test_a_wrong_request_to_evaluate_is_refused(
    condgan: Command, finished: Path, words: Sequence[str], part: str
) -> None:
    run = finished / "runs" / "cdcgan"
    before = sorted(run.iterdir())
    assert_refused(condgan("evaluate", run, *words), part)
    assert sorted(run.iterdir()) == before


@pytest.mark.parametrize("name", ["run.json", "checkpoint"])
def test_a_damaged_run_is_named_on_resume(condgan: Command, tmp_path: Path, name: str) -> None:
    words = ["train", "cdcgan", "--data", "shapes", *TINY, "--runs", tmp_path, "--kimg"]
    assert condgan(*words, "0.008").code == 0
    file = tmp_path / "cdcgan" / name
    if name == "checkpoint":
        (file,) = (tmp_path / "cdcgan" / "checkpoints").iterdir()
        file.write_bytes(file.read_bytes()[:1000])
    else:
        file.write_text("{}")
    assert_refused(condgan(*words, "0.016", "--resume"), file.name)


def test_too_few_images_for_a_judge_are_refused(condgan: Command, iclevr_folder: Folder, tmp_path: Path) -> None:
    out = tmp_path / "judge.safetensors"
    assert_refused(condgan("judge", "train", iclevr_folder.path, "--resolution", "16", "--out", out), "training images")
    assert not out.exists()
