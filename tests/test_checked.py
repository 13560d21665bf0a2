"""Plain data from files as dataclasses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from condgan.checked import checked
from condgan.errors import InputError
from condgan.metrics import Estimate


@dataclass(frozen=True)
class Part:
    name: str


@dataclass(frozen=True)
class Whole:
    parts: Sequence[Part]
    scores: Mapping[str, Estimate] = field(default_factory=dict)
    share: float = 0.5

    def __post_init__(self) -> None:
        if self.share > 1:
            raise InputError(f"share: found {self.share:g}, expected at most 1")


def test_entries_have_the_types_of_their_fields() -> None:
    found = checked(Whole, {"parts": [{"name": "a"}], "scores": {"fid": [2, 1, 3.5]}, "share": 1}, "a.json")
    assert found == Whole([Part("a")], {"fid": Estimate(2.0, 1.0, 3.5)}, 1.0)
    assert found.parts[0].name == "a"
    assert found.scores["fid"].high == 3.5


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "found [], expected an object with entries"),
        ({}, "parts: missing entry"),
        ({"parts": [{}]}, "parts.0.name: missing entry"),
        ({"parts": [{"name": 1}]}, "parts.0.name: found 1: Input should be a valid string"),
        ({"parts": [], "share": "0.5"}, "share: found '0.5': Input should be a valid number"),
        ({"parts": [], "scores": {"fid": [1, 2]}}, "scores.fid.2: missing entry"),
        ({"parts": [], "share": 2}, "share: found 2, expected at most 1"),
        ({"parts": [], "more": 1}, "got an unexpected keyword argument 'more'"),
    ],
    ids=str,
)
def test_what_does_not_fit_is_named(content: object, message: str) -> None:
    with pytest.raises(InputError) as found:
        checked(Whole, content, "a.json")
    assert str(found.value) == f"a.json: {message}; restore the file"
