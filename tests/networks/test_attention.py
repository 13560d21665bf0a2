import torch

from condgan.networks.attention import SelfAttention


def test_attention_starts_as_the_identity() -> None:
    h = torch.randn(2, 16, 4, 4)
    assert torch.equal(SelfAttention(16)(h), h)


def test_each_place_spreads_a_weight_of_one() -> None:
    weights = SelfAttention(16).weights(torch.randn(2, 16, 3, 5))
    assert weights.shape == (2, 15, 15)
    torch.testing.assert_close(weights.sum(2), torch.ones(2, 15))


def test_equal_places_see_the_mean_of_the_values() -> None:
    attention = SelfAttention(8)
    torch.nn.init.ones_(attention.gamma)
    torch.nn.init.zeros_(attention.key.weight)  # every place is as interesting
    h = torch.randn(1, 8, 4, 4)
    seen = attention(h) - h
    torch.testing.assert_close(seen, attention.value(h).mean((2, 3), keepdim=True).expand_as(seen))


def test_a_permutation_of_the_places_permutes_the_answer() -> None:
    attention = SelfAttention(8)
    torch.nn.init.ones_(attention.gamma)
    h, order = torch.randn(1, 8, 1, 9), torch.randperm(9)
    torch.testing.assert_close(attention(h[..., order]), attention(h)[..., order])


def test_it_has_a_second_derivative() -> None:
    attention = SelfAttention(8)
    torch.nn.init.ones_(attention.gamma)
    h = torch.randn(1, 8, 2, 2, requires_grad=True)
    (slope,) = torch.autograd.grad(attention(h).square().sum(), h, create_graph=True)
    slope.square().sum().backward()
    assert attention.query.weight.grad is not None
    assert attention.query.weight.grad.abs().sum() > 0
