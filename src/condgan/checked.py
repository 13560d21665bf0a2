"""Checks plain data that was read from a file against the fields of a dataclass."""

import json
from collections.abc import Callable, Mapping
from functools import cache
from inspect import signature
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from condgan.errors import InputError, in_one_line

T = TypeVar("T")
_adapter: Callable[[Any], TypeAdapter[Any]] = cache(TypeAdapter)


def checked(kind: type[T], content: Any, where: str, advice: str = "restore the file") -> T:
    """Returns the dataclass with these fields, as they are in JSON: no text is read as a number or the like.

    Its values have the types of the fields, whatever is nested in them: dataclasses, tuples, estimates. `where` names
    the file in messages, which end with the advice. Raises InputError naming the field, what was found and what was
    expected.
    """
    if not isinstance(content, Mapping):
        raise InputError(f"{where}: found {repr(content)[:80]}, expected an object with entries; {advice}")
    try:
        found: T = _adapter(kind).validate_json(json.dumps(content), strict=True)
        signature(kind).bind(**content)  # a TypeError for an unknown entry, which pydantic leaves out
        return found
    except ValidationError as error:
        raise InputError(f"{where}: {_problem(error)}; {advice}") from None
    except InputError as error:
        raise InputError(f"{where}: {error}; {advice}") from None
    except (TypeError, RecursionError) as error:  # the latter for lists in lists in lists
        raise InputError(f"{where}: {in_one_line(error)}; {advice}") from None


def _problem(error: ValidationError) -> str:
    wrong = error.errors()[0]
    name, message = ".".join(map(str, wrong["loc"])), wrong["msg"].removeprefix("Value error, ")
    if wrong["type"] == "missing":
        return f"{name}: missing entry"
    if wrong["type"] == "value_error" and not name:  # of the whole: the message names the field
        return message
    return f"{name}: found {repr(wrong['input'])[:80]}: {message}"
