"""What is read from folders with tables of labels."""

from pathlib import Path
from typing import Any

import pytest

from condgan.data import Reading, folder
from condgan.errors import InputError


def descriptions(path: Path, **choices: Any) -> list[str]:
    """Reads the folder and returns the labels of all images as text."""
    images = folder(path, 16, reading=Reading(**choices))
    return images.condition.describe_all(images.labels)


def notices(path: Path, **choices: Any) -> str:
    return "\n".join(folder(path, 16, reading=Reading(**choices)).notices)


def refusal(path: Path, **choices: Any) -> str:
    with pytest.raises(InputError) as raised:
        folder(path, 16, reading=Reading(**choices))
    return str(raised.value)
