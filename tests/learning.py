"""What presets learn of coloured shapes, within about a minute of one core each."""

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

import torch
from torch import Tensor

from condgan.conditions import Condition
from condgan.data import shapes
from condgan.data.dataset import to_uint8
from condgan.judge import Judge, small_judge, train_judge
from condgan.metrics import Estimate, code_accuracy, condition_accuracy
from condgan.recipes.presets import preset_options
from condgan.state import TrainState


class Task(NamedTuple):
    """A kind and resolution of shapes, how many thousands of images a recipe is shown at most, and its options."""

    kind: str
    resolution: int
    kimg: float
    preset: str = "laptop"
    more: Mapping[str, Any] = {}

    def options(self, recipe: str) -> dict[str, Any]:
        """Returns the options that a recipe is trained with."""
        return {**preset_options(recipe, self.preset), **self.more}


TASKS = {
    "cdcgan": Task("attributes", 8, 190),
    "acgan": Task("class", 16, 70),
    "acgan_attributes": Task("attributes", 8, 120),
    "infogan": Task("codes", 16, 30),
    "sagan": Task("attributes", 8, 140),
    "dcgan": Task("class", 16, 80),
    "wgan_gp": Task("class", 16, 60),
    "projection": Task("attributes", 16, 35),
    "layout": Task("class", 16, 20, "classes", {"reader_kimg": 30, "discriminator_kimg": 10}),
}


def learned(state: TrainState, task: Task) -> tuple[Estimate, Estimate]:
    """Returns the accuracy of a generator, and its accuracy on the conditions of other images, which is chance.

    Accuracy is the share of the wanted values that a judge recognises; for codes, of the images that show the label of
    their code.
    """
    torch.manual_seed(1)
    c = state.condition.sample(shapes(task.kind, task.resolution).labels[:960])
    with torch.no_grad():
        pictures = to_uint8(state.generator_ema.eval()(state.latents(len(c)), state.condition.encode(c)))
    judge = _judge("class" if task.kind == "codes" else task.kind, task.resolution)
    return tuple(_accuracy(judge, pictures, each, state.condition) for each in (c, c.roll(1, dims=0)))  # type: ignore[return-value]


@cache
def _judge(kind: str, resolution: int) -> Judge:
    """A classifier of shapes that was trained on other images than the generators."""
    images = shapes(kind, resolution, seed=1)
    torch.manual_seed(0)
    judge = small_judge(images.condition, resolution)
    for _ in train_judge(judge, images, num_epochs=3, seed=0):
        pass
    return judge


def _accuracy(judge: Judge, pictures: Tensor, c: Tensor, condition: Condition) -> Estimate:
    samples = judge.classify(pictures, c)
    if condition.is_labelled:
        return condition_accuracy(samples, samples, condition)
    labels = judge.condition.describe_all(judge.condition.predict(samples.logits))
    return code_accuracy(condition.categories(c), labels).accuracy
