"""Generators whose images show their condition as a colour, and a judge that sees it."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from condgan.conditions import Class
from condgan.config import Config
from condgan.data import Images
from condgan.evaluate import evaluate
from condgan.generate import LoadedGenerator, untrained
from condgan.judge import Judge
from condgan.scores import Scores
from contracts import tiny_images, tiny_options


def brightest_channel(condition: Class) -> Judge:
    """A judge whose features are the mean of each channel, and which predicts the brightest one."""
    head = nn.Linear(3, 3, bias=False)
    nn.init.eye_(head.weight)
    return Judge(condition, 16, nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()), head, "brightest")


def uniform(n: int) -> Tensor:
    return torch.rand(n, generator=torch.Generator().manual_seed(0))


def painted(labels: Tensor, brightness: Tensor) -> Tensor:
    """Images whose brightest channel is the label, (N, 3, 16, 16) uint8."""
    channels = 40 + (torch.eye(3)[labels] * brightness[:, None])
    return channels[:, :, None, None].expand(-1, -1, 16, 16).to(torch.uint8)


def painted_images(*, held_out_labels_are_right: bool = True, held_out_brightness: float = 100) -> Images:
    """Images of three classes. Those that are held out may have wrong labels, or be brighter than training images."""
    images = tiny_images("class", num_images=1200)
    labels = torch.arange(1200) % 3
    is_wrong = images.held_out & (not held_out_labels_are_right)
    brightness = torch.where(images.held_out, held_out_brightness, 100.0) + 40 * uniform(1200)
    pixels = painted((labels + is_wrong) % 3, brightness)
    return replace(images, images=pixels, condition=Class("rgb"), labels=labels, condition_lists={})


class Painter(LoadedGenerator):
    """A generator that follows its conditions, apart from some classes."""

    def __init__(self, images: Images, wrong: Sequence[int] = ()):
        super().__init__(untrained(config_of(images)).network, config_of(images))
        self.wrong, self.brightness = torch.tensor(wrong), 100.0

    def from_latents(self, z: Tensor, c: Tensor, batch_size: int = 100) -> Tensor:
        label = c.argmax(1)
        return painted((label + torch.isin(label, self.wrong)) % 3, self.brightness + 40 * uniform(len(c)))


def recorded(
    generator: LoadedGenerator, record: Callable[[Tensor, Tensor, Tensor], object]
) -> Callable[[Tensor, Tensor], Tensor]:
    """`generator.from_latents`, whose latents, conditions and images are given to `record`."""
    original = generator.from_latents

    def from_latents(z: Tensor, c: Tensor) -> Tensor:
        shown = original(z, c)
        record(z, c, shown)
        return shown

    return from_latents


def config_of(images: Images) -> Config:
    return Config.of("cdcgan", tiny_options("cdcgan"), "shapes:class", images, seed=0, precision="no")


def scores_of(generator: LoadedGenerator, images: Images) -> Scores:
    judge = brightest_channel(Class("rgb"))
    return evaluate(generator, images, {"test": torch.tensor([0, 1, 2])}, judge, draws=4)
