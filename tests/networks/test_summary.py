import torch
from torch import nn

from condgan.conditions import Class
from condgan.networks.conditioning import Unconditional
from condgan.networks.gan import Discriminator
from condgan.networks.heads import ScoreHead
from condgan.networks.layers import IgnoreCondition
from condgan.networks.summary import summarize
from condgan.recipes import build


def test_parameters_and_multiply_adds_equal_a_count_by_hand() -> None:
    condition = Class("ab")
    body = IgnoreCondition(nn.Conv2d(3, 5, 4, 2, 1), nn.LeakyReLU(0.2))
    network = Discriminator(Unconditional(3, condition), body, ScoreHead(5, 4, condition))
    conditioning, conv, relu, score, whole = summarize(network, torch.zeros(1, 3, 8, 8), torch.zeros(1, 2))
    assert (conv.path, conv.shape) == ("body.0", (5, 4, 4))
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
