"""Names that are checked before torch is imported, and data sets of one's own."""

import inspect
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from commands import TINY, Command, assert_input_error, forget_accuracy
from condgan import data
from condgan.cli.early import check_data, recipe_options
from condgan.data import DATASETS, load_images
from condgan.data import own as own_data
from condgan.errors import InputError
from condgan.recipes import RECIPES
from condgan.shipped import check_model, shipped

MODULE = """\
from dataclasses import replace
from condgan import load_images

def faces(resolution):
    return replace(load_images("shapes:class", resolution or 16), reading={})

def nothing(resolution):
    return None
"""


def test_the_names_and_options_of_recipes_are_those_of_the_table() -> None:
    found = {name: list(inspect.signature(recipe).parameters) for name, recipe in RECIPES.items()}
    assert recipe_options() == found


def test_the_names_of_data_sets_and_models_are_those_of_the_tables(tmp_path: Path) -> None:
    assert not any(check_data(f"{name}:argument") for name in DATASETS)
    for name in shipped():
        check_model(Path(name))
    with pytest.raises(InputError, match="did you mean 'shapes'"):
        check_data("shaps:class")
    with pytest.raises(InputError, match="did you mean 'iclevr'"):
        check_model(Path("iclver"))


@pytest.mark.slow
@pytest.mark.parametrize(
    "words", ["train acgann --data shapes", "train acgan --data shaps", "train acgan --data shapes --set widht=4",
              "generate iclver --condition red", "vocabulary iclver", "evaluate nowhere"],
)  # fmt: skip
def test_a_typo_is_reported_without_importing_torch(words: str, tmp_path: Path) -> None:
    code = """
import sys
from condgan import cli
try:
    cli.main()
finally:
    assert "torch" not in sys.modules
"""
    command = [sys.executable, "-c", code, *words.split()]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("condgan: ")


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a module with data sets, in the current folder; nobody has named them yet."""
    name = f"mine_{tmp_path.name}"
    (tmp_path / f"{name}.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(own_data, "_named", {})
    return name


def test_a_data_set_of_ones_own_is_trained_on_and_scored_once_it_is_named(
    condgan: Command, tmp_path: Path, mine: str
) -> None:
    spec, runs = f"{mine}:faces", tmp_path / "runs"
    words = ["train", "cdcgan", "--data", spec, *TINY, "--steps", "2", "--runs", runs]
    result = condgan(*words)
    assert result.code == 0, result.err
    judge = tmp_path / "judge.safetensors"
    result = condgan("judge", "train", spec, "--epochs", "1", "--resolution", "16", "--out", judge)
    assert result.code == 0, result.err
    forget_accuracy(judge, runs / "cdcgan")
    own_data._named.clear()  # as in a new process
    scoring = ["evaluate", runs / "cdcgan", "--judge", judge, "--draws", "1"]
    assert_input_error(condgan(*scoring), "is code outside of condgan", f"--data {spec}")
    result = condgan(*scoring, "--data", spec)
    assert result.code == 0, result.err


def test_functions_that_are_no_data_sets_are_reported(mine: str) -> None:
    with pytest.raises(InputError, match=r"in Python condgan\.data\.use"):
        load_images(f"{mine}:faces")
    with pytest.raises(InputError, match="has no attribute 'face'; expected a folder, or a function that returns"):
        data.use(f"{mine}:face")
    data.use(f"{mine}:nothing")
    with pytest.raises(InputError, match=r"returned NoneType, expected condgan\.Images"):
        load_images(f"{mine}:nothing")
    data.use(f"{mine}:faces")
    assert load_images(f"{mine}:faces", 32).resolution == 32


def test_unknown_devices_are_reported(condgan: Command, tmp_path: Path) -> None:
    words = ["train", "cdcgan", "--data", "shapes", *TINY, "--steps", "1", "--runs", tmp_path, "--device"]
    assert_input_error(condgan(*words, "cpuu"), "--device: found 'cpuu'", "did you mean 'cpu'")
    assert condgan(*words, "cpu").code == 0


def test_one_length_is_chosen(condgan: Command, tmp_path: Path) -> None:
    words = ["train", "cdcgan", "--data", "shapes", "--runs", tmp_path]
    assert_input_error(condgan(*words, "--epochs", "1", "--steps", "1"), "found --epochs and --steps, expected one")
    assert_input_error(condgan(*words, "--epochs", "0"), "--epochs: found 0, expected a positive number")


@pytest.mark.parametrize(
    "words",
    [
        ["data", "inspect", ""],
        ["train", "cdcgan", "--data", ""],
        ["generate", "iclevr", "--condition", "red cube", "--out", ""],
        ["generate", "iclevr", "--condition", "red cube", "--out="],
        ["share", "iclevr", "--out", ""],
        ["evaluate", ""],
    ],
    ids=" ".join,
)
def test_an_empty_name_is_not_the_folder_where_the_command_runs(
    condgan: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: Sequence[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    after = words[-1].strip("=") or words[-2]
    assert_input_error(condgan(*words), f"found nothing after {after}, expected", "is a variable of the shell unset?")
    assert list(tmp_path.iterdir()) == []
