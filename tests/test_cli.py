"""The commands, as a user types them."""

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from PIL import Image

from condgan import cli
from conftest import Folder

TINY = ["--set", "width=4", "--set", "latent_dim=8", "--set", "batch_size=8", "--resolution", "16"]


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str


def typed(*words: str | Path, before: Callable[[], None] | None = None) -> Done:
    """A real command line."""
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "condgan.cli", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, preexec_fn=before, check=False)
    return Done(done.returncode, done.stdout, done.stderr)


Command = Callable[..., Done]


@pytest.fixture
def condgan(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """The same within this process, which saves the imports."""

    def run(*words: str | Path) -> Done:
        monkeypatch.setattr(sys, "argv", ["condgan", *map(str, words)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            cli.main()
        captured = capsys.readouterr()
        return Done(int(end.value.code or 0), captured.out, captured.err)

    return run


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a judge, and a run of twenty-five steps, both by command."""
    folder = tmp_path_factory.mktemp("finished")
    trained = typed("train", "cdcgan", "--data", "shapes", *TINY, "--kimg", "0.2", "--runs", folder / "runs")
    assert trained.code == 0, trained.err
    judge = ["judge", "train", "shapes", "--epochs", "1", "--resolution", "16", "--out", folder / "judge.safetensors"]
    taught = typed(*judge)
    assert taught.code == 0, taught.err
    assert "condition_accuracy" in taught.out
    return folder


def assert_refused(done: Done, *parts: str) -> None:
    """Exit code 2 and one line that says all the parts."""
    assert done.code == 2, done.err
    assert "Traceback" not in done.err
    (line,) = done.err.strip().splitlines()
    assert line.startswith("condgan: ")
    for part in parts:
        assert part in line


def assert_nothing_half_written(folder: Path) -> None:
    assert [file for file in folder.rglob("*") if file.suffix == ".tmp"] == []


def test_a_run_is_trained_drawn_from_and_scored(condgan: Command, finished: Path, tmp_path: Path) -> None:
    run = finished / "runs" / "cdcgan"
    drawn = condgan("generate", run, "--condition", "red square, blue circle", "--count", "5", "--out", tmp_path)
    assert drawn.code == 0, drawn.err
    assert sorted(file.name for file in tmp_path.iterdir()) == [*(f"000{i}.png" for i in range(5)), "grid.png"]
    with Image.open(tmp_path / "0000.png") as image:
        assert image.mode == "RGB"
    (tmp_path / "pairs.json").write_text('[["red square"], ["blue circle", "red square"]]')
    words = ["evaluate", run, "--judge", finished / "judge.safetensors", "--draws", "4"]
    scored = condgan(*words, "--conditions", tmp_path / "pairs.json")
    assert scored.code == 0, scored.err
    metrics = json.loads((run / "metrics.json").read_text())
    assert {"real images", "generator, pairs", "untrained, pairs"} <= metrics["rows"].keys()
    assert set(metrics["per_condition"]["pairs"]) == {"red square", "red square, blue circle"}
    assert (run / "pairs.png").is_file()
    assert_nothing_half_written(run)


def test_the_same_seed_draws_the_same_images(condgan: Command, finished: Path, tmp_path: Path) -> None:
    words = ["generate", finished / "runs" / "cdcgan" / "generator.safetensors", "--condition", "red square"]
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        assert condgan(*words, "--count", "3", "--seed", seed, "--out", tmp_path / name).code == 0
    a, b, c = ((tmp_path / name / "grid.png").read_bytes() for name in "abc")
    assert a == b != c


def test_a_judge_is_scored(condgan: Command, finished: Path) -> None:
    done = condgan("judge", "score", "shapes", "--judge", finished / "judge.safetensors", "--resolution", "16")
    assert done.code == 0, done.err
    assert {"condition_accuracy", "exact_accuracy"} <= set(done.out.split())


def test_recipes_are_listed_and_shown(condgan: Command) -> None:
    assert [line.split()[0] for line in condgan("recipes").out.splitlines()] == ["cdcgan", "acgan"]
    assert "real_target=0.7,1.0" in condgan("recipes", "acgan").out


def test_what_recipes_shows_can_be_set(condgan: Command, tmp_path: Path) -> None:
    shown = condgan("recipes", "acgan").out.split("NAME=VALUE:\n")[1].split()
    options = [word for option in shown for word in ("--set", option)]
    small = ["--set", "width=4", "--set", "discriminator_width=2", "--set", "batch_size=8"]
    words = ["train", "acgan", "--data", "shapes", "--resolution", "16", "--kimg", "0.008", "--runs", tmp_path]
    assert condgan(*words, *options, *small).code == 0


def test_help_and_version_import_no_torch() -> None:
    code = """
import sys
from condgan import cli
try:
    cli.main()
finally:
    assert "torch" not in sys.modules
"""
    for word, said in (("--help", "judge"), ("--version", "condgan 0")):
        done = subprocess.run([sys.executable, "-c", code, word], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert said in done.stdout


def test_the_command_is_installed() -> None:
    command = Path(sys.executable).with_name("condgan")
    done = subprocess.run([command, "--version"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("condgan ")


TRAINING = [
    (["acgann", "--data", "shapes"], ["unknown recipe 'acgann'; did you mean 'acgan'"]),
    (["no_such_module:recipe", "--data", "shapes"], ["no_such_module"]),
    (["faulty:recipe", "--data", "shapes"], ["faulty", "recipe"]),
    (["cdcgan", "--data", "shapes", "--set", "widht=4"], ["no option 'widht'; did you mean 'width'"]),
    (["cdcgan", "--data", "shapes", "--set", "width=four"], ["cdcgan option width: found 'four'"]),
    (["cdcgan", "--data", "shapes", "--set", "width=0"], ["cdcgan option width", "greater than 0"]),
    (["acgan", "--data", "shapes", "--set", "real_target=1,0.7"], ["real_target", "0.7"]),
    (["acgan", "--data", "shapes", "--set", "real_target=0.7"], ["real_target"]),
    (["acgan", "--data", "shapes", "--set", "dropout=1.5"], ["dropout", "less than 1"]),
    (["cdcgan", "--data", "shapes", "--set", "width"], ["--set width: expected NAME=VALUE"]),
    (["cdcgan", "--data", "shapes", "--resolution", "60"], ["resolution 60: expected a power of two", "64"]),
    (["cdcgan", "--data", "shaps"], ["'shaps'", "did you mean 'shapes'"]),
    (
        ["cdcgan", "--data", "shapes", "--precision", "fp8"],
        ["--precision: found 'fp8', expected one of no, bf16, auto"],
    ),
    (["cdcgan", "--data", "shapes", "--kimg", "-1"], ["--kimg", "positive"]),
    (["cdcgan", "--data", "shapes", "--minutes", "0"], ["--minutes", "positive"]),
]


@pytest.mark.parametrize(("words", "parts"), TRAINING, ids=[" ".join(words[:1] + words[3:]) for words, _ in TRAINING])
def test_a_wrong_request_to_train_is_refused_and_leaves_nothing(
    condgan: Command, tmp_path: Path, words: Sequence[str], parts: Sequence[str]
) -> None:
    assert_refused(condgan("train", *words, "--runs", tmp_path / "runs"), *parts)
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["cdcgan", "--resolution", "16", "--set", "batch_size=5000"], ["batch_size 5000", "training images"]),
        (["acgan", "--resolution", "8"], ["resolution 8", "at least 16"]),
    ],
)
def test_a_request_that_cannot_be_played_leaves_nothing(
    condgan: Command, tmp_path: Path, words: Sequence[str], parts: Sequence[str]
) -> None:
    assert_refused(condgan("train", *words, "--data", "shapes", "--runs", tmp_path / "runs"), *parts)
    assert not (tmp_path / "runs").exists()


def test_no_images_at_all_are_not_a_budget(condgan: Command, tmp_path: Path) -> None:
    words = ["train", "cdcgan", "--data", "shapes", *TINY, "--minutes", "0.0001", "--runs", tmp_path]
    assert_refused(condgan(*words, "--kimg", "0"), "--kimg")


@pytest.mark.parametrize("words", [["train"], ["train", "cdcgan"], ["generate"], ["nonsense"], ["train", "--nonsense"]])
def test_a_command_that_is_misspelt_or_incomplete_exits_with_two(condgan: Command, words: Sequence[str]) -> None:
    done = condgan(*words)
    assert done.code == 2
    assert "Traceback" not in done.err
    assert done.err


def spoil_frame(folder: Folder) -> str:
    folder.first_frame.write_bytes(folder.first_frame.read_bytes()[:100])
    return folder.first_frame.name


def spoil_json(folder: Folder) -> str:
    (folder.path / "train.json").write_text('{"a":')
    return "train.json, line 1"


def spoil_encoding(folder: Folder) -> str:
    (folder.path / "train.json").write_bytes(b'{"\xff": ["red cube"]}')
    return "train.json"


def spoil_held_out(folder: Folder) -> str:
    folder.write("held_out.json", ["first"])
    return "held_out.json"


def spoil_label(folder: Folder) -> str:
    folder.write("train.json", {folder.first_frame.name: ["rad cube"]})
    return "did you mean 'red cube'"


@pytest.mark.parametrize(
    "spoil",
    [
        spoil_frame,
        spoil_json,
        spoil_label,
        spoil_encoding,
        spoil_held_out,
    ],
)
def test_spoilt_data_are_refused_and_leave_nothing(
    condgan: Command, iclevr_folder: Folder, tmp_path: Path, spoil: Callable[[Folder], str]
) -> None:
    named = spoil(iclevr_folder)
    words = ["train", "cdcgan", "--data", iclevr_folder.path, *TINY, "--runs", tmp_path / "runs"]
    assert_refused(condgan(*words), named)
    assert not (tmp_path / "runs").exists()
    assert_nothing_half_written(tmp_path)


def test_a_folder_in_use_is_refused_and_left_alone(condgan: Command, finished: Path) -> None:
    before = {file: file.stat().st_mtime_ns for file in (finished / "runs" / "cdcgan").rglob("*")}
    words = ["train", "cdcgan", "--data", "shapes", *TINY, "--runs", finished / "runs"]
    assert_refused(condgan(*words), "not empty", "--resume")
    assert_refused(condgan(*words, "--resume", "--seed", "1"), "started with seed 0, found 1")
    assert {file: file.stat().st_mtime_ns for file in (finished / "runs" / "cdcgan").rglob("*")} == before


@pytest.mark.parametrize(
    ("condition", "part"),
    [("red squre", "did you mean 'red square'"), ("red square, red square", "named twice"), ("", "empty name")],
)
def test_a_wrong_condition_is_refused(
    condgan: Command, finished: Path, tmp_path: Path, condition: str, part: str
) -> None:
    out = tmp_path / "out"
    assert_refused(condgan("generate", finished / "runs" / "cdcgan", "--condition", condition, "--out", out), part)
    assert not out.exists()


def test_a_run_that_is_not_there_is_named(condgan: Command, tmp_path: Path) -> None:
    assert_refused(condgan("generate", tmp_path / "nowhere", "--condition", "red square"), "nowhere", "no such file")
    assert_refused(condgan("generate", tmp_path, "--condition", "red square"), "generator.safetensors: no such file")
    assert_refused(condgan("evaluate", tmp_path / "nowhere"), "nowhere: no such run")


def test_a_broken_generator_is_named(condgan: Command, finished: Path, tmp_path: Path) -> None:
    content = (finished / "runs" / "cdcgan" / "generator.safetensors").read_bytes()
    for name, broken in (("short", content[:-10]), ("empty", b""), ("other", b"PK" * 100)):
        file = tmp_path / f"{name}.safetensors"
        file.write_bytes(broken)
        assert_refused(condgan("generate", file, "--condition", "red square"), f"{name}.safetensors")
    judge = finished / "judge.safetensors"
    assert_refused(condgan("generate", judge, "--condition", "red square"), "names no run")


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["--judge", "nowhere.safetensors"], "nowhere.safetensors: no such file"),
        (["--conditions", "nowhere.json"], "nowhere.json: no such file"),
        (["--data", "shapes:class"], "another vocabulary"),
    ],
)
def test_a_wrong_request_to_evaluate_is_refused(
    condgan: Command, finished: Path, words: Sequence[str], part: str
) -> None:
    run = finished / "runs" / "cdcgan"
    before = sorted(run.iterdir())
    assert_refused(condgan("evaluate", run, *words), part)
    assert sorted(run.iterdir()) == before


@pytest.mark.parametrize("name", ["run.json", "checkpoint"])
def test_a_damaged_run_is_named_on_resume(condgan: Command, tmp_path: Path, name: str) -> None:
    words = ["train", "cdcgan", "--data", "shapes", *TINY, "--runs", tmp_path, "--kimg"]
    assert condgan(*words, "0.008").code == 0
    file = tmp_path / "cdcgan" / name
    if name == "checkpoint":
        (file,) = (tmp_path / "cdcgan" / "checkpoints").iterdir()
        file.write_bytes(file.read_bytes()[:1000])
    else:
        file.write_text("{}")
    assert_refused(condgan(*words, "0.016", "--resume"), file.name)


def test_too_few_images_for_a_judge_are_refused(condgan: Command, iclevr_folder: Folder, tmp_path: Path) -> None:
    out = tmp_path / "judge.safetensors"
    assert_refused(condgan("judge", "train", iclevr_folder.path, "--resolution", "16", "--out", out), "training images")
    assert not out.exists()


def full_disk(num_bytes: int) -> Callable[[], None]:
    """No file of this process can grow beyond so many bytes."""

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, num_bytes))

    return limit


def test_a_full_disk_is_told_and_leaves_no_half_of_a_checkpoint(tmp_path: Path) -> None:
    words: list[str | Path] = ["train", "cdcgan", "--data", "shapes", *TINY, "--kimg", "0.016", "--runs", tmp_path]
    done = typed(*words, before=full_disk(60_000))
    assert_refused(done, "cannot write", "checkpoints", "File too large")
    assert not list((tmp_path / "cdcgan" / "checkpoints").glob("*"))
    assert not (tmp_path / "cdcgan" / "generator.safetensors").exists()
    assert_nothing_half_written(tmp_path)
    again = typed(*words, "--resume")
    assert again.code == 0, again.err
    assert (tmp_path / "cdcgan" / "generator.safetensors").is_file()


def test_a_full_disk_leaves_no_half_of_a_data_cache(iclevr_folder: Folder, tmp_path: Path) -> None:
    done = typed("data", "inspect", iclevr_folder.path, "--resolution", "64", before=full_disk(60_000))
    assert_refused(done, "cannot write", "File too large")
    assert_nothing_half_written(Path(os.environ["CONDGAN_CACHE"]))


def test_an_interrupted_run_says_so_and_goes_on(tmp_path: Path) -> None:
    words = ["train", "faulty:interrupted", "--data", "shapes", "--resolution", "16", "--name", "run"]
    words += ["--set", "at_step=3", "--kimg", "0.032", "--runs", str(tmp_path)]
    done = typed(*words)
    assert done.code == 130
    assert "Traceback" not in done.err
    assert [file.stem for file in (tmp_path / "run" / "checkpoints").iterdir()] == ["000000004"]
    assert typed(*words, "--resume").code == 0
    assert sorted(file.stem for file in (tmp_path / "run" / "checkpoints").iterdir()) == ["000000004", "000000008"]


def test_an_interruption_is_told_in_one_message(condgan: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def press(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("condgan.data.load", press)
    done = condgan("data", "inspect", "shapes")
    assert done.code == 130
    assert done.err.strip().startswith("condgan: interrupted")


def test_a_divergence_exits_with_one_and_one_message(condgan: Command, tmp_path: Path) -> None:
    words = ["train", "faulty:diverging", "--data", "shapes", "--resolution", "16", "--set", "at_step=1"]
    done = condgan(*words, "--kimg", "1", "--runs", tmp_path, "--name", "run")
    assert done.code == 1
    assert [line for line in done.err.splitlines() if line][-1].startswith("condgan: D/adversarial is nan")
    assert "Traceback" not in done.err
    assert not (tmp_path / "run" / "generator.safetensors").exists()


def test_the_model_is_all_that_is_needed_elsewhere(condgan: Command, finished: Path, tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes((finished / "runs" / "cdcgan" / "generator.safetensors").read_bytes())
    done = condgan("generate", tmp_path / "model.safetensors", "--condition", "red square", "--count", "2")
    assert done.code == 0, done.err
    assert (tmp_path / "generated" / "grid.png").is_file()


def test_a_run_can_be_had_in_bf16(condgan: Command, tmp_path: Path) -> None:
    words = ["train", "cdcgan", "--data", "shapes", *TINY, "--kimg", "0.016", "--runs", tmp_path]
    done = condgan(*words, "--precision", "bf16")
    assert done.code == 0, done.err
    state = torch.load(next((tmp_path / "cdcgan" / "checkpoints").iterdir()), weights_only=True)
    assert {w.dtype for w in state["players"]["generator"].values() if w.is_floating_point()} == {torch.float32}
