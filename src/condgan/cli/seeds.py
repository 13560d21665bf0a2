"""Reads the seeds of `condgan generate --seed`."""

import re
from collections.abc import Iterable

from condgan.errors import InputError
from condgan.seeds import MAX_SEED

MOST = 100_000


def parse_seeds(texts: Iterable[str]) -> list[int]:
    """Parses seeds and ranges separated by commas and returns each once, in the order given.

    Raises InputError unless all are whole numbers that torch takes as a seed.

    >>> parse_seeds(["0-3,7", "2"])
    [0, 1, 2, 3, 7]
    """
    seeds: dict[int, None] = {}
    for text in texts:
        for item in text.split(","):
            match = re.fullmatch(r"\s*([0-9]{1,19})\s*(?:-\s*([0-9]{1,19})\s*)?", item)
            first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, -1)
            if not first <= last <= MAX_SEED:
                raise InputError(f"--seed {text}: found {item.strip()!r}, expected seeds from 0, such as 5, 0,5 or 0-9")
            if last - first >= MOST:
                raise InputError(f"--seed {text}: found {last - first + 1} seeds, expected at most {MOST}")
            seeds |= dict.fromkeys(range(first, last + 1))
    return list(seeds)
