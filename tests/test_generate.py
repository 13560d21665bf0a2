from pathlib import Path

import pytest
import torch

from condgan.config import Config
from condgan.data import Images
from condgan.generate import LoadedGenerator, untrained
from contracts import tiny_images, tiny_options


@pytest.fixture
def images() -> Images:
    return tiny_images("multi_label")


@pytest.fixture
def generator(images: Images) -> LoadedGenerator:
    options = tiny_options("cdcgan") | {"latent_dim": 16}  # torch draws fewer than 16 normal numbers in another way
    return untrained(Config.of("cdcgan", options, "shapes", images, seed=0, precision="no"))


def test_a_seed_gives_the_same_images_and_another_seed_others(generator: LoadedGenerator, images: Images) -> None:
    c = images.labels[:4]
    first = generator.generate(c, seed=1)
    torch.manual_seed(5)
    assert torch.equal(generator.generate(c, seed=1), first)
    assert not torch.equal(generator.generate(c, seed=2), first)


def test_images_do_not_depend_on_the_size_of_a_batch(generator: LoadedGenerator, images: Images) -> None:
    c = images.labels[:7]
    whole, parts = generator.generate(c), generator.generate(c, batch_size=3)
    assert (whole.int() - parts.int()).abs().max() <= 1


def test_an_image_does_not_depend_on_its_neighbours(generator: LoadedGenerator, images: Images) -> None:
    alone, among = generator.generate(images.labels[:1]), generator.generate(images.labels[:5])
    assert (alone[0].int() - among[0].int()).abs().max() <= 1


def test_generating_leaves_the_global_generator_alone(generator: LoadedGenerator, images: Images) -> None:
    state = torch.get_rng_state()
    generator.generate(images.labels[:2])
    assert torch.equal(torch.get_rng_state(), state)


def test_the_vocabulary_comes_with_the_generator(generator: LoadedGenerator, images: Images) -> None:
    assert generator.condition == images.condition


def test_untrained_weights_follow_from_the_seed(images: Images, tmp_path: Path) -> None:
    def weights(seed: int) -> torch.Tensor:
        config = Config.of("cdcgan", tiny_options("cdcgan"), "shapes", images, seed, "no")
        return torch.cat([p.detach().flatten() for p in untrained(config).network.parameters()])

    assert torch.equal(weights(0), weights(0))
    assert not torch.equal(weights(0), weights(1))
