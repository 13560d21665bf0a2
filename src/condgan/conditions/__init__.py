"""Conditions: a class, a set of labels, several attributes, or latent codes.

A condition is a vocabulary, a vector, a set of tokens, a likelihood and a prior. Networks see only the encoded vector
and objectives only `nll`, so neither depends on the kind. A batch of conditions is `c`, one condition in each row.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from condgan.conditions.attributes import Attributes
from condgan.conditions.codes import Codes
from condgan.conditions.condition import Condition, Control
from condgan.conditions.labels import Class, MultiLabel
from condgan.conditions.lists import parse_conditions
from condgan.conditions.vocabulary import known

KINDS: dict[str, Callable[..., Condition]] = {kind.__name__: kind for kind in (Class, MultiLabel, Attributes, Codes)}


def to_json(condition: Condition) -> dict[str, Any]:
    """Converts a condition to plain data; `from_json` inverts it."""
    return {"kind": type(condition).__name__, **asdict(condition)}  # type: ignore[call-overload]


def from_json(data: Mapping[str, Any]) -> Condition:
    """Creates the condition that `to_json` converted. Raises InputError on an unknown kind."""
    fields = dict(data)
    return KINDS[known(fields.pop("kind", ""), list(KINDS), "kind of condition")](**fields)


__all__ = [
    "KINDS",
    "Attributes",
    "Class",
    "Codes",
    "Condition",
    "Control",
    "MultiLabel",
    "from_json",
    "parse_conditions",
    "to_json",
]
