import pytest
import torch

from condgan.conditions import MultiLabel
from condgan.networks.reader import Classifier


@pytest.mark.parametrize(("resolution", "channels"), [(16, 3), (28, 1), (64, 3)])
def test_the_classifier_returns_logits(resolution: int, channels: int) -> None:
    classifier = Classifier(MultiLabel("abc"), resolution, channels, width=4)
    assert classifier(torch.randn(2, channels, resolution, resolution)).shape == (2, 3)


def test_it_sees_noise_in_evaluation_mode_alone() -> None:
    image = torch.randn(2, 3, 16, 16)
    without, noisy = (Classifier(MultiLabel("abc"), 16, width=4, noise=noise).eval() for noise in (0.0, 0.05))
    assert torch.equal(without(image), without(image))
    assert not torch.equal(noisy(image), noisy(image))
    noisy.train()
    assert torch.equal(noisy(image), noisy(image))
