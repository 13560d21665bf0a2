"""Truncation: latents nearer to their mean, in Python and on the command line."""

from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import Tensor
from torchvision.transforms.v2.functional import pil_to_tensor

from commands import Command, assert_input_error
from condgan import InputError, LoadedGenerator, load
from condgan.files import read_json
from condgan.interpolation import walk
from random_layouts import random_layouts

PAIR = "red square, blue circle"


@pytest.fixture(scope="module")
def generator() -> LoadedGenerator:
    return random_layouts()


def spread(images: Tensor) -> float:
    return images.float().std(0).mean().item()


def test_latents_are_scaled_and_nothing_changes_at_one(generator: LoadedGenerator) -> None:
    torch.testing.assert_close(generator.latents(3, 5, truncation=0.5), generator.latents(3, 5) / 2)
    assert torch.equal(generator.latents(3, 5, truncation=1), generator.latents(3, 5))
    assert torch.equal(generator(PAIR, seed=2, truncation=1).tensor, generator(PAIR, seed=2).tensor)


def test_images_vary_less(generator: LoadedGenerator) -> None:
    whole, half, tenth = (generator(PAIR, num_images=20, truncation=each).tensor for each in (1.0, 0.5, 0.1))
    assert spread(tenth) < spread(half) < spread(whole)


def test_the_layout_is_that_of_the_images(generator: LoadedGenerator) -> None:
    layout = generator.layout(PAIR, seed=2, truncation=0.6)
    images = generator.generate(PAIR, seed=2, truncation=0.6)
    assert torch.equal(generator.generate(PAIR, seed=2, layout=layout, truncation=0.6), images)
    assert not torch.equal(layout.place, generator.layout(PAIR, seed=2).place)


def test_an_interpolation_ends_at_truncated_images(generator: LoadedGenerator) -> None:
    images = walk(generator, [(PAIR, 3), ("green triangle", 4)], 2, truncation=0.6)
    first, last = (
        generator(text, seed=seed, truncation=0.6).tensor for text, seed in ((PAIR, 3), ("green triangle", 4))
    )
    torch.testing.assert_close(images[[0, 2]], torch.cat([first, last]), atol=1, rtol=0)


@pytest.mark.parametrize("truncation", [0.0, -1.0, 1.5, float("nan")])
def test_other_factors_are_refused(generator: LoadedGenerator, truncation: float) -> None:
    with pytest.raises(InputError, match=r"truncation .*: expected a number above 0 and at most 1, e\.g\. 0\.7"):
        generator(PAIR, truncation=truncation)


def test_the_command_says_that_images_are_truncated(condgan: Command, model: Path, tmp_path: Path) -> None:
    words = ["generate", model, "--condition", PAIR, "--seed", "5", "--truncation", "0.5", "--out"]
    result = condgan(*words, tmp_path / "one.png")
    assert (result.code, result.out) == (0, f"wrote {tmp_path / 'one.png'}: one image, truncation 0.5\n")
    with Image.open(tmp_path / "one.png") as picture:
        assert torch.equal(pil_to_tensor(picture), load(model).generate(PAIR, seed=5, truncation=0.5)[0])
    assert "truncation 0.5" in condgan(*words, tmp_path / "many").out
    assert read_json(tmp_path / "many" / "generated.json")["truncation"] == 0.5
    words = ["--condition", PAIR, "--truncation", "2", "--out", tmp_path / "none"]
    assert_input_error(condgan("generate", model, *words), "truncation 2: expected a number above 0")
    assert not (tmp_path / "none").exists()
