"""What a target tries: an input, and the function of condgan that gets it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random


@dataclass(frozen=True)
class Case:
    """An input, and a call of condgan with it.

    The call may return or raise InputError. If `is_damaged`, it has to raise, as the content is not what was written.
    """

    content: bytes
    call: Callable[[], object]
    is_damaged: bool = False


@dataclass(frozen=True)
class Target:
    """A kind of input, and the number of inputs in a whole campaign.

    `prepare` gets an empty folder for files, and returns what makes a case of a random source.
    """

    name: str
    num_inputs: int
    prepare: Callable[[Path], Callable[[Random], Case]]
