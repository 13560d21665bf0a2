"""Reads the places that `condgan generate --place` gives to objects."""

from collections.abc import Iterable, Sequence

from condgan.conditions.vocabulary import spelled
from condgan.errors import InputError, did_you_mean


def parse_places(texts: Iterable[str], names: Sequence[str], values: Sequence[str]) -> dict[str, tuple[float, float]]:
    """Parses places written as LABEL=X,Y and returns them by label.

    `names` are those of the condition, `values` all of the vocabulary. Raises InputError if a label is unknown, not in
    the condition or given twice, and unless X and Y are numbers in [-1, 1].

    >>> parse_places(["blue cylinder=0.2,-0.4"], ["red cube", "blue cylinder"], ["red cube", "blue cylinder"])
    {'blue cylinder': (0.2, -0.4)}
    """
    places: dict[str, tuple[float, float]] = {}
    for text in texts:
        label, equals, place = text.rpartition("=")  # a code has an equals sign of its own: digit=3=0.2,-0.4
        if not equals:
            raise InputError(f"--place {text}: expected LABEL=X,Y, such as --place {_example(names)}")
        name = spelled(" ".join(label.split()), {*names, *values})
        if name not in names:
            unknown = f"unknown label {name!r}{did_you_mean(name, [*names, *values])}"
            found = f"{name!r} is not in the condition" if name in values else unknown
            raise InputError(f"--place {text}: {found} (expected one of its labels: {', '.join(names) or 'none'})")
        if name in places:
            raise InputError(f"--place {text}: {name!r} is placed twice, expected one place for each label")
        places[name] = _numbers(place, f"--place {text}")
    return places


def _numbers(text: str, where: str) -> tuple[float, float]:
    """Parses X,Y. `where` names the option in messages."""
    try:
        x, y = map(float, text.split(","))
    except ValueError:
        raise InputError(f"{where}: found {text!r}, expected two numbers X,Y, such as 0.2,-0.4") from None
    for axis, number in (("x", x), ("y", y)):
        if not -1 <= number <= 1:
            raise InputError(f"{where}: found {axis} {number:g}, expected a number in [-1, 1]; (0, 0) is the centre")
    return x, y


def _example(names: Sequence[str]) -> str:
    return f'"{names[0] if names else "red cube"}=0.2,-0.4"'
