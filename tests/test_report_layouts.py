"""The section of a report about the layouts of a generator."""

import re
from pathlib import Path

import pytest
import torch

from condgan.generate import LoadedGenerator
from condgan.networks.splat import Layout
from condgan.report import page
from condgan.report.layouts import between_layouts, drawn
from random_layouts import random_layouts, write_run
from report_runs import train_run

CONDITIONS = ["red square", "red square, blue circle", "nothing"]


@pytest.fixture(scope="module")
def generator() -> LoadedGenerator:
    return random_layouts(num_free=1)


def test_a_run_with_a_layout_has_a_section(generator: LoadedGenerator, tmp_path: Path) -> None:
    write_run(generator, tmp_path / "run", CONDITIONS)
    html = page([tmp_path / "run"], "One")
    section = html[html.index("<h3>Layout</h3>") :]
    captions = re.findall("<figcaption>(.*?)</figcaption>", section)
    assert captions == ["images", "their layouts", *(f"two layouts: {text}" for text in CONDITIONS)]
    assert "A cross marks the place of each object" in section
    (tmp_path / "run" / "metrics.json").unlink()
    html = page([tmp_path / "run"], "One")
    assert "not evaluated yet" in html[html.index("<h3>Layout</h3>") :]


def test_other_runs_have_none(tmp_path: Path) -> None:
    train_run(tmp_path / "run", "acgan", steps=1)
    assert "<h3>Layout</h3>" not in page([tmp_path / "run"], "One")


def test_an_interpolation_goes_from_the_first_image_to_the_places_of_the_second(generator: LoadedGenerator) -> None:
    c = generator.condition.parse_all(["red square, blue circle"] * 2)
    layout, images = generator.layout(c), between_layouts(generator, c[0])
    assert images.shape == (8, 3, 32, 32)
    places = layout.place.flip(0)  # only the places of the second latent
    last = generator.generate(c, layout=layout._replace(place=places))[0]
    for image, end in ((images[0], generator.generate(c)[0]), (images[-1], last)):
        assert (image.int() - end.int()).abs().max() <= 1
    steps = (images[1:].float() - images[:-1].float()).square().mean((1, 2, 3))
    assert (steps > 0).all()
    assert (steps < (images[-1].float() - images[0].float()).square().mean()).all()


def test_objects_are_marked_at_their_places_and_only_where_they_exist() -> None:
    images = torch.full((2, 1, 32, 32), 100, dtype=torch.uint8)
    place = torch.tensor([[[-0.5, 0.5], [0.5, -0.5]], [[-0.5, 0.5], [0.5, -0.5]]])
    exists = torch.tensor([[True, True], [False, True]])
    layout = Layout(torch.zeros(2, 2, 1), place, torch.full((2, 2, 1), 0.25), exists)
    marked = drawn(images, layout, [["a"], []])
    assert marked.shape == (2, 3, 128, 128)
    assert marked[0, :, 96, 32].tolist() == [255] * 3  # the cross of the object on the left, below
    assert marked[1, :, 96, 32].tolist() == [100] * 3
    for image in marked:
        assert image[:, 32, 96].tolist() == [255] * 3
        assert image[:, 32, 96 + 16].tolist() == [255] * 3  # the circle, 0.25 of a side that is 2 long
    plain = marked == 100
    assert plain[1, :, 64:].all()
    assert plain[1, :, :, :64].all()


def test_names_are_written_beside_objects_within_the_image() -> None:
    images = torch.full((1, 3, 128, 128), 100, dtype=torch.uint8)
    place = torch.tensor([[[1.1, 1.1]]])
    layout = Layout(torch.zeros(1, 1, 1), place, torch.full((1, 1, 1), 0.01), torch.ones(1, 1))
    named, unnamed = (drawn(images, layout, [names])[0, 0] for names in (["red cylinder"], []))
    columns = (named != unnamed).any(0).nonzero().flatten()
    assert columns.numel() > 40
    assert columns.max() < 127
