"""Damaged and hostile files get one message: they run nothing, take no memory, and lead nowhere outside."""

import io
import json
import os
import pickle
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from commands import Command, assert_input_error
from condgan import load
from condgan.conditions import Attributes, Codes, MultiLabel, from_json
from condgan.errors import InputError
from condgan.files import check_file
from condgan.judge import load_judge
from condgan.optimizers import load_optimizer
from condgan.recipes.recipe import adam
from condgan.report.folder import RunFolder
from condgan.report.pictures import over_time
from report_runs import train_run

CONDITION = MultiLabel(("red cube", "blue cube"))


class RunsCode:
    """Creates a file when it is unpickled."""

    def __init__(self, mark: Path):
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.mark),)


def test_a_pickle_runs_nothing(tmp_path: Path) -> None:
    mark, file = tmp_path / "mark", tmp_path / "checkpoint.pth"
    torch.save({"model": RunsCode(mark)}, file)
    with pytest.raises(InputError, match=r"checkpoint\.pth: expected a file of tensors"):
        load_judge(file, CONDITION)
    file.write_bytes(pickle.dumps({"model": RunsCode(mark)}))
    with pytest.raises(InputError, match=r"checkpoint\.pth: expected a file of tensors"):
        load_judge(file, CONDITION)
    assert not mark.exists()


def test_a_checkpoint_runs_nothing(run: Path, tmp_path: Path) -> None:
    copied = tmp_path / "run"
    shutil.copytree(run, copied)
    (copied / "saves.json").unlink()  # so that the hash does not tell
    (checkpoint, *_) = sorted((copied / "checkpoints").iterdir())
    load(checkpoint)
    torch.save({"state": RunsCode(tmp_path / "mark")}, checkpoint)
    with pytest.raises(InputError, match=rf"{checkpoint.name}: broken checkpoint"):
        load(checkpoint)
    assert not (tmp_path / "mark").exists()


def test_a_small_file_of_torch_that_unpacks_to_a_large_one_is_refused(tmp_path: Path) -> None:
    file, content = tmp_path / "checkpoint.pth", io.BytesIO()
    torch.save({"model": {"x": torch.zeros(2**20)}}, content)
    with zipfile.ZipFile(content) as parts, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in parts.namelist():
            packed.writestr(name, parts.read(name))
    assert file.stat().st_size < 20_000
    with pytest.raises(InputError, match="found compressed parts"):
        load_judge(file, CONDITION)


