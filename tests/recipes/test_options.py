import inspect
import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor

from condgan.conditions import MultiLabel
from condgan.errors import InputError
from condgan.networks.gan import DiscriminatorOutput
from condgan.objectives import Batch
from condgan.recipes import RECIPES, build, resolve, use
from condgan.schedules import Change

recipes = pytest.mark.parametrize("recipe", RECIPES)
OPTIONS = [
    (recipe, option) for recipe, function in RECIPES.items() for option in inspect.signature(function).parameters
]
options = pytest.mark.parametrize(("recipe", "option"), OPTIONS)
BELOW_TWO = ("dropout", "flip_probability", "augment", "beta1", "beta2")


def spellings(option: str, default: Any) -> list[Any]:
    """One value in several ways, with text second; not the default."""
    if isinstance(default, bool):
        return [not default, str(not default), int(not default), float(not default), str(int(not default))]
    if default is None or isinstance(default, int | float | Change):  # None: that of another rate
        value = next(value for value in ((0, 0.25) if option in BELOW_TWO else (2, 3)) if value != default)
        return [value, str(value), float(value), str(float(value))]
    if option == "categorical":
        return [(4, 3), "4,3", [4, 3], ["4", "3"], [4.0, 3.0]]
    return [(0, 1), "0,1", [0, 1], ["0.0", "1.0"], [0.0, 1.0], "0.0,1.0"]


def defaults(recipe: str) -> dict[str, Any]:
    return {name: option.default for name, option in inspect.signature(RECIPES[recipe]).parameters.items()}


def narrow(recipe: str) -> dict[str, Any]:
    return {option: 4 for option in ("width", "discriminator_width") if option in defaults(recipe)}


def fingerprint(name: str, options: Mapping[str, Any]) -> list[str]:
    """All that an option may change: layers, optimizers, losses of several batches, and the numbers of the recipe."""
    recipe = build(name, {**narrow(name), **options})
    condition = recipe.condition(MultiLabel("abc"))
    generator, discriminator = recipe.generator(condition, 16, 3), recipe.discriminator(condition, 16, 3)
    optimizers = [recipe.generator_optimizer(generator), recipe.discriminator_optimizer(discriminator)]
    phases = recipe.discriminator_pretraining, recipe.reader and recipe.reader.pretraining
    numbers = [
        {name: value for name, value in vars(part).items() if isinstance(value, int | float)}
        for part in (recipe, *phases)
        if part
    ]
    shapes = [tuple(parameter.shape) for network in (generator, discriminator) for parameter in network.parameters()]
    groups = [
        {name: str(value) for name, value in g.items() if name != "params"} for o in optimizers for g in o.param_groups
    ]
    torch.manual_seed(0)
    c = condition.sample(torch.tensor([[0, 1, 0], [1, 0, 1]]))
    mix, images = torch.randn(12, condition.num_logits), torch.randn(2, 2, 3, 2, 2, requires_grad=True)

    def reader(image: Tensor) -> Tensor:
        return image.flatten(1) @ mix

    def known(image: Tensor, c: Tensor) -> DiscriminatorOutput:
        return DiscriminatorOutput(image.square().sum((1, 2, 3)), reader(image))

    losses = []
    for uniform in (0.05, 0.95):
        batch = Batch(known, condition, c, *images, progress=0.25, reader=reader)
        batch.__dict__["uniform"] = uniform
        for terms in (recipe.objective.generator, recipe.objective.discriminator):
            losses += [f"{name}: {term(batch).tolist()}" for name, term in terms.items()]
    updates = str(recipe.discriminator_updates)
    return [
        str(generator),
        str(discriminator),
        str(shapes),
        str(groups),
        updates,
        str(numbers),
        repr(condition),
        *losses,
    ]


@cache
def default_fingerprint(recipe: str) -> list[str]:
    return fingerprint(recipe, {})


@options
def test_every_option_changes_the_recipe(recipe: str, option: str) -> None:
    value = spellings(option, defaults(recipe)[option])[0]
    assert fingerprint(recipe, {option: value}) != default_fingerprint(recipe)


