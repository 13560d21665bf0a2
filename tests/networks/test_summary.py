from dataclasses import FrozenInstanceError

import pytest
import torch
from torch import nn

from condgan.conditions import Class
from condgan.networks.conditioning import Unconditional
from condgan.networks.gan import Discriminator
from condgan.networks.heads import ScoreHead
from condgan.networks.layers import IgnoreCondition
from condgan.networks.summary import Layer, summarize
from condgan.recipes import build


def test_parameters_and_multiply_adds_equal_a_count_by_hand() -> None:
    condition = Class("ab")
    body = IgnoreCondition(nn.Conv2d(3, 5, 4, 2, 1), nn.LeakyReLU(0.2))
    network = Discriminator(Unconditional(3, condition), body, ScoreHead(5, 4, condition))
    conditioning, conv, relu, score, whole = summarize(network, torch.zeros(1, 3, 8, 8), torch.zeros(1, 2))
    assert (conv.path, conv.shape) == ("body.0", (5, 4, 4))
    assert conv.description == "Conv2d(3, 5, kernel_size=(4, 4), stride=(2, 2), padding=(1, 1))"
    assert (whole.path, whole.description, whole.shape) == ("", "Discriminator", ())
    assert (conv.num_parameters, conv.multiply_adds) == (5 * 3 * 16 + 5, 5 * 3 * 16 * 16)
    assert (score.num_parameters, score.multiply_adds) == (5 * 16 + 1, 5 * 16)
    assert {(layer.num_parameters, layer.multiply_adds) for layer in (conditioning, relu)} == {(0, 0)}
    assert (whole.num_parameters, whole.multiply_adds) == (81 + 245, 3840 + 80)


def test_the_total_includes_the_products_of_attention_weights() -> None:
    condition = Class("ab")
    with torch.device("meta"):
        network = build("sagan", {}).discriminator(condition, 64, 3)
        layers = summarize(network, torch.empty(1, 3, 64, 64), torch.empty(1, 2))
    by_hand = 1024 * 1024 * (8 + 64) + 256 * 256 * (16 + 128)
    assert layers[-1].multiply_adds - sum(layer.multiply_adds for layer in layers[:-1]) == by_hand
    assert layers[-1].num_parameters == sum(weight.numel() for weight in network.parameters())


def test_attention_of_a_transformer_is_one_layer() -> None:
    condition = Class("ab")
    with torch.device("meta"):
        network = build("layout", {"num_free": 2}).generator(condition, 16, 3)
        layers = summarize(network, torch.empty(1, network.latent_dim), torch.empty(1, 2))
    attention = [layer for layer in layers if layer.description == "MultiheadAttention(96, num_heads=4)"]
    assert [layer.path for layer in attention] == [f"body.attention.layers.{i}.self_attn" for i in (0, 1)]
    for layer in attention:
        assert layer.shape == (4, 96)  # the image, the class and two free objects
        assert layer.num_parameters == 4 * (96 * 96 + 96)


def test_a_summary_leaves_weights_and_statistics_as_they_are() -> None:
    """Batch norm in training would refuse the batch of one, or count it."""
    condition = Class("ab")
    recipe = build("cdcgan", {"width": 2})
    for network, shape in (
        (recipe.generator(condition, 16, 3), (128,)),
        (recipe.discriminator(condition, 16, 3), (3, 16, 16)),
    ):
        before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
        first, second = (summarize(network.train(), torch.randn(1, *shape), torch.eye(2)[:1]) for _ in range(2))
        assert first == second
        assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())
        assert not any(module._forward_hooks for module in network.modules())


def test_layers_with_spectral_norm_are_described_like_others() -> None:
    condition = Class("ab")
    network = build("projection", {"width": 2}).discriminator(condition, 8, 3)
    layers = summarize(network, torch.zeros(1, 3, 8, 8), torch.zeros(1, 2))
    convolutions = [layer for layer in layers if layer.description.startswith("Conv2d(")]
    assert [layer.path for layer in convolutions] == [
        f"body.blocks.{block}.{layer}"
        for block, layers in enumerate(["conv1 conv2 skip", "conv1 conv2 skip"])
        for layer in layers.split()
    ]
    assert [layer.num_parameters for layer in convolutions] == [56, 38, 8, 76, 148, 12]
    assert not any("arametrized" in layer.description or "parametrizations" in layer.path for layer in layers)


def test_layers_of_a_summary_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        Layer("body.0", "ReLU()", (4,), 0, 0).num_parameters = 1  # type: ignore[misc]
