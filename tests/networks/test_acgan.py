import torch

from condgan.conditions import Class
from condgan.networks import acgan
from condgan.networks.layers import Dropout

CONDITION = Class("ab")


def test_maps_of_the_discriminator_end_at_a_side_of_5() -> None:
    for resolution in (32, 64, 128):
        body = acgan.discriminator(CONDITION, resolution, width=2).body
        assert body(torch.zeros(2, 3, resolution, resolution), torch.eye(2)).shape[-2:] == (5, 5)


def test_dropout_has_the_probability_asked_for() -> None:
    body = acgan.discriminator(CONDITION, 16, width=2, dropout=0.25).body
    assert [m.p for m in body.children() if isinstance(m, Dropout)] == [0.25, 0.25]
