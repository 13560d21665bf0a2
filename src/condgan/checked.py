"""Checks plain data that was read from a file against the fields of a dataclass."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from condgan.errors import InputError

T = TypeVar("T")
_adapter = cache(TypeAdapter)


def checked(kind: type[T], content: Any, where: str) -> T:
    """Returns the dataclass with these fields, as they are in JSON: no text is read as a number or the like.

    `where` names the file in messages. Raises InputError naming the field, what was found and what was expected.
    """
    if not isinstance(content, Mapping):
        raise InputError(f"{where}: found {repr(content)[:80]}, expected an object with entries; restore the file")
    try:
        _adapter(kind).validate_json(json.dumps(content), strict=True)
        return kind(**content)
    except ValidationError as error:
        wrong = error.errors()[0]
        name, message = ".".join(map(str, wrong["loc"])), wrong["msg"].removeprefix("Value error, ")
        found = "" if wrong["type"] in ("missing", "value_error") else f"found {repr(wrong['input'])[:80]}: "
        prefix = f"{name}: " if name else ""
        raise InputError(f"{where}: {prefix}{found}{message}; restore the file") from None
    except InputError as error:
        raise InputError(f"{where}: {error}; restore the file") from None
    except (TypeError, RecursionError) as error:  # an unknown entry; lists in lists in lists
        raise InputError(f"{where}: {' '.join(str(error).split())}; restore the file") from None
