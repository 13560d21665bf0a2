"""Checks names of a vocabulary, splits the text of a condition into names, and looks them up."""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from condgan.errors import InputError, did_you_mean


def check_names(what: str, names: Sequence[str]) -> tuple[str, ...]:
    """Returns the names as a tuple, in Unicode's composed form (NFC).

    Raises InputError unless there is at least one, all differ, and none contains a comma or an equals sign, which
    separate names in the text of a condition.
    """
    if not names:
        raise InputError(f"{what}: found none, expected at least one")
    names = [unicodedata.normalize("NFC", name) for name in names]
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise InputError(f"{what}: found {name!r} twice, expected distinct names")
        seen.add(name)
        if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in name):  # halves of pairs have no encoding
            raise InputError(f"{what}: {name!r}: expected no control characters and no half of a surrogate pair")
        if not name or name != " ".join(name.split()) or set(name) & set(",="):
            raise InputError(f"{what}: {name!r}: expected words with single spaces, no comma and no equals sign")
    return tuple(names)


def split_items(text: str) -> list[str]:
    """Splits at commas and collapses spaces. Raises InputError if an item is empty."""
    items = [" ".join(item.split()) for item in text.split(",")]
    if not all(items):
        raise InputError(f"found an empty name in {text!r}, expected names separated by commas")
    return items


def spelled(name: str, names: Iterable[str]) -> str:
    """Returns the name as it is spelled in `names`, where capitals make no difference unless two names differ in them.

    A name that is not among them is returned in Unicode's composed form.

    >>> spelled("RED CUBE", ["red cube", "blue cube"]), spelled("US", ["us", "Us"])
    ('red cube', 'US')
    """
    names = list(names)
    if name in names or (name := unicodedata.normalize("NFC", name)) in names:
        return name
    alike = [each for each in names if each.casefold() == name.casefold()]
    return alike[0] if len(alike) == 1 else name


def known(name: str, names: Sequence[str], what: str) -> str:
    """Returns the name as it is spelled in `names`. Raises InputError with the most similar one if it is unknown."""
    name = spelled(name, names)
    if name not in names:
        nearest = did_you_mean(name, names) or did_you_mean(name.casefold(), names)
        raise InputError(f"unknown {what} {name!r}{nearest} (known: {', '.join(names)})")
    return name


def index_of(name: str, names: Sequence[str], what: str) -> int:
    """Returns the index of a known name. Raises InputError if it is unknown."""
    return names.index(known(name, names, what))


def check_once(name: str, found: Mapping[str, Any], what: str) -> None:
    """Raises InputError if the name was found before."""
    if name in found:
        raise InputError(f"{what} {name!r} is given twice")


def check_complete(found: Mapping[str, Any], expected: Iterable[str], what: str, example: str) -> None:
    """Raises InputError naming the first expected name that was not found, with an example of a whole condition."""
    if missing := [name for name in expected if name not in found]:
        raise InputError(f"{what} {missing[0]!r} is missing; expected all, such as {example!r}")
