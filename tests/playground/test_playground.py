"""The page's settings, for every kind of condition: HTML, command lines and files."""

import io
import json
import re
import shlex
from base64 import b64decode
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
import torch
from torch import Tensor, nn

from commands import Command
from condgan import InputError, LoadedGenerator, load
from condgan.conditions import Condition, MultiLabel
from condgan.config import Config
from condgan.generate import untrained
from condgan.grid import picture_of, png
from condgan.judge import Judge, judge_for
from condgan.networks.splat import Layout
from condgan.playground.downloads import images_zip, interpolation_gif
from condgan.playground.labels import Label, Mark, labels
from condgan.playground.playground import Playground
from condgan.playground.settings import (
    ImageSettings,
    InterpolationSettings,
    Settings,
    command,
    first_conditions,
)
from condgan.playground.view import images_view, interpolation_view
from contracts import tiny_images, tiny_options
from random_layouts import random_layouts, save_generator

KINDS = ["class", "multi_label", "attributes", "codes"]
PAIR = "red square, blue circle"
MOVED = ImageSettings(PAIR, seed=3, count=2, places={"blue circle": (0.25, -0.5)})


class Certain(Judge):
    """A judge that recognises the same condition in every image."""

    def __init__(self, condition: Condition, text: str):
        super().__init__(condition, 32, nn.Identity(), nn.Linear(1, condition.num_logits), "certain")
        self.logits = 2 * condition.encode(condition.parse_all([text])) - 1

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        return image.flatten(1), self.logits.expand(len(image), -1)


def generator_of(kind: str) -> LoadedGenerator:
    data = tiny_images(kind)
    return untrained(Config.of("cdcgan", tiny_options("cdcgan"), f"shapes:{kind}", data, seed=0, precision="no"))


@pytest.fixture(scope="module")
def placing() -> LoadedGenerator:
    return random_layouts()


def playground_of(generator: LoadedGenerator) -> Playground:
    return Playground(generator, None, "model", *first_conditions(generator.condition))


def generated(condgan: Command, generator: LoadedGenerator, settings: Settings, folder: Path) -> Path:
    """Runs the command line of settings, with a generator of a file, and returns what it wrote."""
    save_generator(generator, folder / "model.safetensors")
    *words, out = shlex.split(command(settings, str(folder / "model.safetensors")))
    assert words[0] == "condgan"
    result = condgan(*words[1:], folder / out)
    assert result.code == 0, result.err
    return folder / out


@pytest.mark.parametrize("kind", KINDS)
def test_the_command_line_gives_the_files_of_the_download(condgan: Command, tmp_path: Path, kind: str) -> None:
    generator = generator_of(kind)
    first, _ = first_conditions(generator.condition)
    settings = ImageSettings(generator.condition.describe(first), seed=7, count=3, truncation=0.8)
    folder = generated(condgan, generator, settings, tmp_path)
    with ZipFile(io.BytesIO(images_zip(settings, generator, "model"))) as file:
        contents = {name: file.read(name) for name in file.namelist()}
    assert {name for name in contents if name.endswith(".png")} == {each.name for each in folder.glob("*.png")}
    assert len(contents) == 3 + 2
    for name in contents:
        if name.endswith(".png"):
            assert (folder / name).read_bytes() == contents[name], name
    record, written = json.loads(contents["generated.json"]), json.loads((folder / "generated.json").read_text())
    assert record["images"] == written["images"]
    assert record["truncation"] == written["truncation"] == 0.8


def test_objects_are_where_they_were_moved(condgan: Command, tmp_path: Path, placing: LoadedGenerator) -> None:
    folder = generated(condgan, placing, MOVED, tmp_path)
    with ZipFile(io.BytesIO(images_zip(MOVED, placing, "model"))) as file:
        assert file.read("grid.png") == (folder / "grid.png").read_bytes()
    assert not torch.equal(MOVED.images(placing), replace(MOVED, places={}).images(placing))


