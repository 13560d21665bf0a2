import pytest
import torch

from condgan.conditions import Codes
from condgan.errors import InputError
from known_conditions import DIGIT


def test_a_traversal_has_a_row_for_each_value_of_the_first_categorical_code() -> None:
    codes = Codes({"class": 3, "style": 2}, ("c1", "c2"))
    c = codes.traversals(num=5)["c2"]
    assert c.shape == (15, 4)
    assert c[:, 0].tolist() == [0] * 5 + [1] * 5 + [2] * 5
    assert not c[:, 1:3].any()
    assert c[5:10, 3].tolist() == [-1, -0.5, 0, 0.5, 1]
    assert codes.categories(c[5:6]) == ["class=1, style=0"]


def test_a_traversal_without_categorical_codes_is_one_row() -> None:
    codes = Codes({}, ("c1", "c2"))
    assert codes.traversals(num=3)["c1"].tolist() == [[-1, 0], [0, 0], [1, 0]]


def test_previews_of_codes_are_traversals_from_one_latent() -> None:
    z, codes = torch.randn(4, 6), Codes({"class": 3}, ("c1", "c2"))
    latents, c = codes.sample_grid(z, torch.empty(4, 0))
    assert latents.unique(dim=0).tolist() == z[:1].tolist()
    assert torch.equal(c, torch.cat([codes.traversals(8)["c1"], codes.traversals(8)["c2"]]))
    assert len(latents) == len(c) == 2 * 3 * 8


def test_previews_without_continuous_codes_are_drawn_from_the_prior() -> None:
    z, codes = torch.randn(64, 6), Codes({"class": 3})
    latents, c = codes.sample_grid(z, torch.empty(64, 0))
    assert torch.equal(latents, z)
    assert c.unique().tolist() == [0, 1, 2]


def test_codes_are_drawn_from_their_prior() -> None:
    torch.manual_seed(0)
    c = DIGIT.sample(torch.empty(4000, 0))
    assert c.shape == (4000, 4)
    assert [int(n) for n in torch.bincount(c[:, 1].long())] == pytest.approx([4000 / 3] * 3, rel=0.1)
    assert c[:, 0].unique().tolist() == list(range(10))
    assert c[:, 2:].abs().max() <= 1
    assert c[:, 2:].mean().item() == pytest.approx(0, abs=0.05)
    assert c[:, 2:].var().item() == pytest.approx(1 / 3, rel=0.05)


def test_parse_inverts_describe_for_any_drawn_code() -> None:
    torch.manual_seed(0)
    c = DIGIT.sample(torch.empty(100, 0))
    assert torch.equal(DIGIT.parse_all(DIGIT.describe_all(c)), c)


def test_categories_leave_out_continuous_codes() -> None:
    assert DIGIT.categories(torch.tensor([[3.0, 1.0, 1 / 3, -0.123456]])) == ["digit=3, style=1"]


def test_value_logits_leave_out_continuous_codes() -> None:
    logits = torch.arange(float(DIGIT.num_logits))[None]
    assert DIGIT.num_logits == 13 + 2 * 2
    assert DIGIT.value_logits(logits).tolist() == [list(range(13))]


def test_a_categorical_code_needs_two_values() -> None:
    with pytest.raises(InputError, match="'digit': found 1 values, expected 2 to 10,000"):
        Codes({"digit": 1})