@options
def test_every_spelling_of_a_value_resolves_to_the_same_and_builds_the_same(recipe: str, option: str) -> None:
    first, *others = spellings(option, defaults(recipe)[option])
    resolved, built = json.dumps(resolve(recipe, {option: first})), fingerprint(recipe, {option: first})
    for other in others:
        assert json.dumps(resolve(recipe, {option: other})) == resolved
    for other in others[:2]:
        assert fingerprint(recipe, {option: other}) == built


@options
def test_resolving_twice_changes_nothing_also_through_json(recipe: str, option: str) -> None:
    for value in spellings(option, defaults(recipe)[option]):
        once = resolve(recipe, narrow(recipe) | {option: value})
        assert json.dumps(resolve(recipe, once)) == json.dumps(once)
        through_json = json.loads(json.dumps(once))
        assert through_json == once
        assert list(through_json) == list(once)
    assert fingerprint(recipe, once) == fingerprint(recipe, {option: value})


@recipes
def test_resolving_nothing_returns_the_defaults(recipe: str) -> None:
    resolved, expected = resolve(recipe, {}), defaults(recipe)
    assert list(resolved) == list(expected)
    assert {k: tuple(v) if isinstance(v, list) else v for k, v in resolved.items()} == {
        k: str(v) if isinstance(v, Change) else v for k, v in expected.items()
    }


WEIGHTS = (
    *("aux_weight", "information_weight", "penalty_weight"),
    *("gamma", "label_weight", "classification_weight", "head_weight", "reader_weight"),
)
SCHEDULED = [(recipe, option) for recipe, option in OPTIONS if option.endswith("rate") or option in WEIGHTS]


@pytest.mark.parametrize(("recipe", "option"), SCHEDULED)
@pytest.mark.parametrize("text", ["cosine:8e-4:0", "exponential:1e-3:0.25"])
def test_rates_and_weights_may_be_schedules(recipe: str, option: str, text: str) -> None:
    resolved = resolve(recipe, narrow(recipe) | {option: text})
    assert json.loads(json.dumps(resolved)) == resolved
    assert resolve(recipe, resolved) == resolved
    shape, start, end = resolved[option].split(":")
    assert (shape, float(start), float(end)) == (text.split(":")[0], *map(float, text.split(":")[1:]))
    built = fingerprint(recipe, {option: text})
    assert built == fingerprint(recipe, resolved)
    assert built != default_fingerprint(recipe)


@pytest.mark.parametrize(("recipe", "option"), [(r, o) for r, o in SCHEDULED if o in WEIGHTS])
def test_a_schedule_of_a_weight_is_evaluated_at_the_progress(recipe: str, option: str) -> None:
    scheduled, constant = (fingerprint(recipe, {option: value}) for value in ("linear:4:8", 5))
    assert scheduled == constant  # at a progress of a quarter


@pytest.mark.parametrize(("recipe", "option"), [(r, o) for r, o in OPTIONS if (r, o) not in SCHEDULED])
def test_other_options_may_not_be_schedules(recipe: str, option: str) -> None:
    with pytest.raises(InputError, match=f"{recipe} option {option}: found "):
        resolve(recipe, {option: "cosine:8e-4:0"})


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"widht": 4}, "no option 'widht'; did you mean 'width'"),
    ({"width": 0}, "option width: found 0"),
    ({"width": 2.5}, "option width: found 2.5"),
    ({"width": "2.5"}, "option width: found '2.5'"),
    ({"learning_rate": -1}, "option learning_rate: found -1"),
    ({"learning_rate": "0"}, "option learning_rate: found '0'"),
    ({"learning_rate": "sine:1:0"}, "option learning_rate: found 'sine:1:0': expected SHAPE:START:END"),
    ({"learning_rate": "cosine:1"}, "option learning_rate: found 'cosine:1': expected SHAPE:START:END"),
    ({"beta1": 1}, "option beta1: found 1"),
    ({"beta2": -0.5}, "option beta2: found -0.5"),
    ({"batch_size": 1}, "option batch_size: found 1"),
    ({"num_epochs": 0}, "option num_epochs: found 0"),
    ({"ema_half_life_kimg": "long"}, "option ema_half_life_kimg: found 'long'"),
]


@recipes
@pytest.mark.parametrize(("wrong", "message"), WRONG)
def test_a_wrong_option_is_refused_by_name(recipe: str, wrong: dict[str, Any], message: str) -> None:
    for function in (build, resolve):
        with pytest.raises(InputError, match=f"{recipe} (has )?{message}"):
            function(recipe, wrong)


