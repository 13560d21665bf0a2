import torch

from condgan.conditions import Attributes, MultiLabel
from condgan.networks.conditioning import (
    AddEmbedding,
    Concat,
    ConcatAttributeEmbeddings,
    ConcatEmbedding,
    LabelChannel,
    Unconditional,
)

CONDITION = MultiLabel("abc")
Z, C = torch.randn(2, 8), torch.eye(3)[1:]


def test_unconditional_returns_its_input() -> None:
    layer = Unconditional(8, CONDITION)
    assert layer.channels == 8
    assert layer(Z, C) is Z


def test_concat_puts_the_condition_behind_the_latent() -> None:
    layer = Concat(8, CONDITION)
    h = layer(Z, C)
    assert h.shape == (2, layer.channels) == (2, 11)
    assert torch.equal(h[:, :8], Z)
    assert torch.equal(h[:, 8:], C)


def test_concat_embedding_puts_a_leaky_embedding_before_the_latent() -> None:
    layer = ConcatEmbedding(8, CONDITION, embedding_dim=6)
    h = layer(Z, C)
    assert h.shape == (2, layer.channels) == (2, 14)
    assert torch.equal(h[:, 6:], Z)
    weight, bias = layer.label_embed.parameters()
    linear = C @ weight.T + bias
    assert (linear < 0).any()
    torch.testing.assert_close(h[:, :6], torch.where(linear < 0, 0.2 * linear, linear))


def test_concat_attribute_embeddings_look_up_a_vector_for_each_attribute() -> None:
    condition = Attributes({"hair": ("red", "blue", "gray"), "eyes": ("red", "green")})
    layer = ConcatAttributeEmbeddings(8, condition, embedding_dim=4)
    h = layer(Z, condition.encode(torch.tensor([[2, 0], [1, 1]])))
    assert h.shape == (2, layer.channels) == (2, 16)
    assert torch.equal(h[:, :8], Z)
    hair, eyes = layer.label_embeds.parameters()
    torch.testing.assert_close(h[:, 8:12], hair.T[[2, 1]])
    torch.testing.assert_close(h[:, 12:], eyes.T[[0, 1]])


def test_add_embedding_adds_a_linear_embedding() -> None:
    layer = AddEmbedding(8, CONDITION)
    assert layer.channels == 8
    torch.testing.assert_close(layer(Z, C), Z + C @ layer.label_embed.weight.T + layer.label_embed.bias)


def test_label_channel_is_a_further_channel_linear_in_the_condition() -> None:
    layer = LabelChannel(3, CONDITION, resolution=16)
    image = torch.randn(2, 3, 16, 16)
    h = layer(image, C)
    assert h.shape == (2, layer.channels, 16, 16) == (2, 4, 16, 16)
    assert torch.equal(h[:, :3], image)
    torch.testing.assert_close(h[:, 3].flatten(1), layer.label_embed.weight.T[1:] + layer.label_embed.bias)
