"""Commands and Python code in README and docs are what condgan accepts."""

import re
import shlex
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import typer

from condgan.cli import app
from condgan.recipes import RECIPES, resolve
from condgan.recipes.presets import DEFAULT_RECIPE, preset_options

ROOT = Path(__file__).parents[1]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.M | re.S)
# What was run then, in the words of that version
ELSEWHERE = {"docs/results.md", "docs/reproductions.md"}
COMMAND = r"(?:\w+=\S+ |taskset -c \d )*(?:(?:srun )?torchrun .*? -m condgan\.cli|condgan) (.*)"


def commands_of(page: Path) -> list[list[str]]:
    """Returns the words behind `condgan` of each command in the page's blocks without a language."""
    found = []
    for language, block in BLOCK.findall(page.read_text()):
        for line in block.replace("\\\n", " ").splitlines():
            if not language and (match := re.match(COMMAND, line.strip())):
                found.append(shlex.split(match[1], comments=True))
    return found


CONDGAN: Any = typer.main.get_command(app)
COMMANDS = [
    pytest.param(words, id=f"{page.name}: {' '.join(words)[:60]}")
    for page in PAGES
    if str(page.relative_to(ROOT)) not in ELSEWHERE
    for words in commands_of(page)
]
TRAININGS = [words for page in PAGES for words in commands_of(page) if words[:1] == ["train"]]


@pytest.mark.parametrize("words", COMMANDS)
def test_a_command_has_a_name_and_options_that_exist(words: list[str]) -> None:
    command = CONDGAN
    while (commands := getattr(command, "commands", {})) and not words[0].startswith("-"):
        name, *words = words
        assert name in commands
        command = commands[name]
    # Values are not converted, as files would have to exist. Options that are unknown or lack a value raise.
    command.make_parser(command.context_class(command)).parse_args(list(words))


@pytest.mark.parametrize("words", TRAININGS, ids=lambda words: " ".join(words)[:60])
def test_a_training_has_a_recipe_preset_and_options_that_exist(words: list[str]) -> None:
    recipe = DEFAULT_RECIPE if words[1].startswith("-") else words[1]
    if recipe in RECIPES and "--config" not in words:  # which may name another one
        given = [value for option, value in pairwise(words) if option == "--set"]
        preset = next((value for option, value in pairwise(words) if option == "--preset"), None)
        resolve(recipe, {**preset_options(recipe, preset), **dict(value.split("=", 1) for value in given)})


def test_unknown_options_are_noticed() -> None:
    with pytest.raises(Exception, match="--no-such-option"):
        test_a_command_has_a_name_and_options_that_exist(["train", "--no-such-option"])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_on_a_page_is_python(page: Path) -> None:
    for language, block in BLOCK.findall(page.read_text()):
        if language == "python":
            compile(block, str(page), "exec")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["README", "docs/command-line", "docs/concepts", "docs/generate", "docs/quickstart"])
def test_python_on_a_page_runs_from_top_to_bottom(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = [block for language, block in BLOCK.findall((ROOT / f"{name}.md").read_text()) if language == "python"]
    assert blocks
    code = "\n".join(blocks).replace('"runs/demo"', '"iclevr"')  # a generator that the demo would have to train
    exec(compile(code, name, "exec"), {})


def test_the_recipe_of_the_tutorial_is_the_example() -> None:
    blocks = BLOCK.findall((ROOT / "docs" / "tutorials" / "recipe.md").read_text())
    code = (ROOT / "examples" / "relativistic_resnet.py").read_text()
    assert code.endswith('"""\n\n' + blocks[0][1])


def test_pages_have_commands() -> None:
    assert len(COMMANDS) > 60
