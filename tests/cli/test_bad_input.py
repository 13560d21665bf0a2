"""Wrong input gives exit code 2 and one message, and leaves no partial file."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from commands import TINY, Command, assert_input_error, assert_no_partial_file
from condgan.weights import read_safetensors, to_safetensors
from conftest import Folder
from written import write_mnist

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
    (["cdcgan", "--data", "sample:test"], ["'sample:test'", "expected sample alone"]),
    (
        ["cdcgan", "--data", "shapes", "--precision", "fp8"],
        ["--precision: found 'fp8', expected one of no, bf16, auto"],
    ),
    (["cdcgan", "--data", "shapes", "--previews", "100"], ["--previews: found '100', expected EVERY:UNTIL in steps"]),
    (["cdcgan", "--data", "shapes", "--kimg", "-1"], ["--kimg: found -1, expected a positive number"]),
    (["cdcgan", "--data", "shapes", "--minutes", "inf"], ["--minutes: found inf, expected a positive number"]),
    (["cdcgan", "--data", "shapes", "--kimg", "nan"], ["--kimg: found nan, expected a positive number"]),
    (["cdcgan", "--data", "shapes", "--minutes", "0"], ["--minutes: found 0, expected a positive number"]),
]


@pytest.mark.parametrize(("words", "parts"), TRAINING, ids=[" ".join(words[:1] + words[3:]) for words, _ in TRAINING])
def test_train_reports_wrong_arguments_and_creates_nothing(
    condgan: Command, tmp_path: Path, words: Sequence[str], parts: Sequence[str]
) -> None:
    assert_input_error(condgan("train", *words, "--runs", tmp_path / "runs"), *parts)
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["cdcgan", "--resolution", "16", "--set", "batch_size=5000"], ["batch_size 5000", "training images"]),
        (["acgan", "--resolution", "8"], ["--data shapes: recipe acgan: resolution 8", "at least 16"]),
    ],
)
def test_train_reports_impossible_sizes_and_creates_nothing(
    condgan: Command, tmp_path: Path, words: Sequence[str], parts: Sequence[str]
) -> None:
    assert_input_error(condgan("train", *words, "--data", "shapes", "--runs", tmp_path / "runs"), *parts)
    assert not (tmp_path / "runs").exists()


def test_a_budget_of_no_images_is_an_error(condgan: Command, tmp_path: Path) -> None:
    words = ["train", "cdcgan", "--data", "shapes", *TINY, "--minutes", "0.0001", "--runs", tmp_path]
    assert_input_error(condgan(*words, "--kimg", "0"), "--kimg")


@pytest.mark.parametrize("words", [["train"], ["train", "cdcgan"], ["generate"], ["nonsense"], ["train", "--nonsense"]])
def test_misspelt_or_incomplete_commands_exit_with_2(condgan: Command, words: Sequence[str]) -> None:
    result = condgan(*words)
    assert result.code == 2
    assert "Traceback" not in result.err
    assert result.err


def break_frame(folder: Folder) -> str:
    folder.first_frame.write_bytes(folder.first_frame.read_bytes()[:100])
    return folder.first_frame.name


def break_json(folder: Folder) -> str:
    (folder.path / "train.json").write_text('{"a":')
    return "train.json, line 1"


def break_encoding(folder: Folder) -> str:
    (folder.path / "train.json").write_bytes(b'{"\xff": ["red cube"]}')
    return "train.json"


def break_held_out(folder: Folder) -> str:
    folder.write("held_out.json", ["first"])
    return "held_out.json"


def break_label(folder: Folder) -> str:
    folder.write("train.json", {folder.first_frame.name: ["rad cube"]})
    return "did you mean 'red cube'"


@pytest.mark.parametrize(
    "damage",
    [
        break_frame,
        break_json,
        break_label,
        break_encoding,
        break_held_out,
    ],
)
def test_train_reports_broken_data_and_creates_nothing(
    condgan: Command, iclevr_folder: Folder, tmp_path: Path, damage: Callable[[Folder], str]
) -> None:
    named = damage(iclevr_folder)
    words = ["train", "cdcgan", "--data", iclevr_folder.path, *TINY, "--runs", tmp_path / "runs"]
    assert_input_error(condgan(*words), named)
    assert not (tmp_path / "runs").exists()
    assert_no_partial_file(tmp_path)


def test_train_does_not_touch_a_folder_that_is_not_empty(condgan: Command, finished: Path) -> None:
    before = {file: file.stat().st_mtime_ns for file in (finished / "runs" / "cdcgan").rglob("*")}
    words = ["train", "cdcgan", "--data", "shapes", *TINY, "--runs", finished / "runs"]
    assert_input_error(condgan(*words), "not empty", "--resume")
    assert_input_error(condgan(*words, "--resume", "--seed", "1"), "runs/cdcgan was started with seed 0, found 1")
    other = [*words[:3], "shapes:class", *TINY, "--runs", finished / "runs", "--resume"]
    assert_input_error(condgan(*other), "runs/cdcgan was started with", "of shapes, found", "their labels", "differ")
    assert {file: file.stat().st_mtime_ns for file in (finished / "runs" / "cdcgan").rglob("*")} == before


def test_train_looks_at_its_folder_before_it_reads_the_data(
    condgan: Command, iclevr_folder: Folder, tmp_path: Path
) -> None:
    break_json(iclevr_folder)
    (tmp_path / "cdcgan").mkdir()
    (tmp_path / "cdcgan" / "notes.txt").touch()
    words = ["train", "cdcgan", "--data", iclevr_folder.path, *TINY, "--runs", tmp_path]
    assert_input_error(condgan(*words), "cdcgan is not empty; choose another --name: no run is in it")
    (tmp_path / "afile").touch()
    assert_input_error(condgan(*words, "--name", "afile"), "afile: found a file, expected a folder")


@pytest.mark.parametrize(
    ("condition", "part"),
    [
        ("red squre", "did you mean 'red square'"),
        ("red square, red square", "named twice"),
        ("red square,,", "empty name"),
    ],
)
def test_generate_reports_wrong_conditions(
    condgan: Command, finished: Path, tmp_path: Path, condition: str, part: str
) -> None:
    out = tmp_path / "out"
    assert_input_error(condgan("generate", finished / "runs" / "cdcgan", "--condition", condition, "--out", out), part)
    assert not out.exists()


def test_missing_runs_are_reported_by_path(condgan: Command, tmp_path: Path) -> None:
    assert_input_error(
        condgan("generate", tmp_path / "nowhere", "--condition", "red square"), "nowhere", "no such file"
    )
    assert_input_error(
        condgan("generate", tmp_path, "--condition", "red square"), "generator.safetensors: no such file"
    )
    assert_input_error(
        condgan("evaluate", tmp_path / "nowhere"), "nowhere: no such folder; expected the folder of a run"
    )


def test_broken_generators_are_reported_by_path(condgan: Command, finished: Path, tmp_path: Path) -> None:
    content = (finished / "runs" / "cdcgan" / "generator.safetensors").read_bytes()
    for name, broken in (("short", content[:-10]), ("empty", b""), ("other", b"PK" * 100)):
        file = tmp_path / f"{name}.safetensors"
        file.write_bytes(broken)
        assert_input_error(condgan("generate", file, "--condition", "red square"), f"{name}.safetensors")
    judge = finished / "judge.safetensors"
    assert_input_error(condgan("generate", judge, "--condition", "red square"), "no configuration in its header")


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["--judge", "nowhere.safetensors"], "nowhere.safetensors: no such file"),
        (["--conditions", "nowhere.json"], "nowhere.json: no such file"),
        (["--data", "shapes:class"], "run: one of 24 classes ("),
    ],
)
def test_evaluate_reports_wrong_arguments_and_changes_nothing(
    condgan: Command, finished: Path, words: Sequence[str], part: str
) -> None:
    run = finished / "runs" / "cdcgan"
    before = sorted(run.iterdir())
    assert_input_error(condgan("evaluate", run, *words), part)
    assert sorted(run.iterdir()) == before


@pytest.mark.parametrize("name", ["run.json", "checkpoint"])
def test_broken_files_of_a_run_are_reported_on_resume(condgan: Command, tmp_path: Path, name: str) -> None:
    words = ["train", "cdcgan", "--data", "shapes", *TINY, "--runs", tmp_path, "--kimg"]
    assert condgan(*words, "0.008").code == 0
    file = tmp_path / "cdcgan" / name
    if name == "checkpoint":
        (file,) = (tmp_path / "cdcgan" / "checkpoints").iterdir()
        file.write_bytes(file.read_bytes()[:1000])
    else:
        file.write_text("{}")
    assert_input_error(condgan(*words, "0.016", "--resume"), file.name)


@pytest.mark.parametrize(
    "change", [{"seed": "0"}, {"resolution": 16.5}, {"options": []}, {"condition": 3}, {"machine": None}]
)
def test_a_configuration_with_values_of_other_types_is_named(
    condgan: Command, finished: Path, tmp_path: Path, change: dict[str, object]
) -> None:
    header, weights = read_safetensors(finished / "runs" / "cdcgan" / "generator.safetensors")
    (name,) = change
    config = json.dumps(json.loads(header["run"]) | change)
    (tmp_path / "a.safetensors").write_bytes(to_safetensors(weights, {"run": config}))
    result = condgan("generate", tmp_path / "a.safetensors", "--condition", "red square")
    assert_input_error(result, f"a.safetensors: {name}: found ")


@pytest.mark.parametrize("change", [{"condition": {}}, {"condition": {"kind": "x"}}, {"resolution": -1}])
def test_a_configuration_without_a_network_is_named(
    condgan: Command, finished: Path, tmp_path: Path, change: dict[str, object]
) -> None:
    header, weights = read_safetensors(finished / "runs" / "cdcgan" / "generator.safetensors")
    config = json.dumps(json.loads(header["run"]) | change)
    (tmp_path / "a.safetensors").write_bytes(to_safetensors(weights, {"run": config}))
    assert_input_error(condgan("generate", tmp_path / "a.safetensors", "--condition", "red square"), "a.safetensors: ")


def test_weights_that_are_not_finite_are_refused(condgan: Command, finished: Path, tmp_path: Path) -> None:
    header, weights = read_safetensors(finished / "runs" / "cdcgan" / "generator.safetensors")
    next(iter(weights.values())).fill_(float("nan"))
    (tmp_path / "a.safetensors").write_bytes(to_safetensors(weights, header))
    result = condgan("generate", tmp_path / "a.safetensors", "--condition", "red square")
    assert_input_error(result, "a.safetensors: found weights that are not finite")


def test_judge_train_reports_too_few_images(condgan: Command, iclevr_folder: Folder, tmp_path: Path) -> None:
    out = tmp_path / "judge.safetensors"
    assert_input_error(
        condgan("judge", "train", iclevr_folder.path, "--resolution", "16", "--out", out),
        f"data {iclevr_folder.path}: found",
        "training images",
    )
    assert not out.exists()


@pytest.mark.parametrize(
    "words",
    [
        ["data", "inspect", "shapes", "--out"],
        ["data", "inspect", "shapes", "--html"],
        ["data", "split", "shapes", "--hold-out", "pairs", "--out"],
        ["judge", "train", "shapes", "--out"],
        ["export", "iclevr", "--onnx"],
        ["export", "iclevr", "--program"],
        ["report", "runs", "--out"],
    ],
    ids=" ".join,
)
def test_a_folder_in_place_of_a_file_is_refused_before_any_work(
    condgan: Command, tmp_path: Path, words: Sequence[str]
) -> None:
    result = condgan(*words, tmp_path)
    assert (result.code, result.out) == (2, "")
    assert "is a directory" in " ".join(result.err.replace("│", " ").split())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["data", "inspect", "shapes", "--split"], "`condgan data split` writes"),
        (["data", "render", "out", "--labels"], "a train.json"),
        (["train", "--config"], "a YAML file"),
    ],
    ids=lambda words: " ".join(words) if isinstance(words, list) else "",
)
def test_a_missing_file_is_named_with_what_was_expected(
    condgan: Command, tmp_path: Path, words: Sequence[str], expected: str
) -> None:
    assert_input_error(condgan(*words, tmp_path / "missing.json"), "missing.json: no such file", expected)


def test_digits_that_are_too_small_for_a_recipe_are_refused_with_the_option_to_add(
    condgan: Command, tmp_path: Path
) -> None:
    (tmp_path / "digits").mkdir()
    write_mnist(tmp_path / "digits")
    words = ["train", "acgan", "--data", tmp_path / "digits", "--runs", tmp_path / "runs"]
    expected = "recipe acgan: resolution 28: expected a power of two", "resize the images with --resolution 32"
    assert_input_error(condgan(*words), *expected)
    assert not (tmp_path / "runs").exists()
