"""The reader of a run: a file that is the network G was trained with, and never a judge."""

import hashlib
import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
import torch

import trainings
from condgan.conditions import from_json
from condgan.config import Config
from condgan.data import Images
from condgan.errors import InputError
from condgan.generate import load
from condgan.judge import load_judge
from condgan.log import RunLog
from condgan.recipes import build
from condgan.run import Run
from condgan.train import pretrain
from condgan.weights import read_safetensors
from contracts import leaves, state_of
from trainings import after_step

LAYOUT = "condgan.recipes.layout:layout"
OPTIONS: dict[str, Any] = {"width": 4, "discriminator_width": 4, "batch_size": 4}
OPTIONS |= {"reader_kimg": 0.096, "discriminator_kimg": 0.064}  # three steps and two


def train(folder: Path, images: Images, *, steps: int = 2, seed: int = 0) -> Path:
    """Trains layout up to a step of the game, or continues, and returns the run's folder."""
    config = Config.of(LAYOUT, OPTIONS, "shapes", images, seed, "no", kimg=steps * 0.004)
    trainings.train(Run(folder, config, resume=True), images, steps)
    return folder


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, images: Images) -> Path:
    """A run that was never interrupted."""
    return train(tmp_path_factory.mktemp("whole") / "run", images)


def final_state(folder: Path) -> dict[str, torch.Tensor]:
    return leaves(torch.load(max((folder / "checkpoints").iterdir()), weights_only=True)["state"])


def test_the_file_holds_the_network_that_pretraining_ends_with(whole: Path, images: Images) -> None:
    state = state_of(build(LAYOUT, OPTIONS), images, seed=0)
    list(pretrain(state, images.part(held_out=False)))
    assert state.reader is not None
    expected = state.reader.state_dict()
    header, weights = read_safetensors(whole / "reader.safetensors")
    assert weights.keys() == expected.keys()
    assert [name for name in weights if not torch.equal(weights[name], expected[name])] == []
    assert list(header) == ["reader"]  # a judge's file has "judge" instead


def test_the_header_is_enough_to_rebuild_the_network(whole: Path) -> None:
    header, weights = read_safetensors(whole / "reader.safetensors")
    facts = json.loads(header["reader"])
    config = load(whole).config.to_json()
    assert facts == {name: config[name] for name in facts}
    reader = build(facts["recipe"], facts["options"]).reader
    assert reader is not None
    network = reader.network(from_json(facts["condition"]), facts["resolution"], facts["channels"])
    network.load_state_dict(weights)


def test_the_generator_records_the_hash_of_the_file(whole: Path) -> None:
    header, _ = read_safetensors(whole / "generator.safetensors")
    assert header["reader_sha256"] == hashlib.sha256((whole / "reader.safetensors").read_bytes()).hexdigest()


def test_another_seed_gives_another_reader(whole: Path, tmp_path: Path, images: Images) -> None:
    other = train(tmp_path / "run", images, seed=1)
    (_, a), (_, b) = (read_safetensors(folder / "reader.safetensors") for folder in (whole, other))
    assert any(not torch.equal(a[name], b[name]) for name in a)


@pytest.mark.parametrize(
    ("phase", "step", "is_trained"), [("reader", 2, False), ("reader", 3, True), ("game", 1, True)]
)
def test_the_file_exists_from_the_first_save_after_the_training_of_the_reader_and_is_the_same_after_resuming(
    whole: Path,
    tmp_path: Path,
    images: Images,
    monkeypatch: pytest.MonkeyPatch,
    phase: str,
    step: int,
    is_trained: bool,
) -> None:
    expected, folder = (whole / "reader.safetensors").read_bytes(), tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr(RunLog, "add", after_step(step, lambda: os.kill(os.getpid(), signal.SIGINT), phase))
        with pytest.raises(KeyboardInterrupt):
            train(folder, images)
    file = folder / "reader.safetensors"
    assert file.exists() is is_trained
    assert ("reader_sha256" in read_safetensors(folder / "generator.safetensors")[0]) is is_trained
    if is_trained:
        assert file.read_bytes() == expected
    train(folder, images)
    assert file.read_bytes() == expected
    ours, theirs = final_state(folder), final_state(whole)
    assert [name for name in theirs if not torch.equal(ours[name], theirs[name])] == []


def test_a_longer_training_keeps_the_file(tmp_path: Path, images: Images) -> None:
    folder = train(tmp_path / "run", images, steps=1)
    before = (folder / "reader.safetensors").read_bytes()
    train(folder, images, steps=3)
    assert (folder / "reader.safetensors").read_bytes() == before
    assert load(folder).config.planned_kimg == pytest.approx(0.012)


@pytest.mark.parametrize("name", ["reader.safetensors", "judge.safetensors", "checkpoint.pth", "network"])
def test_a_reader_is_not_loaded_as_a_judge_under_any_name(
    whole: Path, tmp_path: Path, images: Images, name: str
) -> None:
    (tmp_path / name).write_bytes((whole / "reader.safetensors").read_bytes())
    with pytest.raises(InputError, match=rf"{name}: found the reader of a run, the network that its generator was"):
        load_judge(tmp_path / name, images.condition)
