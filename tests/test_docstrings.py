"""Examples in docstrings are executed, and everything public is documented."""

import doctest
import inspect
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import pytest

import condgan

MODULES = sorted(m.name for m in walk_packages(condgan.__path__, "condgan.") if not m.name.endswith("__main__"))
PACKAGES = ["condgan", *(name for name in MODULES if Path(str(import_module(name).__file__)).name == "__init__.py")]
WITH_ALL = [name for name in PACKAGES if hasattr(import_module(name), "__all__")]


@pytest.mark.parametrize("name", ["condgan", *MODULES])
def test_examples_give_the_results_shown(name: str) -> None:
    tests = [test for test in doctest.DocTestFinder().find(import_module(name)) if test.examples]
    runner = doctest.DocTestRunner(verbose=False)
    failures: list[str] = []
    for test in tests:
        runner.run(test, out=failures.append)
    assert not failures, "".join(failures)


def test_the_ideas_of_the_package_have_examples() -> None:
    for name in ("conditions.labels", "conditions.attributes", "conditions.codes", "objectives.objective", "schedules"):
        examples = [test for test in doctest.DocTestFinder().find(import_module(f"condgan.{name}")) if test.examples]
        assert examples, name


@pytest.mark.parametrize("name", WITH_ALL)
def test_public_functions_and_classes_have_docstrings(name: str) -> None:
    module = import_module(name)
    for word in module.__all__:
        thing = getattr(module, word)  # also checks that every word exists
        if (inspect.isclass(thing) or inspect.isfunction(thing)) and thing.__module__.startswith("condgan"):
            assert inspect.cleandoc(thing.__doc__ or ""), word


@pytest.mark.parametrize("name", ["condgan", *MODULES])
def test_modules_have_docstrings(name: str) -> None:
    assert import_module(name).__doc__
