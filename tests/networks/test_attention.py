import torch

from condgan.networks.attention import SelfAttention


def test_attention_starts_as_the_identity() -> None:
    h = torch.randn(2, 16, 4, 4)
    assert torch.equal(SelfAttention(16)(h), h)


def test_attention_weights_of_each_position_sum_to_one() -> None:
    weights = SelfAttention(16).weights(torch.randn(2, 16, 3, 5))
    assert weights.shape == (2, 15, 15)
    torch.testing.assert_close(weights.sum(2), torch.ones(2, 15))


def test_constant_keys_attend_to_the_mean_of_the_values() -> None:
    attention = SelfAttention(8)
    torch.nn.init.ones_(attention.gamma)
    torch.nn.init.zeros_(attention.key.weight)  # equal attention to every position
    h = torch.randn(1, 8, 4, 4)
    attended = attention(h) - h
    expected = attention.value(h).mean((2, 3), keepdim=True).expand_as(h)
    torch.testing.assert_close(attended, expected)


def test_attention_is_equivariant_to_permutations_of_the_positions() -> None:
    attention = SelfAttention(8)
    torch.nn.init.ones_(attention.gamma)
    h, order = torch.randn(1, 8, 1, 9), torch.randperm(9)
    torch.testing.assert_close(attention(h[..., order]), attention(h)[..., order])


def test_attention_has_a_second_derivative() -> None:
    attention = SelfAttention(8)
    torch.nn.init.ones_(attention.gamma)
    h = torch.randn(1, 8, 2, 2, requires_grad=True)
    (slope,) = torch.autograd.grad(attention(h).square().sum(), h, create_graph=True)
    slope.square().sum().backward()
    assert attention.query.weight.grad is not None
    assert attention.query.weight.grad.abs().sum() > 0


def test_queries_and_keys_have_an_eighth_of_the_channels_but_at_least_one() -> None:
    for channels, narrow in ((64, 8), (8, 1), (4, 1)):
        attention = SelfAttention(channels)
        widths = [layer.out_channels for layer in (attention.query, attention.key, attention.value)]
        assert widths == [narrow, narrow, channels]
