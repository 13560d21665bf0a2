"""A run that is continued: after an interrupt, a crash or its end."""

import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from accelerate import Accelerator

from condgan.budget import Budget
from condgan.config import Config
from condgan.data import Images
from condgan.errors import InputError
from condgan.generate import LoadedGenerator
from condgan.log import read_lines
from condgan.run import Run
from contracts import tiny_images, tiny_options
from trainings import assert_same_final_state, log_lines, make_run, train

pytestmark = pytest.mark.usefixtures("log_every_two_steps")


def test_an_existing_run_needs_resume(tmp_path: Path, images: Images) -> None:
    train(make_run(tmp_path / "run", images), images, 1)
    with pytest.raises(InputError, match="--resume"):
        make_run(tmp_path / "run", images)
    make_run(tmp_path / "run", images, resume=True)


def test_resume_starts_a_run_that_does_not_exist(tmp_path: Path, images: Images) -> None:
    run = make_run(tmp_path / "run", images, resume=True)
    assert (run.folder / "run.json").is_file()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"num_epochs": 3}, "num_epochs 2, found 3"),
        ({"seed": 1}, "seed 0, found 1"),
        ({"recipe": "cdcgan"}, "recipe 'faulty:steady', found 'cdcgan'"),
    ],
)
def test_resume_reports_options_that_changed(
    tmp_path: Path, images: Images, change: dict[str, Any], message: str
) -> None:
    make_run(tmp_path / "run", images, num_epochs=2)
    with pytest.raises(InputError, match=f"started with {message}"):
        make_run(tmp_path / "run", images, resume=True, **{"num_epochs": 2} | change)


def test_resume_reports_changed_data(tmp_path: Path, images: Images) -> None:
    make_run(tmp_path / "run", images)
    with pytest.raises(InputError, match=r"run was started with .* images, labels or split differ"):
        make_run(tmp_path / "run", replace(images, held_out=images.held_out.roll(1)), resume=True)


def test_resume_reports_a_changed_precision(tmp_path: Path, images: Images) -> None:
    run = make_run(tmp_path / "run", images)
    with pytest.raises(InputError, match="started with precision 'no', found 'bf16'"):
        Run(run.folder, replace(run.config, precision="bf16"), resume=True)


def test_options_as_text_equal_options_as_numbers(tmp_path: Path, images: Images) -> None:
    make_run(tmp_path / "run", images, num_epochs="2")
    make_run(tmp_path / "run", images, resume=True, num_epochs="2")


def test_a_resumed_run_equals_an_uninterrupted_one(tmp_path: Path, images: Images) -> None:
    whole, halves = make_run(tmp_path / "whole", images), make_run(tmp_path / "halves", images)
    train(whole, images, 8)
    train(halves, images, 4)
    train(make_run(tmp_path / "halves", images, resume=True), images, 8)
    assert_same_final_state(whole, halves)
    assert [line["step"] for line in log_lines(halves)] == [2, 4, 6, 8]
    for one, other in zip(log_lines(whole), log_lines(halves), strict=True):
        assert one["D/real"] == other["D/real"]


def test_log_lines_after_the_checkpoint_are_removed_on_resume(tmp_path: Path, images: Images) -> None:
    run = make_run(tmp_path / "run", images)
    train(run, images, 4)
    with (run.folder / "log.jsonl").open("a") as log:
        log.write('{"step": 6, "kimg": 0.024}\n')  # written before a crash, and never saved
    train(make_run(tmp_path / "run", images, resume=True), images, 6)
    assert [line["step"] for line in log_lines(run)] == [2, 4, 6]
    assert "D/real" in log_lines(run)[-1]


def test_seconds_continue_on_resume(tmp_path: Path, images: Images) -> None:
    run = make_run(tmp_path / "run", images)
    first = train(run, images, 4)[-1].seconds
    assert train(make_run(tmp_path / "run", images, resume=True), images, 6)[-1].seconds > first


