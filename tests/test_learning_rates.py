"""Rates and weights that change over training, and the optimizers that have them."""

from collections.abc import Callable
from functools import partial
from itertools import islice
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.optim import ASGD, SGD, Adafactor, Adam, AdamW, NAdam, Optimizer, RMSprop

from condgan.objectives import (
    Batch,
    Objective,
    hinge,
)
from condgan.optimizers import load_optimizer
from condgan.recipes.recipe import adam
from condgan.schedules import cosine, linear
from condgan.train import train
from contracts import assert_same_state, run_steps, saved_and_loaded, state_of, tiny_images, tiny_state
from small_networks import (
    ScalarDiscriminator,
    linear_recipe,
    sgd,
    tiny_recipe,
)


def test_a_weight_may_change_over_training() -> None:
    images = tiny_images("class")
    one = Objective(discriminator={"one": lambda batch: batch.real.score * 0 + 1})
    state = state_of(linear_recipe(hinge + linear(0, 8) * one), images, planned_kimg=0.016)
    assert [losses["D/one"] for losses in run_steps(state, images, 5)] == pytest.approx([0, 2, 4, 6, 8])


def test_a_learning_rate_is_set_before_each_step() -> None:
    """The loss is D's only parameter, so that it falls by the rate of the step."""
    images = tiny_images("class")
    score = Objective(discriminator={"score": lambda batch: batch.real.score}, generator={"image": mean_pixel})
    recipe = linear_recipe(score, lr=linear(0.8, 0), discriminator=ScalarDiscriminator)
    state = state_of(recipe, images, planned_kimg=0.016)
    values = [next(state.discriminator.parameters()).item() for _ in islice(train(state, images), 6)]
    assert values == pytest.approx([-0.8, -1.4, -1.8, -2.0, -2.0, -2.0], abs=1e-6)


def test_rounding_adds_no_step() -> None:
    """Three times 0.036 thousand images are less than 0.108."""
    images = tiny_images("class")
    state = state_of(tiny_recipe(batch_size=36), images, planned_kimg=0.108)
    state.step = 2
    assert state.progress == pytest.approx(2 / 3)
    state.step = 3
    assert state.progress == 1


@pytest.mark.parametrize("kind", [Adam, AdamW, NAdam, RMSprop, Adafactor, ASGD, partial(SGD, momentum=0.9)])
def test_any_optimizer_continues_from_its_state(kind: Callable[..., Optimizer]) -> None:
    """Also if some of its weights have had no gradient yet."""
    weights = [
        torch.ones(3, 2, requires_grad=True),
        torch.ones(3, requires_grad=True),
        torch.ones(1, requires_grad=True),
    ]
    optimizer = kind(weights, lr=0.01)
    (weights[0].sum() + weights[1].sum()).backward()
    optimizer.step()
    again = kind(weights, lr=0.01)
    load_optimizer(again, optimizer.state_dict())
    assert str(again.state_dict()) == str(optimizer.state_dict())


def test_each_network_has_the_optimizer_of_the_recipe() -> None:
    """The loss of each network is the sum of its weights, so that they fall by its rate."""
    images, rates = tiny_images("class"), (0.25, 0.125)

    def sum_of_weights(batch: Batch) -> Tensor:
        network = state.discriminator if batch.real_image.requires_grad else state.generator
        total = torch.stack([parameter.sum() for parameter in network.parameters()]).sum()
        return total.expand(len(batch.c))

    objective = Objective(generator={"sum": sum_of_weights}, discriminator={"sum": sum_of_weights})
    optimizers = [partial(sgd, lr=rate) for rate in rates]
    recipe = tiny_recipe(objective=objective, generator_optimizer=optimizers[0], discriminator_optimizer=optimizers[1])
    state = state_of(recipe, images)
    networks = state.generator, state.discriminator
    before = [[parameter.detach().clone() for parameter in network.parameters()] for network in networks]
    run_steps(state, images, 1)
    for network, old, rate in zip(networks, before, rates, strict=True):
        torch.testing.assert_close([p.detach() for p in network.parameters()], [weight - rate for weight in old])


def mean_pixel(batch: Batch) -> Tensor:
    return batch.fake_image.flatten(1).mean(1)


def test_rates_of_both_networks_follow_progress_and_groups_keep_their_own() -> None:
    images, schedule = tiny_images("class"), cosine(1e-3, 1e-4)

    def optimizer(network: nn.Module) -> torch.optim.Optimizer:
        first, *others = network.parameters()
        groups: list[dict[str, Any]] = [{"params": [first]}, {"params": others, "lr": 5e-4}]
        return adam(groups, lr=schedule, betas=(0.5, 0.9))

    recipe = tiny_recipe(generator_optimizer=optimizer, discriminator_optimizer=optimizer)
    state = state_of(recipe, images, planned_kimg=0.016)
    for step, _ in enumerate(islice(train(state, images), 6)):
        for one in (state.generator_optimizer, state.discriminator_optimizer):
            rates = [group["lr"] for group in one.param_groups]
            assert rates == pytest.approx([schedule(min(1, step / 4)), 5e-4])


def test_schedules_are_not_part_of_the_saved_state() -> None:
    state, images = tiny_state("cdcgan", "class", learning_rate="cosine:1e-3:0")
    run_steps(state, images, 1)
    saved = saved_and_loaded(state)  # with weights_only=True
    for name in ("generator_optimizer", "discriminator_optimizer"):
        assert not any("schedule" in group for group in saved[name]["param_groups"])


def test_a_training_with_schedules_is_resumed_exactly() -> None:
    options: dict[str, Any] = {"learning_rate": "cosine:1e-2:0"}
    whole, images = tiny_state("cdcgan", "class", **options)
    losses = run_steps(whole, images, 4)
    first, _ = tiny_state("cdcgan", "class", **options)
    run_steps(first, images, 2)
    saved = saved_and_loaded(first)
    second, _ = tiny_state("cdcgan", "class", **options)
    second.load_state_dict(saved)
    assert run_steps(second, images, 2) == losses[2:]
    assert_same_state(whole, second)


def test_a_constant_schedule_equals_the_number() -> None:
    (number, images), (schedule, _) = (
        tiny_state("acgan", "class", learning_rate=rate) for rate in (2e-4, "linear:2e-4:2e-4")
    )
    assert run_steps(number, images, 3) == run_steps(schedule, images, 3)


def test_the_generator_makes_as_many_steps_as_the_recipe_says() -> None:
    state, images = tiny_state("acgan", "class", generator_steps=3)
    run_steps(state, images, 2)
    generator, discriminator = state.generator_optimizer.state_dict(), state.discriminator_optimizer.state_dict()
    assert next(iter(generator["state"].values()))["step"] == 6
    assert next(iter(discriminator["state"].values()))["step"] == 2
