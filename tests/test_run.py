import json
import os
import signal
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from safetensors import safe_open

from condgan import run as run_module
from condgan import train as train_module
from condgan.budget import Budget
from condgan.config import Config
from condgan.data import Images
from condgan.errors import InputError
from condgan.files import read_json
from condgan.generate import LoadedGenerator
from condgan.log import RunLog, Status, read_lines
from condgan.outputs import Previews
from condgan.run import Diverged, Run, data_location
from condgan.train import Progress
from contracts import leaves, tiny_images, tiny_options
from trainings import EVERY_STEP, after_step, train

pytestmark = pytest.mark.usefixtures("log_every_two_steps")


def make_run(
    folder: Path,
    images: Images,
    recipe: str = "faulty:steady",
    *,
    resume: bool = False,
    seed: int = 0,
    minutes: float | None = None,
    **options: Any,
) -> Run:
    """Creates or resumes a run with these options of the recipe."""
    return Run(folder, Config.of(recipe, options, "shapes", images, seed, "no", minutes=minutes), resume=resume)


def lines(run: Run) -> list[dict[str, float]]:
    return [json.loads(line) for line in (run.folder / "log.jsonl").read_text().splitlines()]


def final_state(run: Run) -> dict[str, torch.Tensor]:
    return leaves(torch.load(run.checkpoints[-1], weights_only=True)["state"])


def assert_same_final_state(a: Run, b: Run) -> None:
    left, right = final_state(a), final_state(b)
    assert left.keys() == right.keys()
    assert [name for name in left if not torch.equal(left[name], right[name])] == []


def partial_files(files: Iterable[Path]) -> list[Path]:
    return [file for file in files if file.suffix == ".tmp"]


def test_a_run_writes_the_documented_files(tmp_path: Path, images: Images) -> None:
    run = make_run(tmp_path / "run", images)
    train(run, images, 4)
    names = {str(file.relative_to(run.folder)) for file in run.folder.rglob("*") if file.is_file()}
    kept = {name for name in names if not name.startswith("tensorboard")}
    assert kept == {
        "diagnostics.jsonl",
        "run.json",
        "saves.json",
        "log.jsonl",
        "samples/000000000.png",
        "samples/000000004.png",
        "checkpoints/000000004.pt",
        "generator.safetensors",
    }


def test_the_model_file_holds_the_configuration(tmp_path: Path, images: Images) -> None:
    run = make_run(tmp_path / "run", images, num_epochs=7)
    train(run, images, 2)
    with safe_open(str(run.folder / "generator.safetensors"), "pt") as file:
        carried = json.loads(file.metadata()["run"])
    assert carried == json.loads((run.folder / "run.json").read_text())
    assert (carried["recipe"], carried["options"], carried["seed"]) == ("faulty:steady", {"num_epochs": 7}, 0)
    assert carried["data_hash"] == images.content_hash


def test_a_folder_that_is_not_empty_is_not_changed(tmp_path: Path, images: Images) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    for resume in (False, True):
        with pytest.raises(InputError, match="not empty; choose another --name"):
            make_run(tmp_path, images, resume=resume)
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.txt"]


def test_an_existing_run_needs_resume(tmp_path: Path, images: Images) -> None:
    train(make_run(tmp_path / "run", images), images, 1)
    with pytest.raises(InputError, match="--resume"):
        make_run(tmp_path / "run", images)
    make_run(tmp_path / "run", images, resume=True)


def test_a_run_of_which_nothing_is_saved_does_not_block_the_next(tmp_path: Path, images: Images) -> None:
    make_run(tmp_path / "run", images)
    run = make_run(tmp_path / "run", images, seed=1)
    train(run, images, 1)
    assert read_json(run.folder / "run.json")["seed"] == 1


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
    with pytest.raises(InputError, match="started with data_hash"):
        make_run(tmp_path / "run", replace(images, held_out=images.held_out.roll(1)), resume=True)


def test_resume_reports_a_changed_precision(tmp_path: Path, images: Images) -> None:
    run = make_run(tmp_path / "run", images)
    with pytest.raises(InputError, match="started with precision 'no', found 'bf16'"):
        Run(run.folder, replace(run.config, precision="bf16"), resume=True)


def test_options_as_text_equal_options_as_numbers(tmp_path: Path, images: Images) -> None:
    make_run(tmp_path / "run", images, num_epochs="2")
    make_run(tmp_path / "run", images, resume=True, num_epochs="2")