@pytest.mark.parametrize(
    "settings",
    [
        InterpolationSettings(PAIR, PAIR, 3, 9, frames=3, truncation=0.7),
        InterpolationSettings(PAIR, "green triangle", 3, 3, frames=2),
        InterpolationSettings(PAIR, PAIR, 3, 3, frames=2),
    ],
    ids=["seeds", "conditions", "nothing"],
)
def test_the_command_line_gives_the_same_interpolation(
    condgan: Command, tmp_path: Path, placing: LoadedGenerator, settings: InterpolationSettings
) -> None:
    file = generated(condgan, placing, settings, tmp_path)
    assert file.read_bytes() == interpolation_gif(settings, placing, "model")


def test_an_interpolation_changes_the_condition_or_the_seed() -> None:
    with pytest.raises(InputError, match="another condition and another seed at the end, expected one of them"):
        InterpolationSettings(PAIR, "green triangle", 3, 4)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_condition_has_something_to_begin_with(kind: str) -> None:
    generator = generator_of(kind)
    first, last = (generator.condition.describe(c) for c in first_conditions(generator.condition))
    assert first != last
    html, line = playground_of(generator).show(ImageSettings(first))
    assert html.count("<img ") == 4
    assert line.startswith("condgan generate model --condition ")
    html, _ = playground_of(generator).show_interpolation(InterpolationSettings(first, last, frames=5))
    assert html.count("<img ") == 6


@pytest.mark.parametrize(
    ("kind", "wanted", "found", "expected"),
    [
        ("multi_label", PAIR, "red square, green triangle", "red square ✓, blue circle ✗, green triangle +"),
        ("multi_label", "nothing", "red square", "red square +"),
        ("class", "red square", "blue circle", "red square ✗, blue circle +"),
        (
            "attributes",
            "red color, square shape",
            "red color, circle shape",
            "red color ✓, square shape ✗, circle shape +",
        ),
    ],
)
def test_labels_are_wanted_found_or_both(kind: str, wanted: str, found: str, expected: str) -> None:
    condition, images = tiny_images(kind).condition, torch.zeros(2, 3, 16, 16, dtype=torch.uint8)
    first, second = labels(condition, images, condition.parse_all([wanted, found]), Certain(condition, found))
    assert {f"{label.name} {label.mark.sign}" for label in first} == set(expected.split(", "))
    assert {label.mark for label in second} == {Mark.FOUND}


def test_without_a_judge_labels_are_those_that_are_wanted(placing: LoadedGenerator) -> None:
    condition, images = placing.condition, torch.zeros(1, 3, 16, 16, dtype=torch.uint8)
    rows = labels(condition, images, condition.parse_all(["red square"]), None)
    assert rows == [[Label("red square", Mark.WANTED)]]
    assert labels(condition, images, None, None) == [[]]
    assert labels(condition, images, None, Certain(condition, "red square")) == [[Label("red square", Mark.SEEN)]]


def test_images_in_which_the_judge_finds_exactly_what_is_wanted_are_counted(placing: LoadedGenerator) -> None:
    html = images_view(placing, Certain(placing.condition, PAIR), ImageSettings(PAIR, count=3), with_places=True)
    assert "exactly what is wanted in 3 of 3 images" in html
    html = images_view(placing, Certain(placing.condition, "red square"), ImageSettings(PAIR, count=3), True)
    assert "exactly what is wanted in 0 of 3 images" in html
    assert "exactly" not in images_view(placing, None, ImageSettings(PAIR, count=3), True)


def test_truncated_images_are_marked_as_such(placing: LoadedGenerator) -> None:
    assert "Truncation 0.6" in images_view(placing, None, ImageSettings(PAIR, truncation=0.6), True)
    settings = InterpolationSettings(PAIR, PAIR, 0, 1, truncation=0.6)
    assert "Truncation 0.6" in interpolation_view(placing, None, settings)
    assert "Truncation" not in images_view(placing, None, ImageSettings(PAIR), True)


