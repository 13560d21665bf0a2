import torch
from torch import nn

from condgan.conditions import Codes, MultiLabel
from condgan.networks.heads import AuxiliaryHead, ProjectionHead, RecognitionHead, ScoreHead

CONDITION = MultiLabel("abc")


def test_the_score_is_linear_in_all_features() -> None:
    head = ScoreHead(2, 3, CONDITION)
    h, (weight, bias) = torch.randn(4, 2, 3, 3), head.score.parameters()
    score, logits = head(h, torch.zeros(4, 3))
    torch.testing.assert_close(score, (h * weight).sum((1, 2, 3)) + bias)
    assert logits.shape == (4, 0)


def test_score_and_logits_of_an_auxiliary_head_are_linear_in_all_features() -> None:
    head = AuxiliaryHead(2, 3, CONDITION)
    h = torch.randn(4, 2, 3, 3)
    score, logits = head(h, torch.zeros(4, 3))
    flat = h.flatten(1)
    torch.testing.assert_close(score, (flat @ head.score.weight.T + head.score.bias)[:, 0])
    torch.testing.assert_close(logits, flat @ head.logits.weight.T + head.logits.bias)
    assert logits.shape == (4, 3)


def test_an_auxiliary_head_may_have_no_bias_of_the_score() -> None:
    head = AuxiliaryHead(2, 3, CONDITION, score_bias=False)
    assert not head(torch.zeros(4, 2, 3, 3), torch.zeros(4, 3)).score.any()
    assert [name for name, _ in head.named_parameters()] == ["score.weight", "logits.weight", "logits.bias"]


def test_a_recognition_head_has_a_linear_score_and_a_hidden_layer_for_logits() -> None:
    codes = Codes({"class": 3}, ("c1", "c2"))
    head = RecognitionHead(5, 2, codes, hidden=6)
    h, (weight, bias) = torch.randn(4, 5, 2, 2), head.score.parameters()
    score, logits = head(h, torch.zeros(4, 5))
    torch.testing.assert_close(score, (h * weight).sum((1, 2, 3)) + bias)
    assert logits.shape == (4, 3 + 2 * 2)
    kinds = [nn.Conv2d, nn.BatchNorm2d, nn.LeakyReLU, nn.Conv2d]
    assert [type(layer) for layer in head.logits] == kinds
    assert head.logits[0].weight.shape == (6, 5, 2, 2)
    assert RecognitionHead(5, 2, codes).logits[0].out_channels == 128  # Chen et al. 2016, appendix C.1


def test_a_projection_head_adds_the_inner_product_of_condition_and_features() -> None:
    head = ProjectionHead(5, 2, CONDITION)
    h, c = torch.randn(4, 5, 2, 2), torch.tensor([[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0]]).float()
    features = h.flatten(2).sum(2)
    expected = features @ head.score.weight[0] + head.score.bias + ((c @ head.embed.weight.T) * features).sum(1)
    torch.testing.assert_close(head(h, c).score, expected)


def test_a_projection_is_linear_in_the_condition() -> None:
    """For a set of labels it is a sum over labels."""
    head = ProjectionHead(5, 2, CONDITION)
    h = torch.randn(1, 5, 2, 2).expand(4, -1, -1, -1)
    c = torch.tensor([[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0]]).float()
    nothing, a, b, both = head(h, c).score
    torch.testing.assert_close(both - nothing, (a - nothing) + (b - nothing), atol=1e-5, rtol=1e-4)
    assert a != nothing
