"""`condgan generate --place`, and shipped generators on the command line."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import Tensor
from torchvision.transforms.v2.functional import pil_to_tensor

from commands import Command, assert_input_error
from condgan.generate import load
from random_layouts import random_layouts, save_generator

CONDITION = "red square, blue circle"


def images_in(folder: Path) -> Tensor:
    pictures = []
    for file in sorted(folder.glob("*-seed*.png")):
        with Image.open(file) as picture:
            pictures.append(pil_to_tensor(picture))
    return torch.stack(pictures)


def test_images_are_those_of_the_seed_with_the_objects_at_their_places(
    condgan: Command, model: Path, tmp_path: Path
) -> None:
    words = ["generate", model, "--condition", CONDITION, "--count", "3", "--seed", "5"]
    result = condgan(
        *words, "--place", "blue circle=0.25,-0.5", "--place", " red  square = -0.75, 1", "--out", tmp_path
    )
    assert result.code == 0, result.err
    generator = load(model)
    c = generator.condition.parse_all([CONDITION] * 3)
    layout = generator.layout(c, seed=5)
    place = torch.tensor([[-0.75, 1], [0.25, -0.5]]).expand(3, -1, -1)  # in the order of the labels
    expected = generator.generate(c, seed=5, layout=layout._replace(place=place))
    assert torch.equal(images_in(tmp_path), expected)
    assert not torch.equal(expected, generator.generate(c, seed=5))


def test_an_object_placed_where_it_is_changes_nothing(condgan: Command, model: Path, tmp_path: Path) -> None:
    generator = load(model)
    x, y = generator.layout(generator.condition.parse_all([CONDITION])).place[0, 1].tolist()
    words = ["generate", model, "--condition", CONDITION, "--count", "1", "--out"]
    for name, more in (("plain", []), ("placed", ["--place", f"blue circle={x},{y}"])):
        assert condgan(*words, tmp_path / name, *more).code == 0
    assert torch.equal(images_in(tmp_path / "plain"), images_in(tmp_path / "placed"))


def test_the_order_of_the_labels_does_not_matter(condgan: Command, model: Path, tmp_path: Path) -> None:
    for i, condition in enumerate((CONDITION, "blue circle,  red square")):
        words = ["--condition", condition, "--count", "2", "--place", "blue circle=0.5,0.5", "--out", tmp_path / str(i)]
        assert condgan("generate", model, *words).code == 0
    assert torch.equal(images_in(tmp_path / "0"), images_in(tmp_path / "1"))


@pytest.mark.parametrize(
    ("places", "parts"),
    [
        (["red squre=0,0"], ["unknown label 'red squre'; did you mean 'red square'?", "red square, blue circle"]),
        (["red circle=0,0"], ["'red circle' is not in the condition (expected one of its labels: red square, blue"]),
        (["red square"], ["--place red square: expected LABEL=X,Y", '"red square=0.2,-0.4"']),
        (["red square=0.5"], ["--place red square=0.5: found '0.5', expected two numbers X,Y"]),
        (["red square=left,0"], ["found 'left,0', expected two numbers X,Y"]),
        (["red square=0,0,0"], ["found '0,0,0', expected two numbers X,Y"]),
        (["red square="], ["found '', expected two numbers X,Y"]),
        (["red square=0,1.5"], ["found y 1.5, expected a number in [-1, 1]"]),
        (["red square=-2,0"], ["found x -2, expected a number in [-1, 1]"]),
        (["red square=nan,0"], ["found x nan, expected a number in [-1, 1]"]),
        (["red square=0,0", "red square=1,0"], ["--place red square=1,0: 'red square' is placed twice"]),
    ],
)
def test_wrong_places_are_reported_and_nothing_is_written(
    condgan: Command, model: Path, tmp_path: Path, places: Sequence[str], parts: Sequence[str]
) -> None:
    words = [word for place in places for word in ("--place", place)]
    result = condgan("generate", model, "--condition", CONDITION, *words, "--out", tmp_path / "out")
    assert_input_error(result, *parts)
    assert not (tmp_path / "out").exists()


def test_the_empty_set_has_no_object_to_place(condgan: Command, model: Path, tmp_path: Path) -> None:
    words = ["--condition", "nothing", "--place", "red square=0,0", "--out", tmp_path / "out"]
    assert_input_error(
        condgan("generate", model, *words), "'red square' is not in the condition", "one of its labels: none"
    )


def test_runs_without_a_layout_are_reported(condgan: Command, finished: Path, tmp_path: Path) -> None:
    words = ["--condition", "red square", "--place", "red square=0,0", "--out", tmp_path / "out"]
    result = condgan("generate", finished / "runs" / "cdcgan", *words)
    assert_input_error(result, "recipe cdcgan places no objects; use a run of `layout`")
    assert not (tmp_path / "out").exists()


def test_a_shipped_generator_is_used_by_default(
    condgan: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package, here = tmp_path / "package", tmp_path / "here"
    (package / "pretrained").mkdir(parents=True)
    here.mkdir()
    monkeypatch.setattr("condgan.shipped.files", lambda name: package)
    monkeypatch.chdir(here)
    words = ["--condition", "red square", "--count", "1"]
    assert_input_error(condgan("generate", *words), "iclevr: no such file", "a shipped generator (none)")
    assert list(here.iterdir()) == []
    save_generator(random_layouts(), package / "pretrained" / "iclevr.safetensors")
    result = condgan("generate", *words)
    assert result.code == 0, result.err
    assert sorted(file.name for file in (here / "generated").iterdir()) == [
        "generated.json",
        "grid.png",
        "red-square-seed0-00.png",
    ]
    first = (here / "generated" / "grid.png").read_bytes()
    shutil.rmtree(here / "generated")
    assert condgan("generate", "iclevr", *words).code == 0
    assert (here / "generated" / "grid.png").read_bytes() == first
    assert_input_error(condgan("generate", "iclver", *words), "(iclevr); did you mean 'iclevr'?")


def test_the_command_without_a_run_generates_i_clevr_scenes(
    condgan: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["--condition", "red cube, blue cylinder", "--count", "2", "--place", "red cube=0.2,-0.4"]
    result = condgan("generate", *words)
    assert result.code == 0, result.err
    assert images_in(tmp_path / "generated").shape == (2, 3, 64, 64)
