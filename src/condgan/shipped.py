"""The generators that are part of the package. Free of torch, so that the command line checks names at once."""

from collections.abc import Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from condgan.errors import InputError, did_you_mean

SUFFIX = ".safetensors"


def shipped() -> Mapping[str, Traversable]:
    """Returns the generators that are part of the package, by name: the files of `pretrained/`."""
    found = sorted((files("condgan") / "pretrained").iterdir(), key=lambda file: file.name)
    return {file.name.removesuffix(SUFFIX): file for file in found if file.name.endswith(SUFFIX)}


def check_model(path: Path) -> None:
    """Raises InputError if there is no such run, model or shipped generator."""
    names = shipped()
    if not path.exists() and str(path) not in names:
        known = f"expected a run, a generator.safetensors or a shipped generator ({', '.join(names) or 'none'})"
        raise InputError(f"{path}: no such file or folder; {known}{did_you_mean(str(path), names)}")
