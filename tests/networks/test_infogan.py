import pytest
import torch
from torch import nn

from condgan.conditions import Class
from condgan.networks import infogan
from condgan.networks.augment import RandomAffine

CONDITION = Class("ab")


@pytest.mark.parametrize(("resolution", "num_layers"), [(8, 2), (16, 3), (28, 3), (32, 4), (64, 5)])
def test_strided_layers_end_below_a_side_of_8(resolution: int, num_layers: int) -> None:
    network = infogan.discriminator(CONDITION, resolution, 1, width=2)
    layers = [m for m in network.body.children() if isinstance(m, nn.Conv2d)]
    assert len(layers) == num_layers
    assert network.body(torch.zeros(2, 1, resolution, resolution), torch.eye(2)).shape == (2, 32, 1, 1)


def test_augmentation_precedes_the_first_layer() -> None:
    network = infogan.discriminator(CONDITION, 16, 1, width=2, augment=0.3)
    first, second, *_ = network.body.children()
    assert str(first) == str(RandomAffine(0.3))
    assert isinstance(second, nn.Conv2d)


@pytest.mark.parametrize("augment", [0, 0.2])
def test_outputs_are_random_only_with_augmentation(augment: float) -> None:
    network = infogan.discriminator(CONDITION, 16, 1, width=2, augment=augment)
    image, c = torch.rand(2, 1, 16, 16), torch.eye(2)
    first, second = (network(image, c).score for _ in range(2))
    assert torch.equal(first, second) is not bool(augment)


def test_widths_follow_from_that_of_the_first_layer() -> None:
    """The last features are 16 times and the hidden layer of Q twice as many as its channels."""
    network = infogan.discriminator(CONDITION, 28, 1, width=3)
    widths = [m.out_channels for m in network.modules() if isinstance(m, nn.Conv2d)]
    assert widths == [3, 6, 48, 1, 6, CONDITION.num_logits]