def optimizer_of(state: Callable[[dict[str, Tensor]], Any]) -> tuple[torch.optim.Optimizer, dict[str, Any]]:
    """Returns an optimizer, and its state after a step, changed."""
    layer = torch.nn.Linear(2, 3)
    optimizer = adam(layer, lr=1e-3, betas=(0.5, 0.999))
    layer(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    saved = optimizer.state_dict()
    saved["state"][0] = state(saved["state"][0])
    return optimizer, saved


@pytest.mark.parametrize(
    "change",
    [
        lambda state: {**state, "exp_avg": torch.zeros(0)},
        lambda state: {**state, "exp_avg": state["exp_avg"].to(torch.int64)},
        lambda state: {**state, "exp_avg": state["exp_avg"] * float("nan")},
        lambda state: {**state, "exp_avg": "text"},
        lambda state: {**state, "step": torch.zeros(2)},
        lambda state: {name: value for name, value in state.items() if name != "exp_avg"},
        lambda state: {},
    ],
    ids=["shape", "type", "nan", "text", "step", "missing", "empty"],
)
def test_a_state_of_an_optimizer_that_does_not_fit_is_refused(change: Callable[[dict[str, Tensor]], Any]) -> None:
    optimizer, saved = optimizer_of(change)
    with pytest.raises(ValueError, match="optimizer: "):
        load_optimizer(optimizer, saved)


def test_the_options_of_an_optimizer_are_those_of_the_recipe() -> None:
    optimizer, saved = optimizer_of(dict)
    saved["param_groups"][0] |= {"lr": 1e9, "amsgrad": True, "betas": "text"}
    load_optimizer(optimizer, saved)
    assert (optimizer.param_groups[0]["lr"], optimizer.param_groups[0]["amsgrad"]) == (1e-3, False)
    assert optimizer.param_groups[0]["betas"] == (0.5, 0.999)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes")
def test_pipes_and_devices_are_no_files(condgan: Command, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.json"
    os.mkfifo(pipe)
    for file in (str(pipe), "/dev/zero"):
        for words in (
            ["generate", file, "--condition", "x"],
            ["ablate", file],
            ["judge", "score", "shapes", "--judge", file],
            ["data", "render", tmp_path / "out", "--labels", file],
            ["data", "inspect", file],
        ):
            assert_input_error(condgan(*words), f"{file}: a pipe or device")
    with pytest.raises(InputError, match=f"{tmp_path}: a folder, not a file"):
        check_file(tmp_path)


@pytest.mark.parametrize(
    "text", ['["a", "b"]', "3", "{}", '{"CLEVR_train_000000_0.png": [["red cube"]]}', '{"../x.png": ["red cube"]}', "{"]
)
def test_labels_to_render_are_checked_before_anything_is_written(condgan: Command, tmp_path: Path, text: str) -> None:
    labels = tmp_path / "labels.json"
    labels.write_text(text)
    assert_input_error(condgan("data", "render", tmp_path / "out", "--labels", labels), "labels.json")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["red\ud800cube", "red\0cube", "red\x1b[2Jcube"])
def test_names_that_cannot_be_printed_are_refused(name: str) -> None:
    for data in ({"kind": "MultiLabel", "names": [name]}, {"kind": "Attributes", "attributes": {"a": [name]}}):
        with pytest.raises(InputError, match=r"control characters|valid string|surrogate|JSON"):
            from_json(data)
    with pytest.raises(InputError, match="control characters"):
        MultiLabel((name,))


def test_names_in_any_script_are_allowed() -> None:
    for name in ("می‌خواهم", "👩‍🎨", "röt", "赤い"):
        assert MultiLabel((name,)).parse(name).tolist() == [1]
        assert Attributes({"a": (name, "b")}).parse(f"{name} a").tolist() == [0]
        assert Codes({name: 2}).parse(f"{name}=1").tolist() == [1]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "run"
    train_run(folder, "cdcgan", steps=1)
    return folder


def test_a_report_reads_nothing_outside_of_a_run(run: Path, tmp_path: Path) -> None:
    (run.parent / "secret.png").write_bytes(b"secret")
    row = {"judge": "small", "draws": 1, "seed": 0, "rows": {}}
    for name in ("../secret", str(tmp_path / "secret")):
        (run / "metrics.json").write_text(json.dumps({**row, "per_condition": {name: {}}}))
        with pytest.raises(InputError, match="leads outside of"):
            RunFolder(run).condition_lists  # noqa: B018
    (run / "metrics.json").unlink()


def test_a_preview_that_is_no_png_is_named(run: Path) -> None:
    (preview, *_) = (run / "samples").glob("*.png")
    content = preview.read_bytes()
    for broken in (content[:40], b"%!PS-Adobe-3.0 EPSF-3.0\n", b""):
        preview.write_bytes(broken)
        with pytest.raises(InputError, match=rf"{preview.name}: broken PNG file"):
            over_time(RunFolder(run))
    preview.write_bytes(content)


@pytest.mark.parametrize(
    "line",
    [
        '{"step": "1", "kimg": 1}',
        '{"step": -1, "kimg": 1}',
        '{"step": 1, "kimg": null}',
        '{"step": 1, "kimg": 1, "D/real": "x"}',
        '{"step": 1, "kimg": 1, "D/real": [1]}',
        '{"step": 1, "kimg": 1e999}',
        '{"step": 1, "kimg": 1, "phase": 3}',
    ],
)
def test_lines_of_a_log_that_cannot_be_plotted_are_named(run: Path, line: str) -> None:
    before = (run / "log.jsonl").read_text()
    (run / "log.jsonl").write_text(line + "\n")
    with pytest.raises(InputError, match=r"log\.jsonl, line 1: found .*expected an object with step, kimg and numbers"):
        RunFolder(run)
    (run / "log.jsonl").write_text(before)
