"""Names in texts: what a vocabulary may hold, and how the words of a condition are told apart and looked up."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from condgan.errors import InputError, nearest


def check_names(what: str, names: Sequence[str]) -> tuple[str, ...]:
    """The names, checked: some, distinct, and free of the comma and equals sign that separate them in a text."""
    if not names:
        raise InputError(f"{what}: found none, expected at least one")
    for i, name in enumerate(names):
        if name in names[:i]:
            raise InputError(f"{what}: {name!r} stands twice")
        if not name or name != " ".join(name.split()) or set(name) & set(",="):
            raise InputError(f"{what}: {name!r}: expected words with single spaces, no comma and no equals sign")
    return tuple(names)


def split_items(text: str) -> list[str]:
    """What stands between the commas, with single spaces. Raises InputError if nothing stands there."""
    items = [" ".join(item.split()) for item in text.split(",")]
    if not all(items):
        raise InputError(f"condition {text!r}: found an empty name, expected names separated by commas")
    return items


def known(name: str, names: Sequence[str], what: str) -> str:
    """The name itself. Raises InputError with the nearest known one."""
    if name not in names:
        raise InputError(f"unknown {what} {name!r}{nearest(name, names)} (known: {', '.join(names)})")
    return name


def index_of(name: str, names: Sequence[str], what: str) -> int:
    """Where a known name stands."""
    return names.index(known(name, names, what))


def check_once(name: str, found: Mapping[str, Any], what: str) -> None:
    """Raises InputError if the name was found before."""
    if name in found:
        raise InputError(f"{what} {name!r} is given twice")


def check_complete(found: Mapping[str, Any], expected: Iterable[str], what: str) -> None:
    """Raises InputError naming the first expected name that was not found."""
    if missing := [name for name in expected if name not in found]:
        raise InputError(f"{what} {missing[0]!r} is missing")
