"""Conditions: a class, a set of labels, several attributes, latent codes, or none.

A condition is a vocabulary, a vector, a set of tokens, a likelihood and a prior. Networks see only the encoded vector
and objectives only `nll`, so neither depends on the kind. A batch of conditions is `c`, one condition in each row.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from condgan.checked import checked
from condgan.conditions.attributes import Attributes
from condgan.conditions.codes import Codes
from condgan.conditions.condition import Condition, Control
from condgan.conditions.labels import Class, MultiLabel
from condgan.conditions.lists import parse_conditions
from condgan.conditions.unlabelled import Unlabelled
from condgan.errors import InputError, did_you_mean

KINDS: dict[str, type[Condition]] = {kind.__name__: kind for kind in (Class, MultiLabel, Attributes, Codes, Unlabelled)}


def to_json(condition: Condition) -> dict[str, Any]:
    """Converts a condition to plain data; `from_json` inverts it."""
    return {"kind": type(condition).__name__, **asdict(condition)}  # type: ignore[call-overload]


def from_json(data: Mapping[str, Any], where: str = "condition") -> Condition:
    """Creates the condition that `to_json` converted. `where` names the file in messages.

    Raises InputError on an unknown kind, and on values of other types.
    """
    fields = dict(data)
    kind = str(fields.pop("kind", ""))
    if kind not in KINDS:
        found = f"unknown kind of condition {kind!r}{did_you_mean(kind, KINDS)}"
        raise InputError(f"{where}: {found} (known: {', '.join(KINDS)})")
    return checked(KINDS[kind], fields, where)


__all__ = [
    "KINDS",
    "Attributes",
    "Class",
    "Codes",
    "Condition",
    "Control",
    "MultiLabel",
    "Unlabelled",
    "from_json",
    "parse_conditions",
    "to_json",
]
