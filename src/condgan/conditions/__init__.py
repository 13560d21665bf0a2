"""What an image obeys: a vocabulary, a vector, a likelihood and a prior.

A condition becomes a vector here, once. Networks see only that vector and objectives only `nll`, so neither ever asks
whether it was a class, a set of labels, several attributes or codes. A batch of values is `c`, one value a row of it.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from condgan.conditions.attributes import Attributes
from condgan.conditions.codes import Codes
from condgan.conditions.condition import Condition
from condgan.conditions.labels import Class, MultiLabel
from condgan.conditions.vocabulary import known

KINDS: dict[str, Callable[..., Condition]] = {kind.__name__: kind for kind in (Class, MultiLabel, Attributes, Codes)}


def to_json(condition: Condition) -> dict[str, Any]:
    """The condition as plain data; `from_json` reads it back."""
    return {"kind": type(condition).__name__, **asdict(condition)}  # type: ignore[call-overload]


def from_json(data: Mapping[str, Any]) -> Condition:
    """The condition that `to_json` wrote. Raises InputError on an unknown kind."""
    fields = dict(data)
    return KINDS[known(fields.pop("kind", ""), list(KINDS), "kind of condition")](**fields)


__all__ = ["KINDS", "Attributes", "Class", "Codes", "Condition", "MultiLabel", "from_json", "to_json"]
