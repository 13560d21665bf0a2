import pytest
import torch
from torch import nn

from condgan.conditions import Attributes, Condition, MultiLabel
from condgan.networks.reader import Classifier

LABELS = MultiLabel("abc")


@pytest.mark.parametrize(("resolution", "channels"), [(16, 3), (28, 1), (64, 3)])
@pytest.mark.parametrize("condition", [LABELS, Attributes({"hair": ("red", "gray"), "eyes": ("red", "green")})])
def test_the_classifier_returns_logits(condition: Condition, resolution: int, channels: int) -> None:
    classifier = Classifier(condition, resolution, channels, width=4)
    logits = classifier(torch.randn(2, channels, resolution, resolution))
    assert logits.shape == (2, condition.num_logits)


def test_it_sees_noise_in_evaluation_mode_alone() -> None:
    image = torch.randn(2, 3, 16, 16)
    without, noisy = (Classifier(LABELS, 16, width=4, noise=noise).eval() for noise in (0.0, 0.05))
    assert torch.equal(without(image), without(image))
    assert not torch.equal(noisy(image), noisy(image))
    noisy.train()
    assert torch.equal(noisy(image), noisy(image))


def test_the_deviation_of_the_noise_is_uniform_up_to_the_largest() -> None:
    """One for each image."""
    torch.manual_seed(0)
    classifier = Classifier(LABELS, 16, width=4, noise=0.2).eval()
    classifier.body = nn.Sequential()
    deviation = classifier(torch.zeros(400, 3, 16, 16)).flatten(1).std(dim=1).sort().values
    torch.testing.assert_close(deviation, torch.linspace(0, 0.2, 400), atol=0.02, rtol=0)


def test_an_object_counts_the_same_wherever_it_is() -> None:
    """Up to the grid of the last maps, whose cells are eight pixels wide, and away from the border."""
    torch.manual_seed(0)
    classifier = Classifier(LABELS, 128, width=4, noise=0).eval()
    image = torch.zeros(2, 3, 128, 128)
    for place, canvas in zip((52, 68), image, strict=True):
        canvas[:, place : place + 5, 56:61] = 3
    with torch.no_grad():
        empty, (first, second) = classifier(torch.zeros(1, 3, 128, 128))[0], classifier(image)
    torch.testing.assert_close(first, second)
    assert not torch.allclose(first, empty)


def test_a_frozen_classifier_passes_gradients_to_the_image() -> None:
    classifier = Classifier(LABELS, 16, width=4).eval().requires_grad_(False)
    image = torch.randn(2, 3, 16, 16, requires_grad=True)
    classifier(image).sum().backward()
    assert image.grad is not None
    assert image.grad.flatten(1).any(1).all()
