import pytest
import torch

from condgan.conditions import Attributes, Class, Codes, MultiLabel
from condgan.data import shapes
from condgan.errors import InputError
from condgan.rendering import COLORS

KIND_OF = {"class": Class, "multi_label": MultiLabel, "attributes": Attributes, "codes": Codes}


@pytest.mark.parametrize("kind", KIND_OF)
def test_each_kind_has_labels_of_its_condition(kind: str) -> None:
    images = shapes(kind, 16, num_images=20)
    assert isinstance(images.condition, KIND_OF[kind])
    c = images.condition.sample(images.labels)
    assert images.condition.encode(c).shape == (20, images.condition.dim)


def test_images_depend_on_the_seed() -> None:
    first, again, other = (shapes("class", 16, num_images=20, seed=seed) for seed in (0, 0, 1))
    assert first.content_hash == again.content_hash
    assert first.content_hash != other.content_hash


@pytest.mark.parametrize("resolution", [16, 64])
def test_an_image_shows_exactly_the_colours_of_its_labels(resolution: int) -> None:
    images = shapes("multi_label", resolution, num_images=60)
    for image, c in zip(images.images, images.labels, strict=True):
        wanted = {name.split()[0] for name in images.condition.describe(c).split(", ")}
        pixels = set(map(tuple, image.flatten(1).T.tolist()))
        assert {name for name, color in COLORS.items() if color in pixels} == wanted


def test_sets_have_min_objects_to_three_labels() -> None:
    counts = shapes("multi_label", 8, num_images=300).labels.sum(1)
    assert counts.unique().tolist() == [1, 2, 3]
    counts = shapes("multi_label", 8, num_images=300, min_objects=0).labels.sum(1)
    assert counts.unique().tolist() == [0, 1, 2, 3]


def test_class_and_attributes_describe_the_same_objects() -> None:
    by_class, by_attributes = (shapes(kind, 16, num_images=30) for kind in ("class", "attributes"))
    assert torch.equal(by_class.images, by_attributes.images)
    for a, b in zip(by_class.labels, by_attributes.labels, strict=True):
        color, shape = by_class.condition.describe(a).split()
        assert by_attributes.condition.describe(b) == f"{color} color, {shape} shape"


def test_every_twentieth_image_is_held_out() -> None:
    assert shapes("class", 8, num_images=45).held_out.nonzero().flatten().tolist() == [0, 20, 40]


@pytest.mark.parametrize("resolution", [60, 4, 0])
def test_a_resolution_that_is_not_a_power_of_two_is_refused(resolution: int) -> None:
    with pytest.raises(InputError, match=f"resolution {resolution}: expected a power of two"):
        shapes("class", resolution)


def test_an_unknown_kind_is_refused_with_a_suggestion() -> None:
    with pytest.raises(InputError, match="did you mean 'attributes'"):
        shapes("atributes", 16)
