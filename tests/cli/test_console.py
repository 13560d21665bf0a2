"""`--json`, `--quiet`, and progress on terminals and in files."""

import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer

from commands import TINY, Command, assert_input_error
from condgan.cli import app
from condgan.cli.console import Console, console, fail
from condgan.files import read_json
from condgan.recipes import RECIPES
from written import write_csv


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """A clock that stands still until a test moves it."""
    clock = {"seconds": 100.0}
    monkeypatch.setattr("time.monotonic", lambda: clock["seconds"])
    return clock


def progress_of(stream: io.StringIO, monkeypatch: pytest.MonkeyPatch, steps: Callable[[Any], None]) -> str:
    """Returns what is printed while a task makes these steps."""
    monkeypatch.setattr("sys.stdout", stream)
    with Console().progress() as show:
        steps(show)
    return stream.getvalue()


def test_a_file_gets_one_line_a_minute_and_the_end(clock: dict[str, float], monkeypatch: pytest.MonkeyPatch) -> None:
    def steps(show: Any) -> None:
        for second in range(0, 151, 5):
            clock["seconds"] = 100 + second
            show("game", second / 200, f"step {second}")

    lines = progress_of(io.StringIO(), monkeypatch, steps).splitlines()
    assert [line.split("%  ")[1].split("  ")[0] for line in lines] == ["step 10", "step 70", "step 130", "step 150"]
    assert lines[-1] == " 75%  step 150  50 s left"


def test_a_short_task_leaves_no_line_in_a_file(clock: dict[str, float], monkeypatch: pytest.MonkeyPatch) -> None:
    assert progress_of(io.StringIO(), monkeypatch, lambda show: show("game", 0.5, "step 1")) == ""