def test_step_0_is_scored_once_if_a_run_is_resumed_before_its_first_checkpoint(tmp_path: Path, images: Images) -> None:
    scores = iter([1.0, 2.0, 3.0])

    def interrupted_callback(generator: LoadedGenerator) -> dict[str, float]:
        os.kill(os.getpid(), signal.SIGINT)  # takes effect while step 0 is scored, before it is saved
        return {"score": 0.0}

    def callback(generator: LoadedGenerator) -> dict[str, float]:
        return {"score": next(scores)}

    with pytest.raises(KeyboardInterrupt, match=r"nothing of .* is saved yet"):
        train(make_run(tmp_path / "run", images), images, 4, callback=interrupted_callback)
    run = make_run(tmp_path / "run", images, resume=True)
    training = run.train(images, Budget(1), accelerator=Accelerator(cpu=True), callback=callback)
    next(training)
    del training  # like a crash: step 0 was scored and there is no checkpoint
    assert [line["step"] for line in read_lines(run.folder / "scores.jsonl")] == [0]
    assert [line["step"] for line in log_lines(run)] == [2]
    train(make_run(tmp_path / "run", images, resume=True), images, 4, callback=callback)
    assert [(line["step"], line["score"]) for line in read_lines(run.folder / "scores.jsonl")] == [(0, 1.0), (4, 2.0)]
    assert [line["step"] for line in log_lines(run)] == [2, 4]


def test_step_0_is_scored_once_if_a_run_is_resumed_during_pretraining(tmp_path: Path, images: Images) -> None:
    def callback(generator: LoadedGenerator) -> dict[str, float]:
        return {"score": 1.0}

    whole = make_run(tmp_path / "whole", images, "faulty:pretrained", interrupt_at=0)
    train(whole, images, 4, callback=callback)
    run = make_run(tmp_path / "run", images, "faulty:pretrained", interrupt_at=3)
    with pytest.raises(KeyboardInterrupt):
        train(run, images, 4, callback=callback)
    assert [file.stem for file in run.checkpoints] == ["000000000-000000003"]
    train(
        make_run(tmp_path / "run", images, "faulty:pretrained", resume=True, interrupt_at=3),
        images,
        4,
        callback=callback,
    )
    for folder in (whole.folder, run.folder):
        assert [line["step"] for line in read_lines(folder / "scores.jsonl")] == [0, 4]
        assert read_lines(folder / "pretraining.jsonl")[-1]["step"] == 4
        assert {line["phase"] for line in read_lines(folder / "pretraining.jsonl")} == {"discriminator"}
    assert_same_final_state(whole, run)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_is_saved_and_its_result_does_not_change(
    tmp_path: Path, images: Images, number: signal.Signals
) -> None:
    whole, broken = make_run(tmp_path / "whole", images), make_run(tmp_path / "broken", images)
    train(whole, images, 8)
    before = signal.getsignal(number)
    training = broken.train(images, Budget(kimg=0.032), accelerator=Accelerator(cpu=True))
    assert next(training).step == 2
    os.kill(os.getpid(), number)
    with pytest.raises(KeyboardInterrupt):
        list(training)
    assert signal.getsignal(number) is before
    assert [file.stem for file in broken.checkpoints] == ["000000003"]
    assert (broken.folder / "generator.safetensors").is_file()
    train(make_run(tmp_path / "broken", images, resume=True), images, 8)
    assert_same_final_state(whole, broken)
    assert [line["step"] for line in log_lines(broken)] == [2, 4, 6, 8]


def test_a_finished_run_is_not_trained_further(tmp_path: Path, images: Images) -> None:
    run = make_run(tmp_path / "run", images)
    train(run, images, 4)
    train(make_run(tmp_path / "run", images, resume=True), images, 4)
    assert [file.stem for file in run.checkpoints] == ["000000004"]


def test_resume_does_not_save_at_once(tmp_path: Path, images: Images) -> None:
    run = make_run(tmp_path / "run", images)
    train(run, images, 2)
    state = torch.load(run.checkpoints[-1], weights_only=True)
    torch.save(state | {"seconds": 3600.0}, run.checkpoints[-1])
    (run.folder / "saves.json").unlink()  # as in a run of an earlier version
    train(make_run(tmp_path / "run", images, resume=True), images, 6)
    assert [file.stem for file in run.checkpoints] == ["000000002", "000000006"]


def test_checkpoints_of_version_0_1_are_refused_by_name(tmp_path: Path) -> None:
    images = tiny_images("class")
    config = Config.of("cdcgan", tiny_options("cdcgan"), "shapes:class", images, seed=0, precision="no")
    run = Run(tmp_path / "run", config)
    (run.folder / "checkpoints").mkdir()
    torch.save({"players": {}, "seconds": 1.0}, run.folder / "checkpoints" / "000000001.pt")
    with pytest.raises(InputError, match=r"000000001\.pt: checkpoint of version 0\.1, which cannot be continued"):
        list(run.train(images, Budget(kimg=0.008)))
