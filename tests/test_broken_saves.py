"""Checkpoints and lists of saves that are broken, deleted or of something else."""

import json
import logging
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from condgan.data import Images
from condgan.errors import InputError
from saved_runs import content_of, train

pytestmark = pytest.mark.usefixtures("log_every_two_steps")


Spoil = Callable[[Path], object]


@pytest.fixture
def warnings_of(
    uninterrupted: Path, tmp_path: Path, images: Images, caplog: pytest.LogCaptureFixture
) -> Callable[[Spoil, str], str]:
    """Spoils a file of a finished run, continues it, and returns the warnings; the run is whole again."""

    def continued(spoil: Spoil, name: str) -> str:
        run = train(tmp_path / "run", images)
        spoil(run.folder / name)
        with caplog.at_level(logging.WARNING):
            train(run.folder, images)
        assert content_of(run.folder) == content_of(uninterrupted)
        return caplog.text

    return continued


@pytest.mark.parametrize(
    ("spoil", "name"),
    [
        (Path.unlink, "generator.safetensors"),
        (lambda file: file.write_bytes(b"another model"), "generator.safetensors"),
        (Path.unlink, "samples/000000005.png"),
    ],
    ids=["deleted", "replaced", "sample"],
)
def test_a_finished_run_gets_back_what_follows_from_its_checkpoint(
    warnings_of: Callable[[Spoil, str], str], spoil: Spoil, name: str
) -> None:
    assert "missing or of another step; written again" in warnings_of(spoil, name)


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1  # a bit within a tensor
    file.write_bytes(content)


@pytest.mark.parametrize(
    "spoil", [flip, Path.unlink, lambda file: file.write_bytes(b""), lambda file: os.truncate(file, 5000)]
)
def test_a_broken_checkpoint_is_named_and_the_one_before_is_used(
    warnings_of: Callable[[Spoil, str], str], spoil: Spoil
) -> None:
    found = warnings_of(spoil, "checkpoints/000000005.pt")
    assert re.search(r"000000005\.pt: broken checkpoint .*; continuing from checkpoints/000000004\.pt", found)


def test_a_checkpoint_of_another_training_is_named(tmp_path: Path, images: Images) -> None:
    run = train(tmp_path / "run", images)
    for checkpoint in run.checkpoints:
        flip(checkpoint)
    with pytest.raises(
        InputError, match=r"000000005\.pt: broken .*000000004\.pt: broken .*no other checkpoint is left"
    ):
        train(run.folder, images)


def without_checkpoints(folder: Path) -> None:
    for checkpoint in (folder / "checkpoints").iterdir():
        checkpoint.unlink()


def without_saves(folder: Path) -> None:
    without_checkpoints(folder)
    (folder / "saves.json").unlink()


def only_a_log(folder: Path) -> None:
    without_saves(folder)
    (folder / "generator.safetensors").unlink()


@pytest.mark.parametrize("lose", [without_checkpoints, without_saves, only_a_log])
def test_a_run_without_checkpoints_is_refused_and_nothing_is_changed(
    tmp_path: Path, images: Images, lose: Callable[[Path], None]
) -> None:
    run = train(tmp_path / "run", images)
    lose(run.folder)
    before = content_of(run.folder)
    with pytest.raises(InputError, match=r"checkpoint.* another --name"):
        train(run.folder, images, steps=2)
    assert content_of(run.folder) == before


@pytest.mark.parametrize("shape", [(), (1,), (3, 2), (10_000,)])
def test_a_moment_of_another_shape_is_refused_before_it_is_used(
    tmp_path: Path, images: Images, shape: tuple[int, ...]
) -> None:
    run = train(tmp_path / "run", images, steps=1)
    (checkpoint,) = run.checkpoints
    saved = torch.load(checkpoint, weights_only=True)
    moments = saved["state"]["generator_optimizer"]["state"][0]
    moments["exp_avg"] = torch.zeros(shape)
    torch.save(saved, checkpoint)
    (run.folder / "saves.json").unlink()  # so that the hash does not tell
    with pytest.raises(InputError, match=r"000000001\.pt: broken checkpoint \(optimizer: exp_avg of weight 0: found"):
        train(run.folder, images)


@pytest.mark.parametrize("content", [{}, [], None, {"state": {"step": 1}, "seconds": 1.0}, {"state": 3}])
def test_a_file_of_other_content_is_a_broken_checkpoint(tmp_path: Path, images: Images, content: Any) -> None:
    run = train(tmp_path / "run", images, steps=1)
    (checkpoint,) = run.checkpoints
    torch.save(content, checkpoint)
    (run.folder / "saves.json").unlink()
    with pytest.raises(InputError, match=r"000000001\.pt: broken checkpoint"):
        train(run.folder, images)


@pytest.mark.parametrize(
    "text",
    [
        '{"saves": [{"checkpoint": null, "processes": 1e999, "files": {}}]}',
        "{}",
        "[]",
        '{"saves": [1]}',
        '{"saves": [{"checkpoint": "../x.pt"}]}',
        "{",
    ],
)
def test_a_broken_list_of_saves_is_named(tmp_path: Path, images: Images, text: str) -> None:
    run = train(tmp_path / "run", images, steps=1)
    (run.folder / "saves.json").write_text(text)
    with pytest.raises(InputError, match=r"saves\.json"):
        train(run.folder, images)


@pytest.mark.parametrize(
    "rest",
    [
        {"log": "text"},
        {"log": {"sums": [1]}},
        {"log": {"sums": {"D/real": "x"}}},
        {"log": {"num_steps": -1}},
        {"seconds": "x"},
        {"seconds": float("nan")},
    ],
    ids=str,
)
def test_other_values_in_a_checkpoint_are_checked_too(tmp_path: Path, images: Images, rest: dict[str, Any]) -> None:
    run = train(tmp_path / "run", images, steps=1)
    (checkpoint,) = run.checkpoints
    torch.save(torch.load(checkpoint, weights_only=True) | rest, checkpoint)
    (run.folder / "saves.json").unlink()
    with pytest.raises(InputError, match=r"000000001\.pt: broken checkpoint"):
        train(run.folder, images)


def test_a_checkpoint_outside_of_the_folder_is_not_read(tmp_path: Path, images: Images) -> None:
    run = train(tmp_path / "run", images, steps=1)
    outside = {"checkpoint": "../other.pt", "processes": 1, "files": {}}
    (run.folder / "saves.json").write_text(json.dumps({"saves": [outside]}))
    with pytest.raises(InputError, match=r"saves\.json: not the list"):
        train(run.folder, images)
