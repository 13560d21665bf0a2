"""Lists of conditions in JSON files."""

import torch
from torch import Tensor

from condgan.conditions.condition import Condition
from condgan.errors import InputError
from condgan.files import parse_json

MAX_ENTRIES = 100_000


def parse_conditions(text: str, where: str, condition: Condition) -> Tensor:
    """Parses a batch of conditions from a JSON list of texts or of lists of names, e.g. `[["red cube"], ...]`.

    `where` names the file in messages. Raises InputError naming the file and the entry.
    """
    entries = parse_json(text, where)
    if not isinstance(entries, list) or not entries:
        raise InputError(f'{where}: expected a non-empty list of conditions, such as [["red cube", "blue cylinder"]]')
    if len(entries) > MAX_ENTRIES:
        raise InputError(f"{where}: found {len(entries)} conditions, expected at most {MAX_ENTRIES}; split the list")
    values = []
    for i, entry in enumerate(entries):
        is_list = isinstance(entry, list) and all(isinstance(name, str | int | float) for name in entry)
        words = ", ".join(map(str, entry)) if is_list else entry
        if not isinstance(words, str) or not words:
            raise InputError(f"{where}, entry {i}: found {repr(entry)[:80]}, expected a non-empty list of names")
        try:
            values.append(condition.parse(words))
        except InputError as error:
            raise InputError(f"{where}, entry {i}: {error}") from None
    return torch.stack(values)
