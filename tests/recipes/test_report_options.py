"""Options for what the reports leave open, or what the code that they cite does differently."""

from dataclasses import replace
from itertools import islice
from math import sqrt
from typing import Any

import pytest
import torch
from torch import Tensor

from condgan.conditions import Class
from condgan.networks.conditioning import ConcatUniform
from condgan.objectives import r1
from condgan.recipes import build
from condgan.state import TrainState
from condgan.train import train
from contracts import assert_same_state, run_steps, saved_and_loaded, tiny_state

SHARED: dict[str, Any] = {"categorical": [3], "continuous": 1, "front_end_with_generator": True}


def weights(state: TrainState, part: str) -> list[Tensor]:
    """Copies of the weights of a part of D."""
    named = state.discriminator.named_parameters()
    return [weight.detach().clone() for name, weight in named if name.startswith(part)]


def changed(before: list[Tensor], after: list[Tensor]) -> list[bool]:
    return [not torch.equal(a, b) for a, b in zip(before, after, strict=True)]


def test_latents_that_become_uniform_fill_the_range_evenly() -> None:
    torch.manual_seed(0)
    layer = ConcatUniform(1, Class("ab"))
    u = layer(torch.randn(20_000, 1), torch.zeros(20_000, 2))[:, 0]
    assert u.abs().max() <= 1
    assert u.mean().item() == pytest.approx(0, abs=0.02)
    assert u.std().item() == pytest.approx(1 / sqrt(3), rel=0.02)
    assert torch.histc(u, 10, -1, 1).div(2000).sub(1).abs().max() < 0.1


def test_separate_updates_are_two_steps_of_d_on_the_same_batch() -> None:
    """The loss on real images is that of D before the step, the loss on fakes that of D after its first update."""
    together, images = tiny_state("acgan_attributes", "attributes")
    apart, _ = tiny_state("acgan_attributes", "attributes", separate_updates=True)
    (first,), (second,) = (run_steps(state, images, num_steps=1) for state in (together, apart))
    assert first.keys() == second.keys()
    assert second["D/classification_real"] == pytest.approx(first["D/classification_real"])
    assert second["D/classification_fake"] != pytest.approx(first["D/classification_fake"])
    for state, updates in ((together, 1), (apart, 2)):
        steps = {float(each["step"]) for each in state.discriminator_optimizer.state_dict()["state"].values()}
        assert steps == {updates}
    assert together.kimg == apart.kimg


def test_separate_updates_without_classified_fakes_give_every_weight_a_gradient() -> None:
    state, images = tiny_state("acgan_attributes", "attributes", separate_updates=True, classify_fakes=False)
    (losses,) = run_steps(state, images, num_steps=1)
    assert losses["D/classification_fake"] == 0
    steps = {float(each["step"]) for each in state.discriminator_optimizer.state_dict()["state"].values()}
    assert steps == {2.0}


def test_every_term_of_d_needs_an_update() -> None:
    recipe = build("acgan_attributes", {"separate_updates": True})
    with pytest.raises(ValueError, match="differ in r1"):
        replace(recipe, objective=recipe.objective + 10 * r1)


def test_the_front_end_and_q_change_with_the_generator_too() -> None:
    state, images = tiny_state("infogan", "codes", **SHARED)
    assert [len(weights(state, part)) for part in ("head.score", "head.logits")] == [2, 5]
    *_, group = state.generator_optimizer.param_groups
    shared = {id(weight) for weight in group["params"]}
    named = dict(state.discriminator.named_parameters())
    assert shared == {id(weight) for name, weight in named.items() if not name.startswith("head.score")}
    d = {id(weight) for group in state.discriminator_optimizer.param_groups for weight in group["params"]}
    assert d == {id(weight) for name, weight in named.items() if not name.startswith("head.logits")}
    before = {part: weights(state, part) for part in ("body", "head.score", "head.logits")}
    (losses,) = run_steps(state, images, num_steps=1)
    assert losses["D/information"] == 0
    for part, tensors in before.items():
        assert all(changed(tensors, weights(state, part))), part


def test_without_the_option_g_changes_nothing_of_d() -> None:
    state, _ = tiny_state("infogan", "codes", categorical=[3], continuous=1)
    assert state.shared_weights == []
    assert len(state.generator_optimizer.param_groups) == 1


def test_the_moments_of_shared_weights_are_saved() -> None:
    whole, images = tiny_state("infogan", "codes", **SHARED)
    run_steps(whole, images, num_steps=4)
    first, _ = tiny_state("infogan", "codes", **SHARED)
    list(islice(train(first, images), 2))
    second, _ = tiny_state("infogan", "codes", **SHARED)
    second.load_state_dict(saved_and_loaded(first))
    list(islice(train(second, images), 2))
    assert_same_state(whole, second)


def test_schedules_of_the_rate_reach_shared_weights() -> None:
    state, images = tiny_state("infogan", "codes", **SHARED, learning_rate="linear:1e-3:0")
    run_steps(state, images, num_steps=3)
    mine, shared = (group["lr"] for group in state.generator_optimizer.param_groups)
    assert mine == shared < 1e-3


def test_an_extra_layer_keeps_the_size_of_the_maps() -> None:
    plain, more = (build("acgan_attributes", {"width": 4, "extra_layers": n}) for n in (0, 1))
    networks = [recipe.discriminator(Class("ab"), 16, 3) for recipe in (plain, more)]
    shapes = [[tuple(weight.shape) for weight in network.head.parameters()] for network in networks]
    assert shapes[0] == shapes[1]
    convolutions = [sum(weight.dim() == 4 for weight in network.parameters()) for network in networks]
    assert convolutions[1] == convolutions[0] + 1


def test_epsilon_is_that_of_both_optimizers() -> None:
    state, _ = tiny_state("acgan_attributes", "attributes", epsilon=1e-7)
    for optimizer in (state.generator_optimizer, state.discriminator_optimizer):
        assert {group["eps"] for group in optimizer.param_groups} == {1e-7}
