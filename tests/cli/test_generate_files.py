"""`condgan generate`: which files it writes, and that images of two calls are never mixed; `condgan vocabulary`."""

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import Tensor
from torchvision.transforms.v2.functional import pil_to_tensor

from commands import Command, assert_input_error
from condgan import load
from condgan.files import read_json
from random_layouts import random_layouts, save_generator

PAIR = "red square, blue circle"


def pixels(file: Path) -> Tensor:
    with Image.open(file) as picture:
        image: Tensor = pil_to_tensor(picture)
        return image


def test_one_png_is_one_image(condgan: Command, model: Path, tmp_path: Path) -> None:
    out = tmp_path / "one.png"
    result = condgan("generate", model, "--condition", "RED SQUARE, blue circle", "--seed", "5", "--out", out)
    assert (result.code, result.out) == (0, f"wrote {out}: one image\n")
    assert torch.equal(pixels(out), load(model).generate(PAIR, seed=5)[0])
    assert list(tmp_path.iterdir()) == [out]


def test_one_png_of_several_images_is_a_grid(condgan: Command, model: Path, tmp_path: Path) -> None:
    out = tmp_path / "grid.png"
    words = ["--condition", PAIR, "--condition", "green triangle", "--count", "3", "--out", out]
    result = condgan("generate", model, *words)
    assert result.out == f"wrote {out}: a grid of 6 images\n"
    assert pixels(out).shape == (3, 2 + 2 * 34, 2 + 3 * 34)  # a row for each condition


def test_a_folder_has_a_file_for_each_condition_seed_and_image(condgan: Command, model: Path, tmp_path: Path) -> None:
    words = ["--condition", PAIR, "--condition", "green triangle", "--seed", "0,7", "--count", "2"]
    result = condgan("generate", model, *words, "--out", tmp_path / "out")
    assert result.code == 0, result.err
    record = read_json(tmp_path / "out" / "generated.json")["images"]
    written = {file.name for file in (tmp_path / "out").glob("*.png")}
    assert written == {entry["file"] for entry in record} | {"grid.png"}
    assert len(record) == 8
    generator = load(model)
    for entry in record:
        expected = generator(entry["condition"], entry["seed"], num_images=2).tensor[entry["index"]]
        assert torch.equal(pixels(tmp_path / "out" / entry["file"]), expected)
    assert "red-square_blue-circle-seed7-01.png" in written


def test_several_seeds_give_one_image_each_by_default(condgan: Command, model: Path, tmp_path: Path) -> None:
    words = ["--condition", PAIR, "--seed", "3-5", "--seed", "9", "--out", tmp_path / "out"]
    assert condgan("generate", model, *words).code == 0
    assert [entry["seed"] for entry in read_json(tmp_path / "out" / "generated.json")["images"]] == [3, 4, 5, 9]


def test_images_of_two_calls_are_not_mixed(condgan: Command, model: Path, tmp_path: Path) -> None:
    words = ["generate", model, "--condition"]
    assert condgan(*words, PAIR, "--count", "3", "--out", tmp_path).code == 0
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    result = condgan(*words, "green triangle", "--count", "1", "--out", tmp_path)
    assert_input_error(result, f"{tmp_path}: found 4 images", "--overwrite")
    assert_input_error(condgan(*words, "green triangel", "--out", tmp_path, "--overwrite"), "did you mean")
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before
    assert condgan(*words, "green triangle", "--count", "1", "--out", tmp_path, "--overwrite").code == 0
    assert {file.name for file in tmp_path.iterdir()} == {
        "green-triangle-seed0-00.png",
        "grid.png",
        "generated.json",
    }


def test_each_call_has_a_folder_of_its_own_by_default(
    condgan: Command, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "generator.safetensors").write_bytes(model.read_bytes())
    for number in ("", "-2", "-3"):
        result = condgan("generate", tmp_path / "run", "--condition", PAIR, "--count", "1")
        assert result.out == f"wrote 1 images and {tmp_path / 'run' / f'generated{number}' / 'grid.png'}\n"


def test_a_gif_goes_through_all_conditions_and_seeds(condgan: Command, model: Path, tmp_path: Path) -> None:
    out = tmp_path / "walk.gif"
    words = ["--condition", PAIR, "--condition", "green triangle", "--condition", PAIR, "--frames", "3"]
    assert condgan("generate", model, *words, "--out", out).code == 0
    with Image.open(out) as picture:
        assert (picture.format, picture.size, getattr(picture, "n_frames", 1)) == ("GIF", (32, 32), 7)


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["--seed", "x"], ["--seed x: found 'x', expected seeds from 0, such as 5, 0,5 or 0-9"]),
        (["--seed", "0,"], ["--seed 0,: found ''"]),
        (["--seed", "5-3"], ["found '5-3', expected seeds"]),
        (["--seed", "0-999999"], ["found 1000000 seeds, expected at most"]),
        (["--seed", str(2**63)], [f"found '{2**63}'"]),
        (["--seed", "0-999", "--count", "1000"], ["found 1000000 images to generate, expected at most 100000"]),
        (["--out", "walk.gif"], ["walk.gif: expected at least two conditions or seeds"]),
        (["--out", "a.jpg"], ["--out a.jpg: expected a folder, FILE.png or FILE.gif"]),
        (["--condition", "green triangle", "--place", "green triangle=0,0"], ["not in the condition"]),
    ],
)
def test_wrong_arguments_are_reported_and_nothing_is_written(
    condgan: Command,
    model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: Sequence[str],
    parts: list[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert_input_error(condgan("generate", model, "--condition", PAIR, *words), *parts)
    assert list(tmp_path.iterdir()) == []


def test_the_vocabulary_is_listed(condgan: Command, model: Path, tmp_path: Path) -> None:
    result = condgan("vocabulary", model)
    assert result.code == 0, result.err
    first, second = result.out.splitlines()
    assert first == "model.safetensors: a set of 24 labels"
    assert second.startswith("labels: any of gray square, red square, ")
    save_generator(random_layouts("attributes"), tmp_path / "attributes.safetensors")
    lines = condgan("vocabulary", tmp_path / "attributes.safetensors").out.splitlines()
    assert lines[2] == "shape: one of square, circle, triangle"
