from dataclasses import FrozenInstanceError
from typing import Any

import pytest
import torch

from condgan.conditions import Class, Codes
from condgan.objectives import hinge
from condgan.recipes import Pretraining, Reader, Recipe
from condgan.recipes.recipe import adam
from condgan.schedules import linear
from small_networks import LinearDiscriminator


def unused(*shape: object) -> Any:
    raise NotImplementedError


FIELDS: dict[str, Any] = {
    "generator": unused,
    "discriminator": unused,
    "objective": hinge,
    "generator_optimizer": unused,
    "discriminator_optimizer": unused,
    "batch_size": 4,
    "num_epochs": 5,
}
PRETRAINING: dict[str, Any] = {"kimg": 1.0, "batch_size": 2, "optimizer": unused}


def test_a_recipe_takes_one_step_of_each_network_and_has_no_average_or_pretraining_by_default() -> None:
    recipe = Recipe(**FIELDS)
    assert (recipe.discriminator_steps, recipe.generator_steps) == (1, 1)
    assert recipe.ema_half_life_kimg == 0
    assert recipe.discriminator_pretraining is None
    assert recipe.reader is None
    for labels in (Class("ab"), Codes({"class": 3})):
        assert recipe.condition(labels) is labels


@pytest.mark.parametrize("updates", [[["real"], ["fake"], ["real"]], [["real"]], [["real", "fake", "more"]]])
def test_every_term_of_d_is_in_one_of_its_updates(updates: list[list[str]]) -> None:
    with pytest.raises(ValueError, match="expected each term once"):
        Recipe(**FIELDS, discriminator_updates=updates)


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (Recipe, FIELDS),
        (Pretraining, PRETRAINING),
        (Reader, {"network": unused, "pretraining": Pretraining(**PRETRAINING)}),
    ],
)
def test_fields_of_a_recipe_are_given_by_name_and_cannot_be_assigned(kind: type, fields: dict[str, Any]) -> None:
    built = kind(**fields)
    for name, value in fields.items():
        with pytest.raises(FrozenInstanceError):
            setattr(built, name, value)
    with pytest.raises(TypeError, match="positional"):
        kind(*fields.values())


def test_pretraining_does_not_augment_by_default() -> None:
    image = torch.rand(2, 3, 4, 4)
    assert Pretraining(**PRETRAINING).augment(image) is image


def test_adam_starts_with_the_first_value_of_a_schedule_and_keeps_the_schedule() -> None:
    network, schedule = LinearDiscriminator(Class("ab"), 4, 1), linear(0.5, 0.1)
    for rate, first in ((schedule, 0.5), (0.25, 0.25)):
        (group,) = adam(network, lr=rate, betas=(0.1, 0.2)).param_groups
        assert [id(parameter) for parameter in group["params"]] == [id(parameter) for parameter in network.parameters()]
        assert (group["lr"], group["schedule"], group["betas"]) == (first, rate, (0.1, 0.2))


def test_groups_of_parameters_may_have_rates_of_their_own() -> None:
    network, schedule = LinearDiscriminator(Class("ab"), 4, 1), linear(0.5, 0.1)
    groups: list[dict[str, Any]] = [
        {"params": [network.w]},
        {"params": network.classifier.parameters(), "lr": schedule},
    ]
    first, second = adam(groups, lr=0.25, betas=(0.0, 0.9)).param_groups
    assert (first["lr"], first["schedule"], first["params"]) == (0.25, 0.25, [network.w])
    assert (second["lr"], second["schedule"], len(second["params"])) == (0.5, schedule, 2)