def test_the_log_has_a_line_for_every_logged_step(tmp_path: Path, images: Images) -> None:
    run = make_run(tmp_path / "run", images)
    statuses = train(run, images, 7)
    assert [line["step"] for line in lines(run)] == [2, 4, 6, 7] == [status.step for status in statuses]
    assert [line["kimg"] for line in lines(run)] == [0.008, 0.016, 0.024, 0.028]
    assert {"D/real", "G/fake", "seconds", "images_per_second"} <= lines(run)[0].keys()


def test_a_line_holds_the_means_since_the_last_line(
    tmp_path: Path, images: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs = make_run(tmp_path / "pairs", images)
    train(pairs, images, 4)
    monkeypatch.setattr(run_module, "LOG_STEPS", 1)
    singles = make_run(tmp_path / "singles", images)
    train(singles, images, 4)
    each = [line["D/real"] for line in lines(singles)]
    for line, first in zip(lines(pairs), (0, 2), strict=True):
        assert line["D/real"] == pytest.approx((each[first] + each[first + 1]) / 2)


def test_a_resumed_run_equals_an_uninterrupted_one(tmp_path: Path, images: Images) -> None:
    whole, halves = make_run(tmp_path / "whole", images), make_run(tmp_path / "halves", images)
    train(whole, images, 8)
    train(halves, images, 4)
    train(make_run(tmp_path / "halves", images, resume=True), images, 8)
    assert_same_final_state(whole, halves)
    assert [line["step"] for line in lines(halves)] == [2, 4, 6, 8]
    for one, other in zip(lines(whole), lines(halves), strict=True):
        assert one["D/real"] == other["D/real"]


def test_log_lines_after_the_checkpoint_are_removed_on_resume(tmp_path: Path, images: Images) -> None:
    run = make_run(tmp_path / "run", images)
    train(run, images, 4)
    with (run.folder / "log.jsonl").open("a") as log:
        log.write('{"step": 6, "kimg": 0.024}\n')  # written before a crash, and never saved
    train(make_run(tmp_path / "run", images, resume=True), images, 6)
    assert [line["step"] for line in lines(run)] == [2, 4, 6]
    assert "D/real" in lines(run)[-1]


def test_the_last_two_checkpoints_are_kept(tmp_path: Path, images: Images) -> None:
    run = make_run(tmp_path / "run", images)
    train(run, images, 5, save_minutes=EVERY_STEP)
    assert [file.stem for file in run.checkpoints] == ["000000004", "000000005"]


def test_seconds_continue_on_resume(tmp_path: Path, images: Images) -> None:
    run = make_run(tmp_path / "run", images)
    first = train(run, images, 4)[-1].seconds
    assert train(make_run(tmp_path / "run", images, resume=True), images, 6)[-1].seconds > first


def timed(
    monkeypatch: pytest.MonkeyPatch, run: Run, images: Images, minutes: float, *, max_kimg: float = 1e9
) -> list[Status]:
    """Trains with a budget in minutes on a clock on which every step takes a second, and nothing else takes time."""
    AcceleratorState._reset_state(reset_partial_state=True)
    clock = {"seconds": 0.0}

    def slow_train(*args: Any) -> Iterator[Progress]:
        for progress in train_module.train(*args):
            clock["seconds"] += 1
            yield progress

    with monkeypatch.context() as patch:
        patch.setattr(run_module, "train", slow_train)
        patch.setattr("time.monotonic", lambda: clock["seconds"])
        patch.setattr(run_module, "LOG_STEPS", 1)
        return list(run.train(images, Budget(max_kimg, minutes), accelerator=Accelerator(cpu=True)))


def test_minutes_are_turned_into_planned_images(
    tmp_path: Path, images: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run(tmp_path / "run", images, minutes=1)
    statuses = timed(monkeypatch, run, images, 1)
    assert [status.step for status in statuses] == list(range(1, 61))
    config = read_json(run.folder / "run.json")
    assert (config["minutes"], config["planned_kimg"]) == (1, pytest.approx(60 * 0.004))
    assert statuses[-1].progress == 1
    assert statuses[29].progress == pytest.approx(0.5)  # schedules reach their end with the training
    assert [file.stem for file in run.checkpoints] == ["000000060"]


def test_the_header_of_the_model_holds_the_plan(
    tmp_path: Path, images: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run(tmp_path / "run", images, minutes=1)
    timed(monkeypatch, run, images, 1)
    with safe_open(str(run.folder / "generator.safetensors"), "pt") as file:
        assert json.loads(file.metadata()["run"])["planned_kimg"] == pytest.approx(60 * 0.004)


def test_a_plan_never_exceeds_the_budget_in_images(
    tmp_path: Path, images: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run(tmp_path / "run", images, minutes=1)
    assert timed(monkeypatch, run, images, 1, max_kimg=0.1)[-1].kimg == pytest.approx(0.1)
    assert read_json(run.folder / "run.json")["planned_kimg"] == 0.1


def test_the_same_minutes_keep_the_plan_on_resume(
    tmp_path: Path, images: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run(tmp_path / "run", images, minutes=1)
    timed(monkeypatch, run, images, 1)
    before = read_json(run.folder / "run.json")
    resumed = make_run(tmp_path / "run", images, resume=True, minutes=1)
    assert timed(monkeypatch, resumed, images, 1) == []
    assert read_json(run.folder / "run.json") == before


def test_more_minutes_make_a_new_plan_on_resume(
    tmp_path: Path, images: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    timed(monkeypatch, make_run(tmp_path / "run", images, minutes=1), images, 1)
    resumed = make_run(tmp_path / "run", images, resume=True, minutes=2)
    steps = [status.step for status in timed(monkeypatch, resumed, images, 2)]
    assert steps == list(range(61, 121))
    config = read_json(tmp_path / "run" / "run.json")
    assert (config["minutes"], config["planned_kimg"]) == (2, pytest.approx(120 * 0.004))


def test_a_plan_survives_an_interrupt(tmp_path: Path, images: Images, monkeypatch: pytest.MonkeyPatch) -> None:
    run = make_run(tmp_path / "run", images, minutes=1)
    with monkeypatch.context() as patch:
        patch.setattr(RunLog, "add", after_step(40, lambda: os.kill(os.getpid(), signal.SIGINT)))
        with pytest.raises(KeyboardInterrupt):
            timed(monkeypatch, run, images, 1)
    assert [file.stem for file in run.checkpoints] == ["000000040"]
    planned = read_json(run.folder / "run.json")["planned_kimg"]
    resumed = make_run(tmp_path / "run", images, resume=True, minutes=1)
    assert [status.step for status in timed(monkeypatch, resumed, images, 1)] == list(range(41, 61))
    assert read_json(run.folder / "run.json")["planned_kimg"] == planned


def test_a_run_of_almost_no_minutes_stops_after_a_few_steps(tmp_path: Path, images: Images) -> None:
    run = make_run(tmp_path / "run", images, minutes=1e-9)
    assert len(list(run.train(images, Budget(kimg=1e9, minutes=1e-9), accelerator=Accelerator(cpu=True)))) == 1
    assert [file.stem for file in run.checkpoints] == ["000000002"]  # the first step is not timed


def test_no_path_is_recorded_except_in_local_json(tmp_path: Path, images: Images) -> None:
    config = Config.of("faulty:steady", {}, str(tmp_path / "faces"), images, 0, "no")
    run = Run(tmp_path / "run", config, data=str(tmp_path / "faces"))
    train(run, images, 2)
    with safe_open(str(run.folder / "generator.safetensors"), "pt") as file:
        header = file.metadata()["run"]
    for text in (header, (run.folder / "run.json").read_text()):
        assert str(tmp_path) not in text
        assert json.loads(text)["data"] == "faces"
    assert data_location(run.folder, config) == str(tmp_path / "faces")
    (run.folder / "local.json").unlink()
    assert data_location(run.folder, config) == "faces"


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
    assert [line["step"] for line in lines(run)] == [2]
    train(make_run(tmp_path / "run", images, resume=True), images, 4, callback=callback)
    assert [(line["step"], line["score"]) for line in read_lines(run.folder / "scores.jsonl")] == [(0, 1.0), (4, 2.0)]
    assert [line["step"] for line in lines(run)] == [2, 4]


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


def test_totals_are_the_sums_of_the_losses_of_each_network(tmp_path: Path, images: Images) -> None:
    pretraining, *_, last = train(make_run(tmp_path / "run", images, "faulty:pretrained"), images, 2)
    assert pretraining.totals == {"loss": pretraining.losses["classification_real"]}
    assert last.totals.keys() == {"D", "G"}
    assert last.totals["D"] == pytest.approx(sum(loss for name, loss in last.losses.items() if name.startswith("D/")))
    assert "D(x)" in last.losses


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
    assert [line["step"] for line in lines(broken)] == [2, 4, 6, 8]


def test_a_divergence_keeps_the_last_good_checkpoint(tmp_path: Path, images: Images) -> None:
    run = make_run(tmp_path / "run", images, "faulty:diverging", at_step=6)
    train(run, images, 4)
    kept = final_state(run)
    model = (run.folder / "generator.safetensors").read_bytes()
    resumed = make_run(tmp_path / "run", images, "faulty:diverging", resume=True, at_step=6)
    with pytest.raises(Diverged, match=r"D/hook is nan at step 8.*last good checkpoint is .*000000004\.pt"):
        train(resumed, images, 20)
    assert [file.stem for file in run.checkpoints] == ["000000004"]
    assert all(torch.equal(kept[name], tensor) for name, tensor in final_state(run).items())
    assert (run.folder / "generator.safetensors").read_bytes() == model


def test_a_divergence_before_the_first_save_is_reported(tmp_path: Path, images: Images) -> None:
    run = make_run(tmp_path / "run", images, "faulty:diverging", at_step=0)
    with pytest.raises(Diverged, match="there is no checkpoint yet"):
        train(run, images, 20)
    assert run.checkpoints == []


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


def test_too_few_images_for_a_batch_are_an_error(tmp_path: Path, images: Images) -> None:
    run = make_run(tmp_path / "run", images, "cdcgan", batch_size=64)
    with pytest.raises(InputError, match=r"batch_size 64: found 38 training images.*batch_size=N"):
        train(run, images, 1)


def test_previews_are_reproducible_and_change_over_training(tmp_path: Path, images: Images) -> None:
    run = make_run(tmp_path / "run", images)
    train(run, images, 2)
    again = make_run(tmp_path / "again", images)
    train(again, images, 2)
    for name in ("000000000.png", "000000002.png"):
        assert (run.folder / "samples" / name).read_bytes() == (again.folder / "samples" / name).read_bytes()
    first, last = (run.folder / "samples" / name for name in ("000000000.png", "000000002.png"))
    assert first.read_bytes() != last.read_bytes()


def test_previews_at_other_steps_are_those_of_saves_and_made_again_after_an_interrupt(
    tmp_path: Path, images: Images
) -> None:
    def names(run: Run) -> list[int]:
        return sorted(int(file.stem) for file in (run.folder / "samples").glob("*.png"))

    early = Previews.parse("2:6")
    saved, run = make_run(tmp_path / "a", images), make_run(tmp_path / "b", images)
    train(saved, images, steps=8, save_minutes=EVERY_STEP)
    train(run, images, steps=5, previews=early)
    assert names(run) == [0, 2, 4, 5]
    (run.folder / "samples" / "000000006.png").write_bytes(b"of a step that is not saved")
    train(make_run(tmp_path / "b", images, resume=True), images, steps=8, previews=early)
    assert names(run) == [0, 2, 4, 5, 6, 8]
    for name in names(run):
        file = f"samples/{name:09d}.png"
        assert (run.folder / file).read_bytes() == (saved.folder / file).read_bytes()
    assert_same_final_state(saved, run)


@pytest.mark.parametrize("text", ["100", "0:100", "100:50", "a:b", "100:", "-1:5", "1:2:3"])
def test_previews_that_cannot_be_read_are_refused(text: str) -> None:
    with pytest.raises(InputError, match=rf"--previews: found '{text}', expected EVERY:UNTIL in steps"):
        Previews.parse(text)


def test_no_partial_file_is_left(tmp_path: Path, images: Images) -> None:
    run = make_run(tmp_path / "run", images)
    train(run, images, 3, save_minutes=EVERY_STEP)
    assert partial_files(run.folder.rglob("*")) == []


def test_checkpoints_of_version_0_1_are_refused_by_name(tmp_path: Path) -> None:
    images = tiny_images("class")
    config = Config.of("cdcgan", tiny_options("cdcgan"), "shapes:class", images, seed=0, precision="no")
    run = Run(tmp_path / "run", config)
    (run.folder / "checkpoints").mkdir()
    torch.save({"players": {}, "seconds": 1.0}, run.folder / "checkpoints" / "000000001.pt")
    with pytest.raises(InputError, match=r"000000001\.pt: checkpoint of version 0\.1, which cannot be continued"):
        list(run.train(images, Budget(kimg=0.008)))
