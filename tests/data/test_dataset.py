import pytest
import torch

from condgan.conditions import Class, MultiLabel, parse_conditions
from condgan.data import load_images
from condgan.data.dataset import to_float, to_uint8
from condgan.errors import InputError
from condgan.files import parse_json
from contracts import tiny_images


def test_every_pixel_survives_the_way_to_floats_and_back() -> None:
    images = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16)
    floats = to_float(images)
    assert floats.min() == -1
    assert floats.max() == 1
    assert torch.equal(to_uint8(floats), images)


def test_floats_are_rounded_to_the_nearest_and_clamped() -> None:
    levels = torch.tensor([0.4, 0.6, 254.4, 254.6, 300.0, -20.0])
    assert to_uint8(levels / 127.5 - 1).tolist() == [0, 1, 254, 255, 255, 0]


def test_conversions_leave_their_input_alone() -> None:
    floats = torch.zeros(2, 3, 4, 4)
    to_uint8(floats)
    assert not floats.any()


def test_parts_keep_images_with_their_labels() -> None:
    images = tiny_images("multi_label")
    for held_out in (True, False):
        part = images.part(held_out=held_out)
        assert torch.equal(part.images, images.images[images.held_out == held_out])
        assert torch.equal(part.labels, images.labels[images.held_out == held_out])
        assert part.condition == images.condition


def test_a_changed_label_changes_the_content_hash() -> None:
    images = tiny_images("multi_label")
    before, again = images.content_hash, tiny_images("multi_label")
    assert again.content_hash == before
    other = tiny_images("multi_label")
    other.labels[0, 0] ^= 1
    assert other.content_hash != before


def test_conditions_are_texts_or_lists_of_names() -> None:
    condition = MultiLabel(("red cube", "blue cone"))
    c = parse_conditions('["red cube, blue cone", ["red cube"]]', "c.json", condition)
    assert c.tolist() == [[1, 1], [1, 0]]
    assert parse_conditions('["b", "a"]', "c.json", Class("ab")).tolist() == [1, 0]


@pytest.mark.parametrize("text", ["{}", "[]", "3", '"a"'])
def test_conditions_must_be_a_list_of_some(text: str) -> None:
    with pytest.raises(InputError, match=r"c\.json: expected a non-empty list"):
        parse_conditions(text, "c.json", Class("ab"))


def test_broken_json_is_named_with_its_line() -> None:
    with pytest.raises(InputError, match=r"some\.json, line 2: .*expected valid JSON"):
        parse_json("[1,\n2", "some.json")


@pytest.mark.parametrize(
    ("spec", "message"),
    [("shaps", "did you mean 'shapes'"), ("shapes:clas", "did you mean 'class'"), ("no/such", "no such folder")],
)
def test_an_unknown_data_set_suggests_the_nearest(spec: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        load_images(spec, 16)
