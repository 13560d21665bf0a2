"""The systems: each is a function whose signature is its configuration."""

from collections.abc import Callable, Mapping
from functools import cache
from inspect import signature
from typing import Any, get_type_hints

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from condgan.errors import InputError, unknown_option, unknown_recipe
from condgan.own_code import chosen_by_a_file, imported
from condgan.recipes.acgan import acgan
from condgan.recipes.acgan_attributes import acgan_attributes
from condgan.recipes.cdcgan import cdcgan
from condgan.recipes.dcgan import dcgan
from condgan.recipes.infogan import infogan
from condgan.recipes.layout import layout
from condgan.recipes.pretraining import with_reader
from condgan.recipes.projection import projection
from condgan.recipes.recipe import Pretraining, Reader, Recipe
from condgan.recipes.sagan import sagan
from condgan.recipes.wgan_gp import wgan_gp
from condgan.schedules import Change

RECIPES: dict[str, Callable[..., Recipe]] = {
    recipe.__name__: recipe
    for recipe in (cdcgan, acgan, acgan_attributes, infogan, sagan, dcgan, wgan_gp, projection, layout)
}
MAX_WHOLE = 2**31 - 1  # of options: sizes and counts
_named: dict[str, Callable[..., Recipe]] = {}  # by a person: never by the content of a file


def use(name: str) -> None:
    """Imports a recipe of your own, `module:function`, which this process may then use like those of the table.

    Files name recipes too: models, run.json, checkpoints and specs. They cannot choose what is imported; a recipe that
    is not in the table is refused unless it was named here before, see SECURITY.md. Raises InputError if there is none.
    """
    if name in RECIPES or name in _named:
        return
    if ":" not in name:
        raise unknown_recipe(name, RECIPES)
    _named[name] = imported("recipe", name, "a function that returns a Recipe")


def find(name: str) -> Callable[..., Recipe]:
    """Returns the recipe function of that name: one of the table, or one that was named by `use`. Imports nothing.

    Raises InputError if there is none.
    """
    if name in RECIPES:
        return RECIPES[name]
    if name in _named:
        return _named[name]
    if ":" in str(name):
        raise chosen_by_a_file("recipe", name, f"--recipe {name}, in Python condgan.recipes.use({name!r})")
    raise unknown_recipe(name, RECIPES)


def resolve(name: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Returns all options of a recipe as plain JSON data, defaults included.

    Values may be text, e.g. from the command line: `2`, `"2"` and `2.0` resolve to the same number. Resolving the
    result again changes nothing. Raises InputError naming the option, what was found and what was expected.

    >>> resolve("infogan", {"categorical": "10,3", "learning_rate": "linear:1e-3:0"})["categorical"]
    [10, 3]
    """
    return {option: _as_json(value) for option, value in _validated(name, options).items()}


def build(name: str, options: Mapping[str, Any]) -> Recipe:
    """Calls a recipe with options whose values may be text. Raises InputError like `resolve`."""
    return find(name)(**_validated(name, options))


def _validated(name: str, options: Mapping[str, Any]) -> dict[str, Any]:
    recipe = find(name)
    known = list(signature(recipe).parameters)
    for option in options:
        if option not in known:
            raise unknown_option(name, option, known)
    try:
        model = _model(recipe)(**options)
    except ValidationError as error:
        first = error.errors()[0]
        option, problem = str(first["loc"][0]), first["msg"].removeprefix("Value error, ")
        raise InputError(f"{name} option {option}: found {first['input']!r}: {problem}") from None
    values = {option: getattr(model, option) for option in type(model).model_fields}
    for option, value in values.items():
        for number in value if isinstance(value, tuple) else [value]:
            if isinstance(number, int) and abs(number) > MAX_WHOLE:
                raise InputError(f"{name} option {option}: found {number}: expected at most {MAX_WHOLE}")
    return values


@cache
def _model(recipe: Callable[..., Recipe]) -> type[BaseModel]:
    """A model with a field for every option of the recipe. Options without annotations take any value."""
    types = get_type_hints(recipe, include_extras=True)
    fields: dict[str, Any] = {
        option.name: (types.get(option.name, Any), ... if option.default is option.empty else option.default)
        for option in signature(recipe).parameters.values()
    }
    return create_model("Options", __config__=ConfigDict(validate_default=True), **fields)


def _as_json(value: Any) -> Any:
    if isinstance(value, Change):
        return str(value)
    return list(value) if isinstance(value, tuple) else value


__all__ = [
    "RECIPES",
    "Pretraining",
    "Reader",
    "Recipe",
    "acgan",
    "acgan_attributes",
    "build",
    "cdcgan",
    "dcgan",
    "find",
    "infogan",
    "layout",
    "projection",
    "resolve",
    "sagan",
    "use",
    "wgan_gp",
    "with_reader",
]
