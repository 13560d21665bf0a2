"""Files cannot choose code: a recipe of one's own is imported only if a person names it."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from safetensors import safe_open
from safetensors.torch import load_file

from commands import TINY, Command, assert_input_error
from condgan import load, recipes
from condgan.ablate import read
from condgan.ablate.study import Trial
from condgan.config import Config
from condgan.errors import InputError
from condgan.weights import to_safetensors

MODULE = """\
from pathlib import Path
Path(__file__).with_suffix(".imported").touch()
from condgan.recipes import cdcgan

def recipe(*, width: int = 4):
    return cdcgan(width=width, latent_dim=8, batch_size=8)
"""


@pytest.fixture
def mark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The file that appears once the module of the recipe `marker:recipe` is imported."""
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules" / "marker.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path / "modules")
    monkeypatch.setattr(recipes, "_named", {})  # as in a new process
    yield tmp_path / "modules" / "marker.imported"
    sys.modules.pop("marker", None)


@pytest.fixture
def run(mark: Path, tmp_path: Path, condgan: Command) -> Path:
    """A trained run of recipe cdcgan whose files were changed to name `marker:recipe`, as if somebody had sent it."""
    assert condgan("train", "cdcgan", "--data", "shapes", *TINY, "--kimg", "0.016", "--runs", tmp_path).code == 0
    folder = tmp_path / "cdcgan"
    model = folder / "generator.safetensors"
    with safe_open(str(model), "pt") as file:
        header = file.metadata()
    model.write_bytes(to_safetensors(load_file(model), {"run": naming_marker(header["run"])}))
    (folder / "run.json").write_text(naming_marker((folder / "run.json").read_text()))
    (folder / "judge.txt").write_text("no judge")
    return folder


def naming_marker(config: str) -> str:
    return json.dumps(json.loads(config) | {"recipe": "marker:recipe", "options": {"width": 4}})


def spec(folder: Path) -> Path:
    file = folder / "sent.yaml"
    file.write_text("title: t\ndata: shapes\nresolution: 16\nkimg: 0.016\nvariants: {a: {recipe: 'marker:recipe'}}\n")
    return file


@pytest.mark.parametrize("command", ["generate", "evaluate", "report", "ablate"])
def test_a_command_does_not_import_what_a_file_names(
    run: Path, mark: Path, tmp_path: Path, condgan: Command, command: str
) -> None:
    words: dict[str, list[str | Path]] = {
        "generate": ["generate", run, "--condition", "red circle"],
        "evaluate": ["evaluate", run],
        "report": ["report", run, "--out", tmp_path / "report.html"],
        "ablate": ["ablate", spec(tmp_path), "--runs", tmp_path / "runs"],
    }
    result = condgan(*words[command])
    assert_input_error(result, "recipe 'marker:recipe' is code outside of condgan", "--recipe marker:recipe")
    assert not mark.exists()
    condgan(*words[command], "--recipe", "marker:recipe")
    assert mark.exists()


def test_a_run_that_names_other_code_is_not_resumed(run: Path, mark: Path, tmp_path: Path, condgan: Command) -> None:
    for file in ("run.json", "format 1"):
        if file == "format 1":  # its options are resolved by the recipe
            (run / "run.json").write_text(json.dumps(json.loads((run / "run.json").read_text()) | {"format": 1}))
        words = ["train", "cdcgan", "--data", "shapes", *TINY, "--kimg", "0.032", "--runs", tmp_path, "--resume"]
        assert_input_error(condgan(*words), "marker:recipe")
    assert not mark.exists()


def test_in_python_a_model_is_loaded_once_its_recipe_is_named(run: Path, mark: Path) -> None:
    with pytest.raises(InputError, match=r"in Python condgan\.recipes\.use\('marker:recipe'\)"):
        load(run)
    with pytest.raises(InputError, match="marker:recipe"):
        load(run / "generator.safetensors")
    assert not mark.exists()
    recipes.use("marker:recipe")
    assert load(run).config.recipe == "marker:recipe"


def test_naming_one_recipe_does_not_permit_another(run: Path, mark: Path, condgan: Command) -> None:
    result = condgan("generate", run, "--condition", "red circle", "--recipe", "faulty:steady")
    assert_input_error(result, "marker:recipe")
    assert not mark.exists()


def test_a_spec_in_python_and_the_records_of_its_runs_import_nothing(mark: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"sent\.yaml, line 5: variant a: recipe 'marker:recipe' is code"):
        read(spec(tmp_path))
    file = tmp_path / "good.yaml"
    file.write_text(spec(tmp_path).read_text().replace("'marker:recipe'", "cdcgan"))
    record = {"training": {"recipe": "marker:recipe", "options": {}, "precision": "no"}, "budget": {}, "scoring": {}}
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "seed-0.json").write_text(json.dumps(record | {"end": "done"}))
    with pytest.raises(InputError, match="marker:recipe"):
        Trial(read(file).cells[0], 0, tmp_path / "a" / "seed-0").before  # noqa: B018
    assert not mark.exists()


def test_a_recipe_named_for_training_is_trained_and_resumed(mark: Path, tmp_path: Path, condgan: Command) -> None:
    words = ["train", "marker:recipe", "--data", "shapes", "--resolution", "16", "--runs", tmp_path, "--name", "run"]
    for kimg in ("0.016", "0.032"):
        assert condgan(*words, "--kimg", kimg, "--resume").code == 0
    assert mark.exists()


@pytest.mark.parametrize("use", [lambda name: recipes.find(name), lambda name: recipes.resolve(name, {})])
def test_functions_that_read_files_import_nothing(mark: Path, use: Callable[[str], Any]) -> None:
    with pytest.raises(InputError, match="marker:recipe"):
        use("marker:recipe")
    assert not mark.exists()


def test_a_configuration_of_an_older_format_imports_nothing(mark: Path) -> None:
    content = {"format": 1, "recipe": "marker:recipe", "options": {}, "data": "shapes"}
    with pytest.raises(InputError, match="marker:recipe"):
        Config.parse(json.dumps(content), "run.json")
    assert not mark.exists()
