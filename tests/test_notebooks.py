"""The notebooks run from top to bottom, with short trainings."""

import re
from pathlib import Path
from typing import Any

import pytest

nbformat = pytest.importorskip("nbformat", reason="no nbformat; pip install -e '.[dev]'")
nbclient = pytest.importorskip("nbclient", reason="no nbclient; pip install -e '.[dev]'")

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))
SHORT = {"KIMG": "0.3", "RESOLUTION": "16"}
each_notebook = pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)


def code_of(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def pictures(cell: Any) -> int:
    return sum("image/png" in output.get("data", {}) for output in cell.outputs)


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # of the kernel's client
@each_notebook
def test_a_notebook_runs_and_shows_pictures(file: Path, tmp_path: Path) -> None:
    notebook = nbformat.read(file, as_version=4)
    for cell in code_of(notebook):
        for name, value in SHORT.items():
            cell.source = re.sub(rf"^{name} = \S+", f"{name} = {value}", cell.source, flags=re.M)
    nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": tmp_path}}).execute()
    shown = [cell for cell in code_of(notebook) if pictures(cell)]
    assert len(shown) >= 3
    assert not any(output.output_type == "error" for cell in code_of(notebook) for output in cell.outputs)


@each_notebook
def test_a_notebook_is_kept_without_outputs_and_installs_condgan_first(file: Path) -> None:
    cells = code_of(nbformat.read(file, as_version=4))
    assert not any(cell.outputs or cell.execution_count for cell in cells)
    assert "%pip install --quiet condgan" in cells[0].source
