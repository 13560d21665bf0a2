"""The systems, each a function whose signature is its configuration."""

from collections.abc import Callable, Mapping
from importlib import import_module
from inspect import signature
from typing import Any

from pydantic import ValidationError

from condgan.errors import InputError, nearest
from condgan.recipes.acgan import acgan
from condgan.recipes.acgan_attributes import acgan_attributes
from condgan.recipes.cdcgan import cdcgan
from condgan.recipes.dcgan import dcgan
from condgan.recipes.infogan import infogan
from condgan.recipes.projection import projection
from condgan.recipes.recipe import Recipe
from condgan.recipes.sagan import sagan
from condgan.recipes.wgan_gp import wgan_gp

RECIPES: dict[str, Callable[..., Recipe]] = {
    recipe.__name__: recipe for recipe in (cdcgan, acgan, acgan_attributes, infogan, sagan, dcgan, wgan_gp, projection)
}


def find(name: str) -> Callable[..., Recipe]:
    """The recipe function of that name, or someone else's given as `module:function`. Raises InputError."""
    if name in RECIPES:
        return RECIPES[name]
    module, colon, function = name.partition(":")
    if not colon:
        known = ", ".join(RECIPES)
        raise InputError(f"unknown recipe {name!r}{nearest(name, RECIPES)} (known: {known}; yours as module:function)")
    try:
        return getattr(import_module(module), function)  # type: ignore[no-any-return]
    except (ImportError, AttributeError) as error:
        raise InputError(f"recipe {name!r}: {error}") from None


def build(name: str, options: Mapping[str, Any]) -> Recipe:
    """The recipe with the options, whose values may be text; one with commas is a list.

    Raises InputError naming the option, what was found and what was expected.
    """
    recipe = find(name)
    try:
        return recipe(**{option: _listed(value) for option, value in options.items()})
    except TypeError as error:  # of a recipe that does not validate its options
        raise InputError(f"{name}: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        option = str(first["loc"][0])
        if first["type"] == "unexpected_keyword_argument":
            known = list(signature(recipe).parameters)
            listing = ", ".join(known)
            raise InputError(f"{name} has no option {option!r}{nearest(option, known)} (known: {listing})") from None
        raise InputError(f"{name} option {option}: found {first['input']!r}: {first['msg']}") from None


def _listed(value: Any) -> Any:
    return value.split(",") if isinstance(value, str) and "," in value else value


__all__ = ["RECIPES", "Recipe", "build", "find"]