def test_the_time_left_does_not_count_what_was_done_before(
    clock: dict[str, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    def steps(show: Any) -> None:
        show("game", 0.8, "first")
        clock["seconds"] += 60
        show("game", 0.9, "second")

    assert progress_of(io.StringIO(), monkeypatch, steps) == " 90%  second  60 s left\n"


def test_a_terminal_gets_a_bar_for_each_task(monkeypatch: pytest.MonkeyPatch) -> None:
    def steps(show: Any) -> None:
        show("reader", None, "reader  step 1")
        show("game", 0.25, "game  step 1", "5 min left")

    shown = progress_of(Terminal(), monkeypatch, steps)
    assert "reader  step 1" in shown
    assert "game  step 1  5 min left" in shown
    assert "25%" in shown


@pytest.mark.parametrize("rank", ["0", "1"])
def test_of_several_processes_the_first_prints(
    rank: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RANK", rank)
    printing = Console(json=True)
    printing.print("a result")
    printing.note("a note")
    printing.document({})
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == (("{}\n", "a result\na note\n") if rank == "0" else ("", ""))


def test_processes_of_torchrun_print_an_error_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    printed = []
    for rank, message in ((0, "a"), (1, "a"), (1, "b")):
        (tmp_path / str(rank)).mkdir(exist_ok=True)
        monkeypatch.setenv("TORCHELASTIC_ERROR_FILE", str(tmp_path / str(rank) / "error.json"))
        with pytest.raises(SystemExit):
            fail(message, 2)
        printed.append(capsys.readouterr().err)
    assert printed == ["condgan: a\n", "", "condgan: b\n"]


@pytest.mark.parametrize("words", [["--nonsense"], ["recipes", "--nonsense"], ["data", "inspct"], ["judge", "train"]])
def test_processes_of_torchrun_print_wrong_usage_once(
    condgan: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    alone = condgan(*words)
    assert (alone.code, alone.out) == (2, "")
    assert words[-1] in alone.err or "DATA" in alone.err
    printed = []
    for rank in (0, 1):
        (tmp_path / str(rank)).mkdir()
        monkeypatch.setenv("TORCHELASTIC_ERROR_FILE", str(tmp_path / str(rank) / "error.json"))
        result = condgan(*words)
        assert result.code == 2
        printed.append(result.err)
    assert printed == [alone.err, ""]


def test_every_command_has_both_options() -> None:
    group: Any = typer.main.get_command(app)
    commands = dict(group.commands)
    for name in ("data", "judge"):
        commands |= {f"{name} {each}": command for each, command in commands.pop(name).commands.items()}
    assert len(commands) > 10
    for name, command in commands.items():
        assert {"json", "quiet"} <= {each.name for each in command.params}, name


def document(condgan: Command, *words: str | Path) -> Any:
    """Returns the JSON document that a command prints, and nothing else, to stdout."""
    result = condgan(*words, "--json")
    assert result.code == 0, result.err
    return json.loads(result.out)


def test_recipes_and_vocabulary_as_json(condgan: Command) -> None:
    assert list(document(condgan, "recipes")) == list(RECIPES)
    assert document(condgan, "recipes", "cdcgan")["options"]["batch_size"] == 32
    (control,) = document(condgan, "vocabulary", "iclevr")["controls"]
    assert control["multiple"]
    assert "red cube" in control["values"]


def test_an_inspection_as_json_also_if_strict_refuses_it(condgan: Command, tmp_path: Path) -> None:
    write_csv(tmp_path, "hair", [("dark", "fair")[i % 2] for i in range(40)])
    (tmp_path / "notes.doc").write_text("of another kind")
    found = document(condgan, "data", "inspect", tmp_path, "--resolution", "8")
    assert found["images"] == 40
    assert sum(found["counts"].values()) == 40
    assert any("notes.doc" in notice for notice in found["notices"])
    result = condgan("data", "inspect", tmp_path, "--resolution", "8", "--json", "--strict")
    assert result.code == 1
    assert json.loads(result.out) == found


def test_training_as_json_names_the_files(condgan: Command, tmp_path: Path) -> None:
    words: list[str | Path] = ["train", "cdcgan", "--data", "shapes", *TINY, "--steps", "2", "--runs", tmp_path]
    found = document(condgan, *words)
    assert Path(found["generator"]).is_file()
    assert found["last"]["step"] == 2
    images = document(condgan, "generate", found["run"], "--condition", "red square", "--count", "2")
    assert all(Path(file).is_file() for file in images["files"])
    assert len(images["files"]) == 3


def test_scores_as_json_are_those_of_the_files(condgan: Command, finished: Path, tmp_path: Path) -> None:
    judge = finished / "judge.safetensors"
    for name in ("a", "b"):
        shutil.copytree(finished / "runs" / "cdcgan", tmp_path / name)
    config = read_json(tmp_path / "b" / "run.json")
    (tmp_path / "b" / "run.json").write_text(json.dumps(config | {"options": config["options"] | {"beta1": 0.4}}))
    runs = [tmp_path / "a", tmp_path / "b"]
    scores = document(condgan, "evaluate", *runs, "--judge", judge, "--draws", "1")
    assert scores == {str(run): read_json(run / "metrics.json") for run in runs}
    assert document(condgan, "compare", *runs)[0]["rows"]
    score = document(condgan, "judge", "score", "shapes", "--judge", judge, "--resolution", "16")
    assert len(score["condition_accuracy"]) == 3


def test_what_libraries_print_is_not_in_a_document(condgan: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("condgan.cli.generate.use_recipes", lambda names: print("printed by a library"))
    assert document(condgan, "vocabulary", "iclevr")["controls"]


def test_quiet_commands_print_results_only(condgan: Command, tmp_path: Path) -> None:
    words = ["train", "cdcgan", "--data", "shapes", *TINY, "--steps", "1", "--runs", tmp_path, "--quiet"]
    assert condgan(*words).out == f"saved {tmp_path / 'cdcgan' / 'generator.safetensors'}\n"
    assert_input_error(condgan(*words), "not empty")
    assert not console.json


def test_a_name_cannot_control_the_terminal(condgan: Command, tmp_path: Path) -> None:
    (tmp_path / "\x1b[31mred\nline").mkdir()
    result = condgan("data", "inspect", tmp_path / "\x1b[31mred\nline")
    assert "\x1b" not in result.err
    assert "\\x1b[31mred" in result.err
