"""What a user's input raises."""

from collections.abc import Iterable
from difflib import get_close_matches


class InputError(ValueError):
    """Input that cannot be used. The message names the place, what was found, what was expected and what to do."""


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name most like `name`, as the end of a message: `; did you mean 'red cube'?`, or nothing."""
    match = get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"; did you mean {match[0]!r}?" if match else ""
