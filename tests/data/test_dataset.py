import pytest
import torch

from condgan.data import load_images, to_float, to_uint8
from condgan.errors import InputError
from contracts import tiny_images


def test_to_uint8_inverts_to_float_for_every_value() -> None:
    images = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16)
    floats = to_float(images)
    assert floats.min() == -1
    assert floats.max() == 1
    assert torch.equal(to_uint8(floats), images)


def test_floats_are_rounded_to_the_nearest_value_and_clamped() -> None:
    levels = torch.tensor([0.4, 0.6, 254.4, 254.6, 300.0, -20.0])
    assert to_uint8(levels / 127.5 - 1).tolist() == [0, 1, 254, 255, 255, 0]


def test_conversions_do_not_change_their_input() -> None:
    floats, integers = torch.zeros(2, 3, 4, 4), torch.full((2, 3, 4, 4), 7, dtype=torch.uint8)
    to_uint8(floats)
    to_float(integers)
    assert not floats.any()
    assert (integers == 7).all()


def test_parts_contain_the_images_of_one_side_of_the_split_with_their_labels() -> None:
    images = tiny_images("multi_label")
    for held_out in (True, False):
        part = images.part(held_out=held_out)
        assert torch.equal(part.images, images.images[images.held_out == held_out])
        assert torch.equal(part.labels, images.labels[images.held_out == held_out])
        assert part.condition == images.condition
    assert images.num_training == len(images.part(held_out=False)) == 38


def test_training_images_are_those_of_the_part() -> None:
    images = tiny_images("multi_label")
    part, indices = images.part(held_out=False), torch.tensor([0, 37, 5, 5])
    assert len(images.training) == len(part)
    for found, expected in zip(images.batch(images.training[indices]), part.batch(indices), strict=True):
        assert torch.equal(found, expected)


def test_a_changed_label_changes_the_content_hash() -> None:
    images, equal, other = (tiny_images("multi_label") for _ in range(3))
    assert equal.content_hash == images.content_hash
    other.labels[0, 0] ^= 1
    assert other.content_hash != images.content_hash


@pytest.mark.parametrize(
    ("spec", "message"),
    [("shaps", "did you mean 'shapes'"), ("shapes:clas", "did you mean 'class'"), ("no/such", "no such folder")],
)
def test_an_unknown_data_set_is_refused(spec: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        load_images(spec, 16)
