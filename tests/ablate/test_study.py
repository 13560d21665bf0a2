"""Ablations by command, on runs of a few steps."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from condgan import files
from condgan.ablate import Study, conclude, read
from condgan.ablate.results import text
from condgan.ablate.study import DONE
from condgan.errors import InputError
from condgan.judge import judge_to_bytes, small_judge
from condgan.report import page
from contracts import tiny_images

TESTS = Path(__file__).parents[1]
SPEC = """\
title: widths, and one that diverges
data: shapes
resolution: 16
variants:
  narrow: {recipe: cdcgan, options: {width: 4, latent_dim: 8, batch_size: 8}}
  broken: {recipe: "faulty:diverging", options: {at_step: 1}}
seeds: [0, 1]
kimg: 0.016
draws: 2
judge: judge.safetensors
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With a spec, and an untaught judge beside it."""
    folder = tmp_path_factory.mktemp("ablate")
    torch.manual_seed(0)
    files.write(folder / "judge.safetensors", judge_to_bytes(small_judge(tiny_images("multi_label").condition, 16)))
    (folder / "widths.yaml").write_text(SPEC)
    return folder


def command(*words: str | Path) -> list[str]:
    return [sys.executable, "-m", "condgan.cli", *map(str, words)]


def environment() -> dict[str, str]:
    path = os.pathsep.join([str(TESTS), *filter(None, [os.environ.get("PYTHONPATH")])])
    return os.environ | {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}


def asked(folder: Path, spec: str = "widths.yaml") -> subprocess.CompletedProcess[str]:
    words = command("ablate", folder / spec, "--runs", folder / "runs")
    return subprocess.run(words, capture_output=True, text=True, env=environment(), check=False)


@pytest.fixture(scope="module")
def first(folder: Path) -> subprocess.CompletedProcess[str]:
    """What the command said the first time."""
    return asked(folder)


def test_every_run_is_begun_and_ended_in_a_line(first: subprocess.CompletedProcess[str]) -> None:
    lines = [line for line in first.stdout.splitlines() if line.startswith("[")]
    assert [line.partition(";")[0] for line in lines[:4]] == [
        "[1/4] narrow/seed-0: starts",
        "[1/4] narrow/seed-0: done",
        "[2/4] narrow/seed-1: starts",
        "[2/4] narrow/seed-1: done",
    ]
    assert "min left" in lines[1]


def test_what_fails_is_recorded_and_the_rest_go_on(folder: Path, first: subprocess.CompletedProcess[str]) -> None:
    assert first.returncode == 1
    assert first.stderr.strip() == "condgan: 2 of 4 runs are not done; the same command tries them again"
    assert "[3/4] broken/seed-0: failed: D/adversarial is nan at step 4" in first.stdout
    page = (folder / "runs" / "widths" / "table.md").read_text()
    assert "## Not done\n\n- broken/seed-0: D/adversarial is nan" in page
    assert "Traceback" not in first.stderr + first.stdout


def test_the_table_holds_the_means_of_the_runs_metrics(folder: Path, first: subprocess.CompletedProcess[str]) -> None:
    study = folder / "runs" / "widths"
    metrics = [json.loads((study / "narrow" / f"seed-{seed}" / "metrics.json").read_text()) for seed in (0, 1)]
    values = [m["rows"]["generator, held-out conditions"]["condition_accuracy"][0] for m in metrics]
    assert metrics[0]["draws"] == 2
    markdown = (study / "table.md").read_text()
    assert f"| narrow | 2 | {text(values)} |  |" in markdown
    assert "| broken | 0 |" in markdown
    assert text(values) in first.stdout
    assert "![curves of every cell](curves.png)" in markdown
    assert (study / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_a_run_of_an_ablation_is_an_ordinary_run(folder: Path, first: subprocess.CompletedProcess[str]) -> None:
    run = folder / "runs" / "widths" / "narrow" / "seed-1"
    config = json.loads((run / "run.json").read_text())
    assert (config["recipe"], config["seed"], config["options"]["width"]) == ("cdcgan", 1, "4")
    assert [json.loads(line)["step"] for line in (run / "scores.jsonl").read_text().splitlines()] == [0, 2]


def test_what_is_done_is_not_done_again(folder: Path, first: subprocess.CompletedProcess[str]) -> None:
    kept = folder / "runs" / "widths" / "narrow" / "seed-0" / "metrics.json"
    before = kept.stat().st_mtime_ns
    study = Study(read(folder / "widths.yaml"), folder / "runs" / "widths")
    turns = study.run()
    assert next(turns)[2:4] == ("narrow/seed-0", "done before")
    assert next(turns)[2:4] == ("narrow/seed-1", "done before")
    assert next(turns)[2:4] == ("broken/seed-0", "starts")  # what failed is tried again
    turns.close()
    assert kept.stat().st_mtime_ns == before
    assert [trial.end for trial in study.trials][:2] == [DONE, DONE]


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ("width: 4", "width: 8", "options"),
        ("kimg: 0.016", "kimg: 0.008", "kimg 0.016, the spec now asks for 0.008, which is less"),
        ("resolution: 16", "resolution: 32", "data_hash"),
        ("data: shapes", "data: shapes\nprecision: bf16", "precision 'no', the spec now asks for 'bf16'"),
    ],
)
def test_runs_of_another_spec_are_not_mixed_in(
    folder: Path, first: subprocess.CompletedProcess[str], old: str, new: str, part: str
) -> None:
    (folder / "changed.yaml").write_text(SPEC.replace(old, new))
    spec = read(folder / "changed.yaml")
    with pytest.raises(InputError, match=r"was begun with .*give the spec's file another name, or delete") as error:
        Study(spec, folder / "runs" / "widths")
    assert part in str(error.value)


@pytest.mark.parametrize(("old", "new"), [("kimg: 0.016", "kimg: 0.024"), ("draws: 2", "draws: 3")])
def test_a_larger_budget_or_other_scoring_is_no_other_spec_and_not_done(
    folder: Path, first: subprocess.CompletedProcess[str], old: str, new: str
) -> None:
    (folder / "changed.yaml").write_text(SPEC.replace(old, new))
    turns = Study(read(folder / "changed.yaml"), folder / "runs" / "widths").run()
    assert next(turns)[2:4] == ("narrow/seed-0", "starts")
    turns.close()


def test_a_report_shows_an_ablation_with_its_runs(folder: Path, first: subprocess.CompletedProcess[str]) -> None:
    html = page([folder / "runs" / "widths"], "Ablation")
    assert "<h2>widths, and one that diverges</h2>" in html
    assert "broken/seed-0: D/adversarial is nan" in html
    assert html.count('<section id="run-') == 4


def test_an_interrupted_ablation_goes_on(folder: Path, tmp_path: Path) -> None:
    """Somebody ends one of its runs: the command ends as interrupted, and finishes when it is asked again."""
    (folder / "pressed.yaml").write_text(
        "title: t\ndata: shapes\nresolution: 16\nkimg: 0.02\nvariants: {pressed: {recipe: 'faulty:interrupted', "
        "options: {at_step: 2}}}\ndraws: 1\njudge: judge.safetensors\n"
    )
    stopped = asked(folder, "pressed.yaml")
    assert stopped.returncode == 130
    assert stopped.stderr.startswith("condgan: interrupted")
    run = folder / "runs" / "pressed" / "pressed" / "seed-0"
    assert [file.stem for file in (run / "checkpoints").iterdir()] == ["000000003"]
    done = asked(folder, "pressed.yaml")
    assert done.returncode == 0, done.stderr
    assert "000000005" in {file.stem for file in (run / "checkpoints").iterdir()}
    assert (folder / "runs" / "pressed" / "table.md").is_file()


def test_a_signal_reaches_the_run_once_and_it_saves(folder: Path, tmp_path: Path) -> None:
    (folder / "long.yaml").write_text(SPEC.replace("kimg: 0.016", "kimg: 1000"))
    words = command("ablate", folder / "long.yaml", "--runs", tmp_path)
    running = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment())
    run = tmp_path / "long" / "narrow" / "seed-0"
    deadline = time.monotonic() + 120
    while not (run / "log.jsonl").exists() or not (run / "log.jsonl").read_text():
        assert running.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.1)
    running.send_signal(signal.SIGTERM)
    _, complaint = running.communicate(timeout=60)
    assert running.returncode == 130
    assert complaint.startswith("condgan: interrupted")
    assert (run / "generator.safetensors").is_file()
    assert json.loads((run.parent / "seed-0.json").read_text())["end"] == "interrupted"


def test_wrong_data_are_refused_before_anything_is_trained(folder: Path, tmp_path: Path) -> None:
    (folder / "wrong.yaml").write_text(SPEC.replace("data: shapes", "data: shaps"))
    with pytest.raises(InputError, match="did you mean 'shapes'"):
        Study(read(folder / "wrong.yaml"), tmp_path / "study")
    assert not (tmp_path / "study").exists()


def test_a_study_that_has_not_begun_has_a_page(folder: Path, tmp_path: Path) -> None:
    outcome = conclude(Study(read(folder / "widths.yaml"), tmp_path / "study"))
    assert outcome.tables == []
    assert set(outcome.failures.values()) == {"not begun"}
    assert (tmp_path / "study" / "table.md").is_file()


def test_the_precision_of_auto_is_found_once_for_all_runs(
    folder: Path, first: subprocess.CompletedProcess[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("condgan.machine.fast_precision", lambda: "bf16")
    (folder / "auto.yaml").write_text(SPEC + "precision: auto\n")
    spec = read(folder / "auto.yaml")
    assert Study(spec, tmp_path / "new").precision == "bf16"
    assert Study(spec, folder / "runs" / "widths").precision == "no"  # in which its runs were begun


def test_a_broken_record_is_named(folder: Path, tmp_path: Path) -> None:
    files.write(tmp_path / "study" / "narrow" / "seed-0.json", "{}")
    with pytest.raises(InputError, match=r"seed-0\.json: expected what was asked of a run"):
        Study(read(folder / "widths.yaml"), tmp_path / "study")
