"""Calling a loaded generator with texts, as users of diffusers' pipelines know it."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torchvision.transforms.v2.functional import pil_to_tensor

import condgan
from condgan import InputError, LoadedGenerator
from condgan.config import Config
from condgan.generate import Conditions, untrained
from contracts import tiny_images, tiny_options
from random_layouts import random_layouts

TEXT = "red square, blue circle"


@pytest.fixture(scope="module")
def pipe() -> LoadedGenerator:
    return random_layouts()


def test_pictures_tensor_and_array_hold_the_same_images(pipe: LoadedGenerator) -> None:
    generated = pipe(TEXT, seed=3, num_images=4)
    assert generated.tensor.shape == (4, 3, 32, 32)
    assert [picture.mode for picture in generated.images] == ["RGB"] * 4
    assert torch.equal(torch.stack([pil_to_tensor(picture) for picture in generated.images]), generated.tensor)
    assert np.array_equal(generated.numpy(), generated.tensor.numpy().transpose(0, 2, 3, 1))
    assert generated.conditions == [TEXT] * 4


def test_a_generator_of_one_channel_gives_grey_pictures() -> None:
    data = tiny_images("class")
    config = Config.of("dcgan", tiny_options("dcgan"), "shapes:class", data, seed=0, precision="no")
    generated = untrained(replace(config, channels=1))("red square")
    assert [(picture.mode, picture.size) for picture in generated.images] == [("L", (16, 16))]
    assert generated.numpy().shape == (1, 16, 16, 1)


def test_each_condition_has_so_many_images_in_turn(pipe: LoadedGenerator) -> None:
    generated = pipe([TEXT, "green triangle"], seed=3, num_images=2)
    assert generated.conditions == [TEXT, TEXT, "green triangle", "green triangle"]
    assert torch.equal(generated.tensor, pipe.generate([TEXT, TEXT, "green triangle", "green triangle"], seed=3))


def test_the_first_images_do_not_depend_on_their_number(pipe: LoadedGenerator) -> None:
    assert (pipe(TEXT, num_images=5).tensor[:2].int() - pipe(TEXT, num_images=2).tensor.int()).abs().max() <= 1


@pytest.mark.parametrize("kind", ["class", "multi_label", "attributes", "codes"])
def test_texts_give_the_images_of_their_conditions(kind: str) -> None:
    data = tiny_images(kind)
    generator = untrained(Config.of("cdcgan", tiny_options("cdcgan"), "shapes", data, seed=0, precision="no"))
    c = generator.condition.sample(data.labels[:3])
    texts = generator.condition.describe_all(c)
    images = generator.generate(c, seed=1)
    assert torch.equal(generator.generate(texts, seed=1), images)
    assert torch.equal(generator.generate(texts[0], seed=1), generator.generate(c[:1], seed=1))
    assert torch.equal(generator(texts[0].upper(), seed=1).tensor, generator.generate(c[:1], seed=1))
    assert torch.equal(generator(c, seed=1).tensor, images)


def test_layouts_are_those_of_texts(pipe: LoadedGenerator) -> None:
    from_text, from_tensor = pipe.layout(TEXT, seed=2), pipe.layout(pipe.condition.parse_all([TEXT]), seed=2)
    assert torch.equal(from_text.place, from_tensor.place)
    assert torch.equal(pipe.generate(TEXT, seed=2, layout=from_text), pipe.generate(TEXT, seed=2))


def test_unusable_arguments_are_refused(pipe: LoadedGenerator) -> None:
    with pytest.raises(InputError, match="unknown label 'red squre'; did you mean 'red square'"):
        pipe("red squre")
    nothing: list[Conditions] = [[], torch.zeros(0, 24, dtype=torch.uint8)]
    for none in nothing:
        with pytest.raises(InputError, match="conditions: found none, expected at least one"):
            pipe(none)
    with pytest.raises(InputError, match=r"found a tensor of shape \(24,\), expected a batch of shape \(N, 24\)"):
        pipe.generate(pipe.condition.parse(TEXT))
    with pytest.raises(InputError, match="num_images: found 0, expected at least 1"):
        pipe(TEXT, num_images=0)


def test_the_package_lists_its_public_names() -> None:
    assert dir(condgan) == sorted(condgan.__all__)
