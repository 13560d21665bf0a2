"""Functions outside of condgan, `module:function`: a person who names one allows it, a file cannot choose one."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

from condgan.errors import InputError


def imported(what: str, name: str, expected: str) -> Callable[..., Any]:
    """Imports `module:function`, which must come from a person and not from a file, see SECURITY.md.

    Raises InputError if there is no such function; `what` and `expected` are its first and last words.
    """
    module, _, function = name.partition(":")
    try:
        found = getattr(import_module(module), function)
    except (ImportError, AttributeError, ValueError, TypeError) as error:
        raise InputError(f"{what} {name!r}: {error}; expected {expected}") from None
    if not callable(found):
        raise InputError(f"{what} {name!r}: found {repr(found)[:40]}, expected {expected}")
    return found  # type: ignore[no-any-return]


def chosen_by_a_file(what: str, name: str, how: str) -> InputError:
    """Returns the error for `module:function` that no person named; `how` a person names it."""
    where = f"{what} {name!r} is code outside of condgan, which a file cannot choose"
    return InputError(f"{where}; if you trust it, name it yourself: {how}")
