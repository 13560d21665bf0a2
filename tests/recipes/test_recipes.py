import inspect
import re
from collections.abc import Callable

import pytest
from torch import nn

from condgan.conditions import Class
from condgan.errors import InputError
from condgan.recipes import RECIPES, Recipe, build, find

recipes = pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)


@recipes
def test_a_recipe_says_what_it_is_whence_and_how_to_run_it(recipe: Callable[..., Recipe]) -> None:
    text = inspect.getdoc(recipe) or ""
    assert text.splitlines()[0].endswith(".")
    assert re.search(r"Report 00\d|et al\. \d{4}|and \w+ \d{4}", text)
    assert f"Command: condgan train {recipe.__name__} --data" in text


@recipes
def test_every_option_has_a_default_and_a_name(recipe: Callable[..., Recipe]) -> None:
    for option in inspect.signature(recipe).parameters.values():
        assert option.kind is option.KEYWORD_ONLY
        assert option.default is not option.empty


@recipes
def test_options_may_be_text(recipe: Callable[..., Recipe]) -> None:
    built = build(recipe.__name__, {"batch_size": "12", "learning_rate": "2e-4"})
    assert built.batch_size == 12
    optimizer = built.generator_optimizer(nn.Linear(2, 2))
    assert optimizer.defaults["lr"] == 2e-4


@recipes
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"widht": 4}, "no option 'widht'; did you mean 'width'"),
        ({"width": 0}, "option width: found 0"),
        ({"width": 2.5}, "option width: found 2.5"),
        ({"learning_rate": -1}, "option learning_rate: found -1"),
        ({"beta1": 1}, "option beta1: found 1"),
        ({"batch_size": 1}, "option batch_size: found 1"),
        ({"ema_half_life_kimg": "long"}, "option ema_half_life_kimg: found 'long'"),
    ],
)
def test_a_wrong_option_is_refused_naming_it(
    recipe: Callable[..., Recipe], options: dict[str, object], message: str
) -> None:
    with pytest.raises(InputError, match=f"{recipe.__name__} (has )?{message}"):
        build(recipe.__name__, options)


def test_the_defaults_of_cdcgan_are_those_of_report_000() -> None:
    recipe = build("cdcgan", {})
    assert (recipe.batch_size, recipe.num_epochs, recipe.generator_steps) == (32, 1000, 1)
    for optimizer in (recipe.generator_optimizer, recipe.discriminator_optimizer):
        defaults = optimizer(nn.Linear(2, 2)).defaults
        assert (defaults["lr"], defaults["betas"]) == (1e-4, (0.5, 0.999))


def test_the_defaults_of_acgan_are_those_of_report_001() -> None:
    recipe = build("acgan", {})
    assert recipe.num_epochs == 300
    assert recipe.generator_optimizer(nn.Linear(2, 2)).defaults["lr"] == 2e-4
    options = {name: option.default for name, option in inspect.signature(RECIPES["acgan"]).parameters.items()}
    assert (options["real_target"], options["fake_target"]) == ((0.7, 1.0), (0.0, 0.3))
    assert (options["flip_probability"], options["aux_weight"], options["dropout"]) == (0.1, 100, 0.5)


def test_the_defaults_of_acgan_attributes_are_those_of_report_002() -> None:
    recipe = build("acgan_attributes", {})
    for optimizer in (recipe.generator_optimizer, recipe.discriminator_optimizer):
        defaults = optimizer(nn.Linear(2, 2)).defaults
        assert (defaults["lr"], defaults["betas"][0]) == (2e-4, 0.5)


def test_the_defaults_of_infogan_are_those_of_report_003() -> None:
    recipe = build("infogan", {})
    assert (recipe.batch_size, recipe.num_epochs) == (100, 50)
    codes = recipe.condition(Class("ab"))
    assert (codes.dim, codes.num_logits) == (12, 14)
    assert build("infogan", {"categorical": "", "continuous": 0}).condition(Class("ab")) == Class("ab")
    assert build("infogan", {"categorical": "3,4", "continuous": "0"}).condition(Class("ab")).sizes == [3, 4]


def test_the_defaults_of_sagan_are_those_of_report_004() -> None:
    recipe = build("sagan", {})
    assert (recipe.batch_size, recipe.num_epochs) == (64, 300)
    for optimizer in (recipe.generator_optimizer, recipe.discriminator_optimizer):
        assert optimizer(nn.Linear(2, 2)).defaults["lr"] == 1e-4


def test_critics_that_need_several_steps_take_five() -> None:
    assert [build(name, {}).discriminator_steps for name in ("wgan_gp", "projection")] == [5, 5]
    assert set(build("wgan_gp", {}).objective.discriminator) == {"adversarial", "gradient_penalty", "classification"}


@pytest.mark.parametrize("recipe", ["acgan", "acgan_attributes"])
def test_acgan_can_be_told_to_read_from_real_images_alone(recipe: str) -> None:
    assert set(build(recipe, {}).objective.discriminator) == {"adversarial", "information", "classification"}
    told = build(recipe, {"classify_fakes": False}).objective
    assert set(told.discriminator) == {"adversarial", "classification"}
    assert set(told.generator) == {"adversarial", "information"}


def test_a_recipe_of_someone_elses_is_found_by_module_and_function() -> None:
    assert find("condgan.recipes.acgan:acgan") is RECIPES["acgan"]
    assert build("faulty:steady", {"num_epochs": 3}).num_epochs == 3


@pytest.mark.parametrize("name", ["cdcgn", "nowhere:recipe", "condgan.recipes:nothing"])
def test_an_unknown_recipe_is_refused_by_name(name: str) -> None:
    with pytest.raises(InputError, match=name):
        find(name)
