"""`condgan recipes`."""

import subprocess
import sys
from pathlib import Path

import pytest

from commands import TINY, Command, assert_input_error
from condgan.recipes import RECIPES, resolve
from condgan.recipes.presets import PRESETS


def test_recipes_are_listed_with_the_first_line_of_their_docstrings(condgan: Command) -> None:
    lines = condgan("recipes").out.splitlines()
    assert [line.split()[0] for line in lines] == list(RECIPES)
    for line, recipe in zip(lines, RECIPES.values(), strict=True):
        assert line.endswith((recipe.__doc__ or "").splitlines()[0])


@pytest.mark.parametrize("recipe", RECIPES)
def test_both_networks_are_shown_with_conditioning_and_head(condgan: Command, recipe: str) -> None:
    result = condgan("recipes", recipe, "--set", "batch_size=8")
    assert result.code == 0, result.err
    assert "images: 3 x 64 x 64" in result.out
    for heading in ("layer", "output", "parameters", "multiply-adds"):
        assert result.out.count(f" {heading} ") >= 2
    assert result.out.count("conditioning: ") == 2
    assert result.out.count("head: ") == 1
    assert result.out.count("│ total ") == 2


def test_conditioning_and_head_are_described_by_their_docstrings(condgan: Command) -> None:
    out = condgan("recipes", "cdcgan").out
    assert "conditioning: LabelChannel: Concatenates one channel" in out
    assert "head: ScoreHead: Score only" in out


def test_options_are_shown_as_they_can_be_set(condgan: Command) -> None:
    assert "\n  real_target=0.7,1.0\n" in condgan("recipes", "acgan").out


@pytest.mark.parametrize("recipe", RECIPES)
def test_presets_are_shown_as_options_that_can_be_set(condgan: Command, recipe: str) -> None:
    out = condgan("recipes", recipe).out
    for name, options in PRESETS.get(recipe, {}).items():
        (line,) = [line for line in out.splitlines() if line.startswith(f"  {name}: ")]
        shown = dict(word.split("=") for word in line.removeprefix(f"  {name}: ").split())
        assert resolve(recipe, shown) == resolve(recipe, options)
    assert ("presets (--preset NAME)" in out) == (recipe in PRESETS)


def test_networks_are_built_with_the_given_options_and_images(condgan: Command) -> None:
    out = condgan("recipes", "infogan", "--resolution", "28", "--channels", "1", "--set", "width=64").out
    assert "condition: codes class (10 values), c1 in [-1, 1], c2 in [-1, 1], encoded as 12 numbers" in out
    assert "images: 1 x 28 x 28" in out
    assert "ConvTranspose2d(74, 256, kernel_size=(4, 4), stride=(1, 1), bias=False)" in out


def test_networks_are_built_for_the_condition_of_a_data_set(condgan: Command) -> None:
    assert "encoded as 24 numbers" in condgan("recipes", "acgan_attributes").out
    assert "encoded as 11 numbers" in condgan("recipes", "acgan_attributes", "--data", "shapes:attributes").out


def test_wrong_names_and_sizes_are_reported(condgan: Command) -> None:
    assert_input_error(condgan("recipes", "acgan", "--set", "widht=4"), "no option 'widht'", "did you mean 'width'")
    assert_input_error(condgan("recipes", "acgan", "--resolution", "60"), "resolution 60", "power of two")
    assert_input_error(condgan("recipes", "nothing"), "unknown recipe 'nothing'")


def test_shown_options_are_accepted_by_train(condgan: Command, tmp_path: Path) -> None:
    shown = condgan("recipes", "acgan").out.split("defaults:\n")[1].split("\n\n")[0].split()
    options = [word for option in shown for word in ("--set", option)]
    assert len(options) > 20
    small = [*TINY, "--set", "discriminator_width=2"]
    words = ["train", "acgan", "--data", "shapes", "--kimg", "0.008", "--runs", tmp_path]
    result = condgan(*words, *options, *small)
    assert result.code == 0, result.err


@pytest.mark.slow
def test_recipes_in_the_current_folder_are_found(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("from condgan.recipes import cdcgan as narrow\n")
    command = [str(Path(sys.executable).with_name("condgan")), "recipes", "mine:narrow"]
    result = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert result.returncode == 0, result.stderr
    assert "conditioning: LabelChannel" in result.stdout


@pytest.mark.parametrize("words", [["--set", "width=0"], ["--resolution", "28"], ["--data", "nowhere"]], ids=" ".join)
def test_nothing_is_printed_before_a_wrong_option_is_found(condgan: Command, words: list[str]) -> None:
    result = condgan("recipes", "acgan", *words)
    assert_input_error(result, words[1].removeprefix("width="))
    assert result.out == ""