def test_places_of_all_objects_are_drawn_over_each_image(placing: LoadedGenerator) -> None:
    html = images_view(placing, None, MOVED, with_places=True)
    found = re.findall(r'class="place( moved)?" data-label="([a-z ]+)" data-x="([-.\d]+)" data-y="([-.\d]+)"', html)
    red = placing.layout([PAIR] * 2, seed=3).place[:, 0]
    assert [(label, bool(moved)) for moved, label, _, _ in found] == [("red square", False), ("blue circle", True)] * 2
    drawn = [[float(x), float(y)] for _, label, x, y in found if label == "red square"]
    torch.testing.assert_close(torch.tensor(drawn), red)
    assert [(x, y) for _, label, x, y in found if label == "blue circle"] == [("0.25", "-0.5")] * 2
    assert "data-label" not in images_view(placing, None, MOVED, with_places=False)


@pytest.mark.parametrize("settings", [ImageSettings(PAIR, seed=3, count=2), MOVED, ImageSettings("nothing", count=2)])
@pytest.mark.parametrize("with_places", [True, False])
def test_the_layout_is_computed_once_and_its_images_are_those_of_the_command_line(
    placing: LoadedGenerator, monkeypatch: pytest.MonkeyPatch, settings: ImageSettings, with_places: bool
) -> None:
    images, num_layouts = settings.images(placing), 0
    body: Any = placing.network.body

    def counted(*inputs: Tensor) -> Layout:
        nonlocal num_layouts
        num_layouts += 1
        return type(body).layout(body, *inputs)  # type: ignore[no-any-return]

    monkeypatch.setattr(body, "layout", counted)
    html = images_view(placing, None, settings, with_places)
    assert num_layouts == 1
    for image, shown in zip(images, re.findall(r"base64,([\w+/=]+)", html), strict=True):
        assert b64decode(shown) == png(picture_of(image))


def test_names_of_labels_are_text(placing: LoadedGenerator) -> None:
    """A model may come from anybody."""
    name = "<script>alert('{{x}} ${1}')</script> \"&"
    condition = MultiLabel([name, *placing.condition.values[1:]])

    class Renamed(LoadedGenerator):
        @property
        def condition(self) -> Condition:
            return condition

    generator = Renamed(placing.network, placing.config)
    html = images_view(generator, Certain(condition, name), ImageSettings(name), with_places=True)
    assert "<script" not in html
    assert html.count("&lt;script&gt;") > 8


@pytest.mark.parametrize(
    ("file", "change", "message"),
    [
        ("images.exe", {}, "file 'images.exe': expected one of images.png, images.zip"),
        ("images.zip", {"count": 10**6}, "count: found 1000000"),
        ("images.zip", {"seed": -1}, "seed: found -1"),
        ("images.zip", {"truncation": 0}, "truncation: found 0"),
        ("images.zip", {"places": {"red square": [5, 0]}}, "found 5"),
        ("images.zip", {"path": "/etc/passwd"}, "unexpected keyword argument 'path'"),
        ("images.zip", {"condition": "red squre"}, "did you mean 'red square'"),
    ],
)
def test_downloads_of_other_than_the_pages_settings_are_refused(
    placing: LoadedGenerator, file: str, change: dict[str, object], message: str
) -> None:
    """Whoever can open the page can ask for anything."""
    with pytest.raises(InputError, match=re.escape(message)):
        playground_of(placing).download(ImageSettings, file, json.dumps(asdict(MOVED) | change))


def test_the_embedded_judge_is_used_for_its_own_vocabulary(placing: LoadedGenerator, tmp_path: Path) -> None:
    assert judge_for(load("iclevr").condition, None)
    assert judge_for(placing.condition, None) is None
    with pytest.raises(InputError, match="no such file"):
        judge_for(placing.condition, tmp_path / "judge.safetensors")