@recipes
def test_calling_a_recipe_checks_and_converts_its_options_too(recipe: str) -> None:
    with pytest.raises(ValidationError, match="greater than 0"):
        RECIPES[recipe](width=0)
    assert RECIPES[recipe](num_epochs="7").num_epochs == 7


@pytest.mark.parametrize(
    ("recipe", "wrong", "message"),
    [
        ("acgan", {"real_target": "1,0.5"}, "real_target: found '1,0.5': expected the lower bound first, as in 0.5,1"),
        ("acgan", {"real_target": "0.5"}, "real_target: found "),
        ("acgan", {"fake_target": "0,2"}, "fake_target: found '2'"),
        ("acgan", {"classify_fakes": "perhaps"}, "classify_fakes: found 'perhaps'"),
        ("acgan", {"dropout": 1}, "dropout: found 1"),
        ("acgan", {"aux_weight": -1}, "aux_weight: found -1"),
        ("infogan", {"categorical": "10,1"}, "categorical: found '1'"),
        ("infogan", {"augment": 1.5}, "augment: found 1.5"),
        ("layout", {"num_free": -1}, "num_free: found -1"),
        ("layout", {"num_free": "some"}, "num_free: found 'some'"),
        ("layout", {"gamma": -1}, "gamma: found -1"),
        ("layout", {"gamma": "exponential:1:0"}, "gamma: found 'exponential:1:0'"),
        ("layout", {"reader_kimg": 0}, "reader_kimg: found 0"),
        ("layout", {"discriminator_kimg": "-1"}, "discriminator_kimg: found '-1'"),
        ("layout", {"head_weight": -0.5}, "head_weight: found -0.5"),
        ("layout", {"reader_weight": "-1"}, "reader_weight: found '-1'"),
        ("layout", {"projection": "some"}, "projection: found 'some'"),
    ],
)
def test_options_out_of_range_are_refused(recipe: str, wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=f"{recipe} option {message}"):
        resolve(recipe, wrong)


def test_options_of_a_recipe_without_annotations_are_passed_on() -> None:
    use("test_options:bare")
    assert resolve("test_options:bare", {"anything": [1, "two"]}) == {"anything": [1, "two"], "more": None}
    with pytest.raises(InputError, match="option anything: "):
        resolve("test_options:bare", {})


def bare(anything, more=None):  # type: ignore[no-untyped-def]
    raise NotImplementedError


@pytest.mark.parametrize(
    ("recipe", "options"),
    [
        ("dcgan", {"learning_rate": "inf"}),
        ("dcgan", {"learning_rate": "nan"}),
        ("dcgan", {"learning_rate": "linear:inf:0"}),
        ("dcgan", {"ema_half_life_kimg": "inf"}),
        ("wgan_gp", {"penalty_weight": "inf"}),
        ("layout", {"reader_kimg": "inf"}),
        ("layout", {"discriminator_kimg": "nan"}),
        ("layout", {"head_weight": "inf"}),
        ("layout", {"ema_half_life_kimg": "inf"}),
    ],
)
def test_numbers_must_be_finite(recipe: str, options: dict[str, str]) -> None:
    with pytest.raises(InputError, match="finite"):
        resolve(recipe, options)


def test_a_schedule_is_recorded_exactly() -> None:
    schedule = "linear:0.123456789:1.6e-05"
    assert resolve("dcgan", {"learning_rate": schedule})["learning_rate"] == schedule


def test_a_single_number_is_a_list_of_one() -> None:
    assert resolve("infogan", {"categorical": 7}) == resolve("infogan", {"categorical": "7"})


@pytest.mark.parametrize("target", ["0.5", "0.1,0.2,0.3", 0.5])
def test_a_range_has_two_ends(target: str | float) -> None:
    with pytest.raises(InputError, match=r"acgan option real_target: found .*: expected two numbers, such as 0\.7,1"):
        resolve("acgan", {"real_target": target})


def test_both_ends_of_a_range_may_be_equal() -> None:
    assert resolve("acgan", {"real_target": "1,1"})["real_target"] == [1, 1]
