from pathlib import Path
from collections.abc import Sequence


def page(runs: Sequence[Path], title: str) -> str:
    return ""
