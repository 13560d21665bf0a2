"""`condgan ablate` with runs of a few steps."""

import json
import shutil
import signal
from collections.abc import Sequence
from contextlib import chdir
from pathlib import Path

import pytest
import torch

from commands import PATIENCE, TESTS, Result, run_here, running, wait_for, words_of
from condgan import files
from condgan.ablate import Study, conclude, read
from condgan.ablate.results import text
from condgan.ablate.study import DONE, Trial
from condgan.errors import InputError
from condgan.judge import judge_to_bytes, small_judge
from condgan.recipes import use
from condgan.report import page
from contracts import tiny_images

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
OWN_RECIPES = ["--recipe", "faulty:diverging", "--recipe", "faulty:interrupted"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a spec and an untrained judge."""
    folder = tmp_path_factory.mktemp("ablate")
    torch.manual_seed(0)
    files.write(folder / "judge.safetensors", judge_to_bytes(small_judge(tiny_images("multi_label").condition, 16)))
    (folder / "widths.yaml").write_text(SPEC)
    return folder


def ablate(folder: Path, spec: str = "widths.yaml") -> Result:
    with chdir(TESTS):  # where the processes of its runs find these recipes
        return run_here("ablate", folder / spec, "--runs", folder / "runs", *OWN_RECIPES)


@pytest.fixture(scope="module", autouse=True)
def own_recipes() -> None:
    """The specs of these tests name them."""
    for name in OWN_RECIPES[1::2]:
        use(name)


@pytest.fixture(scope="module")
def first(folder: Path) -> Result:
    """The result of the first call of the command."""
    return ablate(folder)


@pytest.mark.slow
def test_the_start_and_the_end_of_every_run_are_printed(first: Result) -> None:
    lines = [line for line in first.out.splitlines() if line.startswith("[")]
    assert [line.partition(";")[0] for line in lines] == [
        "[1/4] narrow/seed-0: started",
        "[1/4] narrow/seed-0: done",
        "[2/4] broken/seed-0: started",
        "[2/4] broken/seed-0: failed: D/hook is nan at step 4: training diverged",
        "[3/4] narrow/seed-1: started",
        "[3/4] narrow/seed-1: done",
        "[4/4] broken/seed-1: started",
        "[4/4] broken/seed-1: failed: D/hook is nan at step 4: training diverged",
    ]
    assert "min left" in lines[1]


@pytest.mark.slow
def test_failures_are_recorded_and_the_other_runs_continue(folder: Path, first: Result) -> None:
    assert first.code == 1
    assert first.err.strip() == "condgan: 2 of 4 runs are not done; run the same command to retry"
    assert "[2/4] broken/seed-0: failed: D/hook is nan at step 4" in first.out
    page = (folder / "runs" / "widths" / "table.md").read_text()
    assert "## Not done\n\n- broken/seed-0: D/hook is nan" in page
    assert "Traceback" not in first.err + first.out


@pytest.mark.slow
def test_the_table_has_the_means_over_metrics_of_runs(folder: Path, first: Result) -> None:
    study = folder / "runs" / "widths"
    metrics = [json.loads((study / "narrow" / f"seed-{seed}" / "metrics.json").read_text()) for seed in (0, 1)]
    values = [m["rows"]["generator, held-out conditions"]["condition_accuracy"][0] for m in metrics]
    assert metrics[0]["draws"] == 2
    markdown = (study / "table.md").read_text()
    assert f"| narrow | 2 | {text(values)} |  |" in markdown
    assert "| broken | 0 |" in markdown
    assert text(values) in first.out
    assert "![curves of every cell](curves.png)" in markdown
    assert (study / "curves.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_a_run_of_an_ablation_is_an_ordinary_run(folder: Path, first: Result) -> None:
    run = folder / "runs" / "widths" / "narrow" / "seed-1"
    config = json.loads((run / "run.json").read_text())
    assert (config["recipe"], config["seed"], config["options"]["width"]) == ("cdcgan", 1, 4)
    assert [json.loads(line)["step"] for line in (run / "scores.jsonl").read_text().splitlines()] == [0, 2]


@pytest.mark.slow
def test_finished_runs_are_not_repeated(folder: Path, first: Result) -> None:
    kept = folder / "runs" / "widths" / "narrow" / "seed-0" / "metrics.json"
    before = kept.stat().st_mtime_ns
    study = Study(read(folder / "widths.yaml"), folder / "runs" / "widths")
    events = study.run()
    assert next(events)[2:4] == ("narrow/seed-0", "already done")
    assert next(events)[2:4] == ("broken/seed-0", "started")  # failures are retried
    assert next(events)[:3] == (2, 4, "broken/seed-0")  # its end
    assert next(events)[2:4] == ("narrow/seed-1", "already done")
    assert kept.stat().st_mtime_ns == before
    assert [trial.end for trial in study.trials if trial.cell.name == "narrow"] == [DONE, DONE]


def test_a_study_that_is_run_twice_trains_once(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trained = []

    def train_and_score(self: Study, trial: Trial) -> str:
        trained.append(trial.name)
        files.write_json(trial.folder / "metrics.json", {})
        return ""

    monkeypatch.setattr(Study, "_train_and_score", train_and_score)
    study = Study(read(folder / "widths.yaml"), tmp_path / "runs")
    assert [event.state for event in study.run()] == ["started", DONE] * 4
    assert [event.state for event in study.run()] == ["already done"] * 4
    assert len(trained) == 4


@pytest.mark.slow
@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ("width: 4", "width: 8", "was started with options"),
        ("kimg: 0.016", "kimg: 0.008", "was started with kimg 0.016, found a smaller 0.008 in the spec"),
        ("resolution: 16", "resolution: 32", "data_hash"),
        ("data: shapes", "data: shapes\nprecision: bf16", "was started with precision 'no', found 'bf16' in the spec"),
    ],
)
def test_a_study_rejects_runs_of_another_spec(folder: Path, first: Result, old: str, new: str, part: str) -> None:
    (folder / "changed.yaml").write_text(SPEC.replace(old, new))
    spec = read(folder / "changed.yaml")
    with pytest.raises(InputError, match=r"was started with .*; rename the spec file, or delete") as error:
        Study(spec, folder / "runs" / "widths")
    assert part in str(error.value)


@pytest.mark.slow
@pytest.mark.parametrize(("old", "new"), [("kimg: 0.016", "kimg: 0.024"), ("draws: 2", "draws: 3")])
def test_a_larger_budget_or_other_scoring_continues_a_study(folder: Path, first: Result, old: str, new: str) -> None:
    (folder / "changed.yaml").write_text(SPEC.replace(old, new))
    events = Study(read(folder / "changed.yaml"), folder / "runs" / "widths").run()
    assert next(events)[2:4] == ("narrow/seed-0", "started")


@pytest.mark.slow
def test_a_report_shows_an_ablation_with_its_runs(folder: Path, first: Result) -> None:
    html = page([folder / "runs" / "widths"], "Ablation")
    assert "<h2>widths, and one that diverges</h2>" in html
    assert "broken/seed-0: D/hook is nan" in html
    assert html.count('<summary id="run-') == 4


@pytest.mark.slow
def test_an_interrupted_ablation_continues(folder: Path) -> None:
    """One of its runs receives SIGINT: the command exits with 130, and the same command continues."""
    (folder / "stopped.yaml").write_text(
        "title: t\ndata: shapes\nresolution: 16\nkimg: 0.02\nvariants: {stopped: {recipe: 'faulty:interrupted', "
        "options: {at_step: 2}}}\ndraws: 1\njudge: judge.safetensors\n"
    )
    interrupted = ablate(folder, "stopped.yaml")
    assert interrupted.code == 130
    assert interrupted.err.startswith("condgan: interrupted")
    run = folder / "runs" / "stopped" / "stopped" / "seed-0"
    assert [file.stem for file in (run / "checkpoints").iterdir()] == ["000000003"]
    result = ablate(folder, "stopped.yaml")
    assert result.code == 0, result.err
    assert "000000005" in {file.stem for file in (run / "checkpoints").iterdir()}
    assert (folder / "runs" / "stopped" / "table.md").is_file()


@pytest.mark.slow
def test_a_signal_reaches_the_current_run_once_and_it_is_saved(folder: Path, tmp_path: Path) -> None:
    (folder / "long.yaml").write_text(SPEC.replace("kimg: 0.016", "kimg: 1000"))
    words = words_of("ablate", folder / "long.yaml", "--runs", tmp_path, *OWN_RECIPES)
    run = tmp_path / "long" / "narrow" / "seed-0"
    with running(words) as job:
        wait_for(lambda: (run / "log.jsonl").exists() and (run / "log.jsonl").read_text(), job)
        job.send_signal(signal.SIGTERM)
        _, errors = job.communicate(timeout=PATIENCE)
    assert job.returncode == 130
    assert errors.startswith("condgan: interrupted")
    assert (run / "generator.safetensors").is_file()
    assert json.loads((run.parent / "seed-0.json").read_text())["end"] == "interrupted"
    assert "condgan: interrupted" in (run.parent / "seed-0.txt").read_text()


def test_wrong_data_are_reported_before_any_training(folder: Path, tmp_path: Path) -> None:
    (folder / "wrong.yaml").write_text(SPEC.replace("data: shapes", "data: shaps"))
    with pytest.raises(InputError, match="did you mean 'shapes'"):
        Study(read(folder / "wrong.yaml"), tmp_path / "study")
    assert not (tmp_path / "study").exists()


def test_a_study_without_finished_runs_has_tables_of_failures(folder: Path, tmp_path: Path) -> None:
    outcome = conclude(Study(read(folder / "widths.yaml"), tmp_path / "study"))
    assert outcome.tables == []
    assert set(outcome.failures.values()) == {"not started"}
    assert (tmp_path / "study" / "table.md").is_file()


@pytest.mark.slow
def test_auto_precision_is_resolved_once_for_all_runs(
    folder: Path, first: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("condgan.machine.fast_precision", lambda: "bf16")
    (folder / "auto.yaml").write_text(SPEC + "precision: auto\n")
    spec = read(folder / "auto.yaml")
    assert Study(spec, tmp_path / "new").precision == "bf16"
    assert Study(spec, folder / "runs" / "widths").precision == "no"  # as for the runs it already has


@pytest.mark.slow
def test_records_of_earlier_versions_with_options_as_text_are_read(folder: Path, first: Result, tmp_path: Path) -> None:
    shutil.copytree(folder / "runs" / "widths", tmp_path / "study")
    record = tmp_path / "study" / "narrow" / "seed-0.json"
    content = files.read_json(record)
    content["training"]["options"] = {"width": "4", "latent_dim": "8", "batch_size": "8"}
    files.write_json(record, content)
    study = Study(read(folder / "widths.yaml"), tmp_path / "study")
    events = study.run()
    assert next(events)[2:4] == ("narrow/seed-0", "already done")


def test_the_commands_have_only_the_options_that_the_spec_has(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[list[str]] = []

    def execute(words: Sequence[object], log: Path) -> str:
        commands.append([str(word) for word in words])
        return "stopped"

    monkeypatch.setattr("condgan.ablate.study.execute", execute)
    for number, minutes in enumerate(("", 'minutes: 0.5\npreviews: "2:4"\n')):
        (folder / "budget.yaml").write_text(SPEC + minutes)
        assert final_state(Study(read(folder / "budget.yaml"), tmp_path / str(number))) == "failed: stopped"
    without, *_, with_minutes = commands
    for option, value in {"--minutes": "0.5", "--previews": "2:4"}.items():
        assert option not in without
        assert with_minutes[with_minutes.index(option) + 1] == value


def final_state(study: Study) -> str:
    """Runs a study and returns the state of its last run."""
    return [event.state for event in study.run()][-1]


def test_a_broken_record_is_reported_by_name(folder: Path, tmp_path: Path) -> None:
    files.write(tmp_path / "study" / "narrow" / "seed-0.json", "{}")
    with pytest.raises(InputError, match=r"seed-0\.json: training: missing entry; restore the file"):
        Study(read(folder / "widths.yaml"), tmp_path / "study")
