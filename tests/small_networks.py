"""Networks and recipes so simple that their training can be computed by hand."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.optim import SGD, Optimizer

from condgan.conditions import Condition
from condgan.data import Images
from condgan.networks.gan import DiscriminatorOutput
from condgan.objectives import Objective, hinge, reader_classification, real_classification
from condgan.recipes import Pretraining, Reader, Recipe, build
from condgan.schedules import Schedule
from contracts import tiny_images, tiny_options

READER_STEPS, DISCRIMINATOR_STEPS = 4, 3  # of the phases of `with_both_phases`


@pytest.fixture(scope="module")
def class_images() -> Images:
    """Images of shapes with a class each, all of which are trained on."""
    return tiny_images("class").part(held_out=False)


class LinearDiscriminator(nn.Module):
    """The score is <w, image> with w of norm `norm`; the logits are linear in the image too."""

    def __init__(self, condition: Condition, resolution: int, channels: int, norm: float = 3.0):
        super().__init__()
        w = torch.randn(channels, resolution, resolution, generator=torch.Generator().manual_seed(0))
        self.w = nn.Parameter(norm * w / w.norm())
        self.classifier = nn.Linear(channels * resolution**2, condition.num_logits)

    def forward(self, image: Tensor, c: Tensor) -> DiscriminatorOutput:
        return DiscriminatorOutput((image * self.w).sum((1, 2, 3)), self.classifier(image.flatten(1)))


class ScalarDiscriminator(nn.Module):
    """The score of every image is one parameter, so that the derivative of the mean score is 1."""

    def __init__(self, *shape: object):
        super().__init__()
        self.score = nn.Parameter(torch.zeros(()))

    def forward(self, image: Tensor, c: Tensor) -> DiscriminatorOutput:
        return DiscriminatorOutput(self.score.expand(len(image)), image.new_zeros(len(image), 0))


class LinearReader(nn.Module):
    """A linear classifier of images after batch norm and dropout, which differ between training and evaluation."""

    def __init__(self, condition: Condition, resolution: int, channels: int):
        super().__init__()
        self.norm, self.dropout = nn.BatchNorm2d(channels), nn.Dropout(0.1)
        self.classifier = nn.Linear(channels * resolution**2, condition.num_logits)

    def forward(self, image: Tensor) -> Tensor:
        logits: Tensor = self.classifier(self.dropout(self.norm(image)).flatten(1))
        return logits


def sgd(network: nn.Module, lr: float | Schedule) -> Optimizer:
    """Plain gradient descent with a rate that may be a schedule."""
    if callable(lr):
        return SGD([{"params": list(network.parameters()), "lr": lr(0), "schedule": lr}])
    return SGD(network.parameters(), lr=lr)


def tiny_recipe(recipe: str = "cdcgan", **changes: Any) -> Recipe:
    """Returns a tiny recipe with some of its fields changed."""
    return replace(build(recipe, tiny_options(recipe)), **changes)


def linear_recipe(objective: Objective, lr: float | Schedule = 0.01, **changes: Any) -> Recipe:
    """Returns a tiny recipe with a linear discriminator that is trained by gradient descent."""
    linear: dict[str, Any] = {"discriminator": LinearDiscriminator, "discriminator_optimizer": partial(sgd, lr=lr)}
    return tiny_recipe(**linear | {"objective": objective} | changes)


def weights(network: nn.Module) -> Sequence[Tensor]:
    """Returns copies of all parameters and buffers."""
    return [tensor.detach().clone() for tensor in network.state_dict().values()]


def equal(a: Sequence[Tensor], b: Sequence[Tensor]) -> bool:
    """Whether all tensors are equal, bit for bit."""
    return all(map(torch.equal, a, b))


def pretraining(num_steps: int, batch_size: int = 8, lr: Any = 0.02, **options: Any) -> Pretraining:
    defaults = {"optimizer": lambda network: sgd(network, lr)}
    return Pretraining(kimg=num_steps * batch_size / 1000, batch_size=batch_size, **defaults | options)


def with_both_phases(reader: Pretraining | None = None, discriminator: Pretraining | None = None) -> Recipe:
    """ACGAN whose G also learns from a reader, with a phase before the game for each classifier."""
    return tiny_recipe(
        "acgan",
        objective=hinge + real_classification + reader_classification,
        reader=Reader(network=LinearReader, pretraining=reader or pretraining(READER_STEPS)),
        discriminator_pretraining=discriminator or pretraining(DISCRIMINATOR_STEPS),
    )


def pretrained() -> Recipe:
    """A recipe with both kinds of pretraining, as `small_networks:pretrained` on the command line."""
    return with_both_phases(pretraining(3), pretraining(3))
