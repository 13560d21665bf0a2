"""Weights at first, as in the source of each recipe."""

import pytest
import torch
from torch import nn

from condgan.conditions import Attributes
from condgan.recipes import RECIPES, build

FACES = Attributes({"hair": ("red", "blue", "gray"), "eyes": ("red", "green")})
NORMAL, KERAS, PYTORCH = "N(0, 0.02)", "Glorot uniform", "PyTorch's default"
INITIALIZATIONS = {
    "cdcgan": NORMAL,
    "acgan": PYTORCH,
    "acgan_attributes": KERAS,
    "infogan": NORMAL,
    "sagan": PYTORCH,
    "dcgan": NORMAL,
    "wgan_gp": PYTORCH,
    "projection": PYTORCH,
}


def test_recipes_of_other_sources_are_initialized_as_there() -> None:
    """See tests/networks/test_layout.py for the other."""
    assert INITIALIZATIONS.keys() == RECIPES.keys() - {"layout"}


initializations = pytest.mark.parametrize("recipe", INITIALIZATIONS)


@initializations
def test_weights_are_initialized_as_in_the_source(recipe: str) -> None:
    torch.manual_seed(0)
    kind, built = INITIALIZATIONS[recipe], build(recipe, {"width": 32})
    shape = built.condition(FACES), 32, 3
    num_checked = 0
    for network in (built.generator(*shape), built.discriminator(*shape)):
        for name, parameter in network.named_parameters():
            weight = parameter.detach()
            if weight.numel() < 4000 or weight.dim() < 2 or "embed" in name:
                continue
            num_checked += 1
            fan_out, fan_in = (size * weight[0, 0].numel() for size in weight.shape[:2])
            if kind == NORMAL and weight.dim() == 4:
                assert weight.std().item() == pytest.approx(0.02, rel=0.05), name
                assert weight.mean().abs() < 0.002, name
                assert weight.abs().max() > 0.06, name  # beyond a uniform distribution of the same deviation
            else:
                bound = (6 / (fan_in + fan_out)) ** 0.5 if kind == KERAS else fan_in**-0.5
                assert weight.abs().max().item() == pytest.approx(bound, rel=0.01), name
                assert weight.std().item() == pytest.approx(bound / 3**0.5, rel=0.05), name
    assert num_checked >= 5


@initializations
def test_biases_and_norms_are_initialized_as_in_the_source(recipe: str) -> None:
    torch.manual_seed(0)
    kind, built = INITIALIZATIONS[recipe], build(recipe, {"width": 32})
    shape = built.condition(FACES), 32, 3
    for network in (built.generator(*shape), built.discriminator(*shape)):
        for name, module in network.named_modules():
            if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d | nn.GroupNorm) and module.affine:
                deviation = 0.02 if kind == NORMAL else 0
                assert module.weight.std().item() == pytest.approx(deviation, rel=0.4), name
                assert module.weight.mean().item() == pytest.approx(1, abs=0.01), name
                assert not module.bias.any(), name
            elif isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear) and module.bias is not None:
                assert bool(module.bias.any()) is (kind != KERAS), name


def test_embeddings_of_attributes_are_uniform_as_in_keras() -> None:
    torch.manual_seed(0)
    generator = build("acgan_attributes", {"width": 4, "embedding_dim": 500}).generator(FACES, 16, 3)
    embeddings = list(generator.conditioning.parameters())
    assert [embedding.shape for embedding in embeddings] == [(500, 3), (500, 2)]
    for embedding in embeddings:
        assert embedding.abs().max().item() == pytest.approx(0.05, rel=0.01)
        assert embedding.std().item() == pytest.approx(0.05 / 3**0.5, rel=0.05)
