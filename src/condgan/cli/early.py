"""Checks names before torch is imported, which takes seconds: a typo is reported at once.

Names are read from the source of the tables that are the authority. What passes here is checked again there.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

from condgan.errors import unknown_data, unknown_option, unknown_recipe

CODE = r"[^\W\d][\w.]*:[^\W\d]\w*"  # module:function


@cache
def recipe_options() -> dict[str, list[str]]:
    """Returns the options of each recipe by its name."""
    folder = files("condgan") / "recipes"
    found = {}
    for name in _table("recipes/__init__.py", "RECIPES"):
        for node in ast.parse((folder / f"{name}.py").read_text()).body:
            if isinstance(node, ast.FunctionDef) and node.name == name:
                found[name] = [option.arg for option in (*node.args.args, *node.args.kwonlyargs)]
    return found


def recipe_names() -> list[str]:
    """Returns the names of all recipes, for completion by the shell."""
    return list(recipe_options())


def check_recipe(name: str, options: Iterable[str]) -> None:
    """Raises InputError for an unknown recipe or option. A recipe of one's own, `module:function`, is not checked."""
    known = recipe_options()
    if ":" in name:
        return
    if name not in known:
        raise unknown_recipe(name, known)
    for option in options:
        if option not in known[name]:
            raise unknown_option(name, option, known[name])


def check_data(spec: str) -> bool:
    """Returns whether a data set is code of one's own. Raises InputError if there is no such data set or folder."""
    known = _table("data/__init__.py", "DATASETS")
    name = spec.partition(":")[0]
    if name in known or (spec and Path(spec).exists()):  # Path() is the folder where the command runs
        return False
    if re.fullmatch(CODE, spec) and find_spec(name.partition(".")[0]):
        return True
    raise unknown_data(spec, known)


@cache
def _table(file: str, name: str) -> list[str]:
    """Returns the keys of a table in a file of the package: of a dictionary, or one that is made from functions."""
    tree = ast.parse((files("condgan") / file).read_text())
    for node in tree.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == name:
            if isinstance(node.value, ast.Dict):
                return [str(ast.literal_eval(key)) for key in node.value.keys if key is not None]
            if isinstance(node.value, ast.DictComp) and isinstance(node.value.generators[0].iter, ast.Tuple):
                return [each.id for each in node.value.generators[0].iter.elts if isinstance(each, ast.Name)]
    raise AssertionError(f"{file} has no table {name}")
