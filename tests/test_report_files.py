"""What is read from the folders of runs for a report: ablations, earlier versions, published results, broken files."""

import json
import re
import shutil
from pathlib import Path

import pytest

from commands import Command
from condgan.errors import InputError
from condgan.metrics import Estimate
from condgan.report import page
from report_runs import text_of

RESULTS = Path(__file__).parents[1] / "docs" / "results"


def write_ablation(folder: Path, cells: dict[str, Path]) -> None:
    """A finished ablation with one run in each cell."""
    for cell, run in cells.items():
        shutil.copytree(run, folder / cell / "seed-0")
    outcome = {"title": "Tiny", "facts": {}, "note": "", "tables": [], "failures": {}}
    content = {**outcome, "runs": {cell: [f"{cell}/seed-0"] for cell in cells}}
    (folder / "ablation.json").write_text(json.dumps(content))


def test_images_of_the_cells_of_an_ablation_are_side_by_side(trained_runs: dict[str, Path], tmp_path: Path) -> None:
    write_ablation(
        tmp_path, {"one": trained_runs["acgan"], "other": trained_runs["sagan"], "new": trained_runs["started"]}
    )
    html = page([tmp_path], "Figure 4")
    section = html[
        html.index("<h3>Images of all cells</h3>") : html.index("</section>", html.index("Images of all cells"))
    ]
    assert [caption.partition(":")[0] for caption in re.findall(r"<figcaption>(.*?)</figcaption>", section)] == [
        "one, pairs",
        "other, pairs",
    ]
    score = json.loads((trained_runs["acgan"] / "metrics.json").read_text())["rows"]["generator, pairs"][
        "condition_accuracy"
    ]
    assert f"one, pairs: condition accuracy {Estimate(*score)}" in text_of(section)


def test_cells_that_were_not_evaluated_have_no_images(trained_runs: dict[str, Path], tmp_path: Path) -> None:
    write_ablation(tmp_path, {"new": trained_runs["started"]})
    assert "No list of conditions was evaluated." in text_of(page([tmp_path], "None"))


@pytest.mark.parametrize(
    ("name", "content", "part"),
    [
        ("log.jsonl", '{"step": 1, "kimg": 0.1}\n{"step": 2\n', "log.jsonl, line 2"),
        ("scores.jsonl", "half a line\n", "scores.jsonl, line 1"),
        ("metrics.json", "{", "metrics.json, line 1"),
        ("metrics.json", "{}", "judge: missing entry; run condgan evaluate again"),
        ("run.json", "{}", "run.json: not the configuration of a run"),
    ],
)
def test_broken_files_are_reported_by_name(
    trained_runs: dict[str, Path], tmp_path: Path, name: str, content: str, part: str
) -> None:
    shutil.copytree(trained_runs["acgan"], tmp_path / "run")
    (tmp_path / "run" / name).write_text(content)
    with pytest.raises(InputError, match=re.escape(part)):
        page([tmp_path / "run"], "One")


def test_a_table_of_an_ablation_with_a_row_of_another_length_is_reported(tmp_path: Path) -> None:
    table = {"title": "test", "columns": ["cell", "n"], "rows": [["layout", "1"], ["acgan", "1", "more"]]}
    outcome = {"title": "Tiny", "facts": {}, "note": "", "tables": [table], "failures": {}, "runs": {}}
    (tmp_path / "ablation.json").write_text(json.dumps(outcome))
    with pytest.raises(InputError, match=r"ablation\.json: .*row 2: found 3 texts, expected 2 as in columns"):
        page([tmp_path], "One")


def test_folders_without_a_run_are_reported(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no run\.json in it; expected the folder of a run or an ablation"):
        page([tmp_path], "One")


def test_the_command_writes_one_file_or_exits_with_2(
    trained_runs: dict[str, Path], tmp_path: Path, condgan: Command
) -> None:
    def report(*words: str | Path) -> tuple[int, str]:
        result = condgan("report", *words, "-o", tmp_path / "page.html")
        return result.code, result.err

    refusal = f"condgan: {tmp_path}: no run.json in it; expected the folder of a run or an ablation\n"
    assert report(trained_runs["acgan"], tmp_path) == (2, refusal)
    assert list(tmp_path.iterdir()) == []
    assert report(trained_runs["started"], "--title", "Mine") == (0, "")
    assert [file.name for file in tmp_path.iterdir()] == ["page.html"]
    assert "<h1>Mine</h1>" in (tmp_path / "page.html").read_text()


def test_metrics_of_earlier_versions_are_shown(trained_runs: dict[str, Path], tmp_path: Path) -> None:
    """Those have no code_effects, and those of labels neither `meaning`."""
    for name in ("acgan", "infogan"):
        shutil.copytree(trained_runs[name], tmp_path / name)
    metrics = json.loads((tmp_path / "acgan" / "metrics.json").read_text())
    kept = {name: value for name, value in metrics.items() if name not in ("code_effects", "meaning")}
    assert kept.keys() < metrics.keys()
    (tmp_path / "acgan" / "metrics.json").write_text(json.dumps(kept))
    rows = {"generator, codes of the prior": {"code_accuracy": [0.9, 0.8, 0.95]}}
    codes = {"judge": "small", "draws": 2, "seed": 0, "rows": rows, "per_condition": {}, "meaning": {"class=0": "7"}}
    (tmp_path / "infogan" / "metrics.json").write_text(json.dumps(codes))
    text = text_of(page([tmp_path / "acgan", tmp_path / "infogan"], "Two"))
    assert "generator, pairs" in text
    assert "class=0, matched to 7" in text


def test_scores_of_an_earlier_generator_are_marked(trained_runs: dict[str, Path], tmp_path: Path) -> None:
    shutil.copytree(trained_runs["acgan"], tmp_path / "acgan")
    metrics = json.loads((tmp_path / "acgan" / "metrics.json").read_text())
    (tmp_path / "acgan" / "metrics.json").write_text(json.dumps(metrics | {"generator_hash": "12"}))
    text = text_of(page([tmp_path / "acgan"], "One"))
    assert f"Scores of an earlier generator, the run was trained since; run condgan evaluate {tmp_path}" in text
    assert text.count("of an earlier generator") == 2  # also in the table of all runs


@pytest.mark.parametrize("folder", sorted(RESULTS.glob("*/*/*/seed-0")), ids=lambda folder: folder.parent.name)
def test_published_results_are_shown(folder: Path) -> None:
    """Only run.json and metrics.json of these runs are published, some of them in format 1."""
    text = text_of(page([folder], "One"))
    for row in json.loads((folder / "metrics.json").read_text())["rows"]:
        assert row in text
