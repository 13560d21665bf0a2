"""The discriminator of `layout`: label logits at every position, and shifted images."""

import pytest
import torch
from torch import nn

from condgan.conditions import Codes, MultiLabel
from condgan.networks.layout import DenseHead, discriminator

LABELS = MultiLabel(("red cube", "blue cube", "red ball"))


def test_the_discriminator_counts_a_label_wherever_it_is() -> None:
    """The logsumexp of maps does not change when features move to other positions."""
    torch.manual_seed(0)
    head = discriminator(LABELS, 64, 3, width=4).head
    h = torch.randn(2, 16, 8, 8)
    shuffled = h.flatten(2)[:, :, torch.randperm(64)].unflatten(2, (8, 8))
    c = torch.zeros(2, LABELS.dim)
    torch.testing.assert_close(head(h, c).logits, head(shuffled, c).logits)


@pytest.mark.parametrize("resolution", [32, 128])
def test_before_training_a_label_is_as_unlikely_in_large_images_as_in_small_ones(resolution: int) -> None:
    """Logits of an image without any feature."""
    found = []
    for side in (16, resolution):
        network = discriminator(LABELS, side, 3, width=4)
        h = network.body(torch.zeros(1, 3, side, side), torch.zeros(1, LABELS.dim))
        found.append(network.head(torch.zeros_like(h), torch.zeros(1, LABELS.dim)).logits)
    assert (found[0] < 0).all()
    torch.testing.assert_close(found[1], found[0])


def test_logits_of_continuous_codes_are_means_over_the_map() -> None:
    codes = Codes({}, ("a", "b"))
    head = discriminator(codes, 64, 3, width=4).head
    assert isinstance(head, DenseHead)
    h, c = torch.randn(2, 16, 8, 8), torch.zeros(2, codes.dim)
    expected = head.logits(h).mean((2, 3))
    assert expected.shape == (2, codes.num_logits)
    torch.testing.assert_close(head(h, c).logits, expected)


def test_images_are_shifted_in_training_alone() -> None:
    image, c = torch.randn(1, 3, 32, 32), torch.zeros(1, LABELS.dim)

    def scores(network: nn.Module) -> set[float]:
        return {network(image, c).score.item() for _ in range(10)}

    shifted, fixed = (discriminator(LABELS, 32, width=4, max_shift=max_shift) for max_shift in (3, 0))
    assert len(scores(shifted)) > 1
    assert len(scores(shifted.eval())) == 1
    assert len(scores(fixed)) == 1


def test_the_score_has_no_bias() -> None:
    head = discriminator(LABELS, 64, 3, width=4).head
    assert not any(name.endswith("score.bias") for name, _ in head.named_parameters())
