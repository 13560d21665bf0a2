"""Maps of learned embeddings, and whether similar colours have similar ones."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch

from condgan.conditions import Attributes
from condgan.config import Config
from condgan.data import shapes
from condgan.generate import LoadedGenerator
from condgan.recipes import build
from condgan.report.embeddings import colour_of, colour_similarity, learned_embeddings
from condgan.reproduce.embeddings import similar
from condgan.reproduce.evidence import Evidence
from evidence_runs import not_comparable

COLOURS = ("red", "orange", "yellow", "green", "aqua", "blue", "purple", "pink", "white", "gray", "black")


def embedded(names: Sequence[str]) -> dict[str, np.ndarray]:
    """Embeddings that are the colours themselves, turned at random."""
    turned = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
    colours = {name: colour_of(name) for name in names}
    return {name: turned @ np.asarray(rgb) for name, rgb in colours.items() if rgb}


def test_embeddings_that_are_colours_are_similar_for_similar_ones() -> None:
    found = colour_similarity({"hair": embedded(COLOURS)})
    assert found is not None
    assert found.correlation > 0.6 > found.by_chance > 0


def test_embeddings_of_shuffled_colours_are_not() -> None:
    vectors = list(embedded(COLOURS).values())
    shuffled = dict(zip(COLOURS, vectors[3:] + vectors[:3], strict=True))
    found = colour_similarity({"hair": shuffled})
    assert found is not None
    assert found.correlation < found.by_chance


def test_names_that_are_no_colours_are_left_out() -> None:
    plain = colour_similarity({"hair": embedded(COLOURS)})
    with_others = {
        "hair": {**embedded(COLOURS), "long": np.full(3, 9.0), "1": np.full(3, 8.0), "g": np.full(3, 7.0)},
        "eyes": {"big": np.zeros(3)},
    }
    assert colour_similarity(with_others) == plain
    assert colour_similarity({"hair": embedded(COLOURS[:3])}) is None


def test_the_embedding_of_a_value_is_what_the_generator_concatenates() -> None:
    images = shapes("attributes", 16, num_images=8)
    config = Config.of("acgan_attributes", {"width": 4, "embedding_dim": 3}, "shapes", images, 0, "no")
    network = build("acgan_attributes", config.options).generator(images.condition, 16, 3)
    found = learned_embeddings(LoadedGenerator(network, config))
    assert isinstance(images.condition, Attributes)
    assert {name: list(vectors) for name, vectors in found.items()} == {
        name: list(values) for name, values in images.condition.attributes.items()
    }
    c = torch.tensor([[1, 2]])
    concatenated = network.conditioning(torch.zeros(1, network.latent_dim), images.condition.encode(c))[0]
    expected = [list(vectors.values())[i] for vectors, i in zip(found.values(), c[0].tolist(), strict=True)]
    assert concatenated[network.latent_dim :].tolist() == pytest.approx(np.concatenate(expected).tolist())


def test_generators_without_such_embeddings_have_no_map() -> None:
    images = shapes("multi_label", 16, num_images=8)
    config = Config.of("acgan", {"width": 4}, "shapes", images, 0, "no")
    network = build("acgan", config.options).generator(images.condition, 16, 3)
    assert learned_embeddings(LoadedGenerator(network, config)) == {}


def test_without_runs_the_verdict_says_so() -> None:
    assert not_comparable(lambda: similar(Evidence([]), "a")) == ("", "no finished run of a")
