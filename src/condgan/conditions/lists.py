"""Lists of conditions in JSON files."""

import torch
from torch import Tensor

from condgan.conditions.condition import Condition
from condgan.errors import InputError
from condgan.files import parse_json


def parse_conditions(text: str, where: str, condition: Condition) -> Tensor:
    """Parses a batch of conditions from a JSON list of texts or of lists of names, e.g. `[["red cube"], ...]`.

    `where` names the file in messages. Raises InputError naming the file and the entry.
    """
    entries = parse_json(text, where)
    if not isinstance(entries, list) or not entries:
        raise InputError(f'{where}: expected a non-empty list of conditions, such as [["red cube", "blue cylinder"]]')
    values = []
    for i, entry in enumerate(entries):
        words = ", ".join(map(str, entry)) if isinstance(entry, list) else entry
        if not isinstance(words, str) or not words:
            raise InputError(f"{where}, entry {i}: found {entry!r}, expected a non-empty list of names")
        try:
            values.append(condition.parse(words))
        except InputError as error:
            raise InputError(f"{where}, entry {i}: {error}") from None
    return torch.stack(values)
