"""`condgan recipes`."""

from pathlib import Path

import pytest

from commands import Command, assert_refused
from condgan.recipes import RECIPES


def test_recipes_are_listed_and_shown(condgan: Command) -> None:
    assert [line.split()[0] for line in condgan("recipes").out.splitlines()] == list(RECIPES)
    assert "real_target=0.7,1.0" in condgan("recipes", "acgan").out


@pytest.mark.parametrize("recipe", RECIPES)
def test_networks_are_shown_with_what_each_player_is_shown(condgan: Command, recipe: str) -> None:
    done = condgan("recipes", recipe, "--set", "batch_size=8")
    assert done.code == 0, done.err
    assert "for MultiLabel of 24 numbers, 3 x 64 x 64" in done.out or recipe == "infogan"
    assert done.out.count("meets the condition by") == 2
    assert done.out.count("answers by") == 1
    assert "3 x 64 x 64" in done.out


def test_networks_are_those_for_the_data_and_options_at_hand(condgan: Command) -> None:
    done = condgan("recipes", "infogan", "--resolution", "28", "--channels", "1", "--set", "width=64")
    assert "for Codes of 12 numbers, 1 x 28 x 28" in done.out
    assert "ConvTranspose2d(74, 256, kernel_size=(4, 4), stride=(1, 1), bias=False)" in done.out
    assert "for Attributes of 11 numbers" in condgan("recipes", "acgan_attributes", "--data", "shapes:attributes").out


def test_what_cannot_be_built_is_refused(condgan: Command) -> None:
    assert_refused(condgan("recipes", "acgan", "--set", "widht=4"), "no option 'widht'", "did you mean 'width'")
    assert_refused(condgan("recipes", "acgan", "--resolution", "60"), "resolution 60", "power of two")
    assert_refused(condgan("recipes", "nothing"), "unknown recipe 'nothing'")


def test_what_recipes_shows_can_be_set(condgan: Command, tmp_path: Path) -> None:
    shown = condgan("recipes", "acgan").out.split("NAME=VALUE:\n")[1].split("\n\n")[0].split()
    options = [word for option in shown for word in ("--set", option)]
    small = ["--set", "width=4", "--set", "discriminator_width=2", "--set", "batch_size=8"]
    words = ["train", "acgan", "--data", "shapes", "--resolution", "16", "--kimg", "0.008", "--runs", tmp_path]
    assert condgan(*words, *options, *small).code == 0
