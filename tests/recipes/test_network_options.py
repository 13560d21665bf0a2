"""What the options of recipes, and the defaults of the functions that build networks, mean for the networks."""

from collections.abc import Callable
from functools import partial
from inspect import signature
from typing import Any

import pytest
import torch
from torch import nn

from condgan.conditions import Attributes, Condition
from condgan.networks import acgan, acgan_attributes, cdcgan, dcgan, infogan, layout, resnet
from condgan.networks.conditioning import ConcatAttributeEmbeddings, ConcatEmbedding
from condgan.networks.gan import Discriminator, Generator
from condgan.recipes import RECIPES, build

FACES = Attributes({"hair": ("red", "blue", "gray"), "eyes": ("red", "green")})
SMALL = {"width": 4, "discriminator_width": 4, "latent_dim": 8, "embedding_dim": 8}
recipes = pytest.mark.parametrize("recipe", RECIPES)


def has_option(recipe: str, option: str) -> bool:
    return option in signature(RECIPES[recipe]).parameters


def networks(recipe: str, **changes: int) -> tuple[Generator, Discriminator, Condition]:
    """A recipe's networks at 16x16 and their condition."""
    built = build(recipe, {name: value for name, value in (SMALL | changes).items() if has_option(recipe, name)})
    condition = built.condition(FACES)
    return built.generator(condition, 16, 3), built.discriminator(condition, 16, 3), condition


def width_of_largest_map(recipe: str, width: int) -> int:
    """Channels of the generator's largest hidden map."""
    return width // 2 if recipe == "layout" else width


def convolutions(network: nn.Module) -> list[Any]:
    return [m for m in network.modules() if isinstance(m, nn.Conv2d | nn.ConvTranspose2d)]


@recipes
@pytest.mark.parametrize("width", [2, 5])
def test_width_is_the_number_of_channels_of_the_largest_hidden_map(recipe: str, width: int) -> None:
    """Half of it in the generator of layout, where a map of the full resolution costs most."""
    generator, discriminator, _ = networks(recipe, width=width, discriminator_width=width)
    assert convolutions(generator)[-1].in_channels == width_of_largest_map(recipe, width)
    assert convolutions(discriminator)[0].out_channels == width


@pytest.mark.parametrize("recipe", [recipe for recipe in RECIPES if has_option(recipe, "discriminator_width")])
def test_generator_and_discriminator_may_have_different_widths(recipe: str) -> None:
    generator, discriminator, _ = networks(recipe, width=6, discriminator_width=10)
    assert convolutions(generator)[-1].in_channels == width_of_largest_map(recipe, 6)
    assert convolutions(discriminator)[0].out_channels == 10


@pytest.mark.parametrize("recipe", [recipe for recipe in RECIPES if has_option(recipe, "latent_dim")])
@pytest.mark.parametrize("latent_dim", [1, 7])
def test_the_generator_takes_latents_of_the_dimension_asked_for(recipe: str, latent_dim: int) -> None:
    generator, _, condition = networks(recipe, latent_dim=latent_dim)
    assert generator.latent_dim == latent_dim
    assert generator(torch.randn(2, latent_dim), torch.zeros(2, condition.dim)).shape == (2, 3, 16, 16)


@pytest.mark.parametrize("recipe", [recipe for recipe in RECIPES if has_option(recipe, "embedding_dim")])
@pytest.mark.parametrize("embedding_dim", [3, 6])
def test_embeddings_have_the_dimension_asked_for(recipe: str, embedding_dim: int) -> None:
    conditioning = networks(recipe, embedding_dim=embedding_dim)[0].conditioning
    num_embeddings = len(FACES.sizes) if recipe == "acgan_attributes" else 1
    assert conditioning.channels == SMALL["latent_dim"] + num_embeddings * embedding_dim


EMBEDDING = {"conditioning": partial(ConcatEmbedding, embedding_dim=200)}
EMBEDDINGS = {"conditioning": partial(ConcatAttributeEmbeddings, embedding_dim=5)}


@pytest.mark.parametrize(
    ("recipe", "network", "required"),
    [
        ("cdcgan", cdcgan.generator, {}),
        ("cdcgan", cdcgan.discriminator, {}),
        ("acgan", acgan.discriminator, {}),
        ("acgan_attributes", acgan_attributes.generator, EMBEDDINGS),
        ("acgan_attributes", acgan_attributes.discriminator, {}),
        ("infogan", infogan.discriminator, {}),
        ("dcgan", dcgan.generator, EMBEDDING),
        ("dcgan", dcgan.discriminator, {}),
        ("projection", resnet.generator, {}),
        ("projection", resnet.discriminator, {}),
        ("layout", layout.generator, {}),
        ("layout", layout.discriminator, {}),
    ],
)
def test_networks_have_the_defaults_of_their_recipe(
    recipe: str, network: Callable[..., nn.Module], required: dict[str, Any]
) -> None:
    """And three channels."""
    built = build(recipe, {})
    condition = built.condition(FACES)
    with torch.device("meta"):
        found = network(condition, 16, **required)
        expected = getattr(built, network.__name__)(condition, 16, 3)
    assert str(found) == str(expected)
    shapes = [[tuple(parameter.shape) for parameter in each.parameters()] for each in (found, expected)]
    assert shapes[0] == shapes[1]


@pytest.mark.parametrize(
    ("recipe", "sizes"),
    [
        ("dcgan", {"width": 64, "latent_dim": 100, "embedding_dim": 200}),  # those of report 004
        ("wgan_gp", {"width": 64, "latent_dim": 128, "embedding_dim": 100}),  # Gulrajani et al. 2017, and report 001
        ("projection", {"width": 64, "latent_dim": 128}),  # Miyato and Koyama 2018, appendix F
    ],
)
def test_sizes_of_networks_that_no_report_prints_are_those_of_the_source(recipe: str, sizes: dict[str, int]) -> None:
    """Those of the other recipes are the printed ones."""
    options = signature(RECIPES[recipe]).parameters
    assert {name: options[name].default for name in SMALL if name in options} == sizes
