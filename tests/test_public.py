"""The public API: what `__all__` lists exists, is documented in the code and is listed in docs/api.md."""

import inspect
import pkgutil
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import condgan

API = Path(__file__).parents[1] / "docs" / "api.md"
PACKAGES = ["condgan", *(f"condgan.{found.name}" for found in pkgutil.iter_modules(condgan.__path__) if found.ispkg)]
WITH_EXPORTS = [name for name in PACKAGES if hasattr(import_module(name), "__all__")]


@pytest.mark.parametrize("package", WITH_EXPORTS)
def test_exported_names_exist_once_and_have_docstrings(package: str) -> None:
    module = import_module(package)
    assert len(set(module.__all__)) == len(module.__all__)
    for name in module.__all__:
        exported = getattr(module, name)
        if inspect.isclass(exported) or inspect.isroutine(exported):
            assert inspect.getdoc(exported), f"{package}.{name} has no docstring"


def test_unknown_names_are_refused() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        condgan.nonsense  # noqa: B018


def test_top_level_names_are_those_of_their_modules() -> None:
    for name in condgan.__all__:
        assert getattr(condgan, name).__name__ == name
        assert getattr(condgan, name).__module__.startswith("condgan.")


def test_the_api_page_lists_every_top_level_name() -> None:
    listed = re.findall(r"^\| `(?:condgan\.)?(\w+)`", API.read_text().split("## Sub-modules")[0], flags=re.M)
    assert sorted(listed) == sorted(condgan.__all__)


def test_importing_the_package_does_not_import_torch() -> None:
    code = "import sys, condgan, condgan.cli; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
