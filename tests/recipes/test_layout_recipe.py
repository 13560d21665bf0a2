from typing import Any

import torch

from condgan.recipes.layout import layout
from condgan.train import pretrain
from contracts import assert_same_state, run_steps, saved_and_loaded, state_of, tiny_images

TINY: dict[str, Any] = {
    "width": 4,
    "discriminator_width": 4,
    "num_free": 1,
    "batch_size": 4,
    "ema_half_life_kimg": 0.01,
}
TINY |= {"ema_half_life_kimg": 0.01, "reader_kimg": 0.192, "discriminator_kimg": 0.064}


def test_it_pretrains_and_changes_every_parameter_in_two_steps() -> None:
    images = tiny_images("multi_label")
    state = state_of(layout(**TINY), images)
    assert [(phase.name, phase.num_steps) for phase in state.phases] == [("reader", 3), ("discriminator", 2)]
    list(pretrain(state, images))
    before = {name: weight.clone() for name, weight in state.generator.named_parameters()}
    losses = run_steps(state, images, 2)
    assert all(torch.tensor(list(step.values())).isfinite().all() for step in losses)
    assert set(losses[0]) == {
        "D/relativistic",
        "D/relativistic_labels",
        "D/classification_real",
        "D/r1_r2",
        "G/relativistic",
        "G/relativistic_labels",
        "G/reader",
    }
    assert [name for name, weight in state.generator.named_parameters() if torch.equal(weight, before[name])] == []


def test_penalties_are_computed_in_every_fourth_step() -> None:
    images = tiny_images("multi_label")
    state = state_of(layout(**TINY), images)
    list(pretrain(state, images))
    assert [losses["D/r1_r2"] > 0 for losses in run_steps(state, images, 6)] == [True, False, False, False, True, False]


def test_resuming_equals_not_stopping() -> None:
    images = tiny_images("attributes")
    whole, first, second = (state_of(layout(**TINY), images) for _ in range(3))
    list(pretrain(whole, images))
    losses = run_steps(whole, images, 4)
    list(pretrain(first, images))
    run_steps(first, images, 2)
    second.load_state_dict(saved_and_loaded(first))
    assert run_steps(second, images, 2) == losses[2:]
    assert_same_state(whole, second)
