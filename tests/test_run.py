import json
import os
import signal
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from safetensors import safe_open

from condgan import run as run_module
from condgan.config import Config
from condgan.data import Images
from condgan.errors import InputError
from condgan.run import Budget, Diverged, Run, Status
from contracts import leaves, tiny_images

EVERY_STEP = 1e-9  # minutes


@pytest.fixture(autouse=True)
def a_line_every_two_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_module, "LOG_STEPS", 2)


@pytest.fixture(scope="module")
def images() -> Images:
    return tiny_images("multi_label")


def a_run(
    folder: Path, images: Images, recipe: str = "faulty:steady", *, resume: bool = False, seed: int = 0, **options: Any
) -> Run:
    return Run(folder, Config.of(recipe, options, "shapes", images, seed, "no"), resume=resume)


def played(run: Run, images: Images, steps: int, save_minutes: float = 5) -> list[Status]:
    """Goes on until so many steps of four images."""
    AcceleratorState._reset_state(reset_partial_state=True)
    budget = Budget(kimg=steps * 0.004)
    return list(run.train(images, budget, save_minutes=save_minutes, accelerator=Accelerator(cpu=True)))


def lines(run: Run) -> list[dict[str, float]]:
    return [json.loads(line) for line in (run.folder / "log.jsonl").read_text().splitlines()]


def final_state(run: Run) -> dict[str, torch.Tensor]:
    return leaves(torch.load(run.checkpoints[-1], weights_only=True)["state"])


def assert_same_end(a: Run, b: Run) -> None:
    left, right = final_state(a), final_state(b)
    assert left.keys() == right.keys()
    assert [name for name in left if not torch.equal(left[name], right[name])] == []


def unfinished(files: Iterable[Path]) -> list[Path]:
    return [file for file in files if file.suffix == ".tmp"]


def test_a_run_leaves_the_files_it_promises(tmp_path: Path, images: Images) -> None:
    run = a_run(tmp_path / "run", images)
    played(run, images, 4)
    names = {str(file.relative_to(run.folder)) for file in run.folder.rglob("*") if file.is_file()}
    kept = {name for name in names if not name.startswith("tensorboard")}
    assert kept == {
        "run.json",
        "log.jsonl",
        "samples/000000000.png",
        "samples/000000004.png",
        "checkpoints/000000004.pt",
        "generator.safetensors",
    }


def test_the_model_file_carries_the_configuration(tmp_path: Path, images: Images) -> None:
    run = a_run(tmp_path / "run", images, num_epochs=7)
    played(run, images, 2)
    with safe_open(str(run.folder / "generator.safetensors"), "pt") as file:
        carried = json.loads(file.metadata()["run"])
    assert carried == json.loads((run.folder / "run.json").read_text())
    assert (carried["recipe"], carried["options"], carried["seed"]) == ("faulty:steady", {"num_epochs": 7}, 0)
    assert carried["data_hash"] == images.content_hash


def test_a_folder_that_is_not_empty_is_refused_and_left_alone(tmp_path: Path, images: Images) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    for resume in (False, True):
        with pytest.raises(InputError, match="not empty; choose another --name"):
            a_run(tmp_path, images, resume=resume)
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_run_is_begun_again_only_by_resume(tmp_path: Path, images: Images) -> None:
    a_run(tmp_path / "run", images)
    with pytest.raises(InputError, match="--resume"):
        a_run(tmp_path / "run", images)
    a_run(tmp_path / "run", images, resume=True)


def test_to_resume_what_never_began_is_to_begin(tmp_path: Path, images: Images) -> None:
    run = a_run(tmp_path / "run", images, resume=True)
    assert (run.folder / "run.json").is_file()


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"num_epochs": 3}, "options"),
        ({"seed": 1}, "seed"),
        ({"recipe": "cdcgan"}, "recipe"),
    ],
)
def test_resuming_with_another_request_is_refused_naming_it(
    tmp_path: Path, images: Images, change: dict[str, Any], named: str
) -> None:
    a_run(tmp_path / "run", images, num_epochs=2)
    with pytest.raises(InputError, match=f"started with {named}"):
        a_run(tmp_path / "run", images, resume=True, **{"num_epochs": 2} | change)


def test_resuming_on_other_images_is_refused(tmp_path: Path, images: Images) -> None:
    a_run(tmp_path / "run", images)
    with pytest.raises(InputError, match="started with data_hash"):
        a_run(tmp_path / "run", replace(images, held_out=images.held_out.roll(1)), resume=True)


def test_resuming_in_another_precision_is_refused(tmp_path: Path, images: Images) -> None:
    run = a_run(tmp_path / "run", images)
    with pytest.raises(InputError, match="started with precision 'no', found 'bf16'"):
        Run(run.folder, replace(run.config, precision="bf16"), resume=True)


def test_an_option_as_text_is_the_option_as_number(tmp_path: Path, images: Images) -> None:
    a_run(tmp_path / "run", images, num_epochs="2")
    a_run(tmp_path / "run", images, resume=True, num_epochs="2")


def test_the_log_has_one_line_for_each_logged_step(tmp_path: Path, images: Images) -> None:
    run = a_run(tmp_path / "run", images)
    statuses = played(run, images, 7)
    assert [line["step"] for line in lines(run)] == [2, 4, 6, 7] == [status.step for status in statuses]
    assert [line["kimg"] for line in lines(run)] == [0.008, 0.016, 0.024, 0.028]
    assert {"D/adversarial", "G/adversarial", "seconds", "images_per_second"} <= lines(run)[0].keys()


def test_a_line_holds_the_means_since_the_last(tmp_path: Path, images: Images, monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = a_run(tmp_path / "pairs", images)
    played(pairs, images, 4)
    monkeypatch.setattr(run_module, "LOG_STEPS", 1)
    singles = a_run(tmp_path / "singles", images)
    played(singles, images, 4)
    each = [line["D/adversarial"] for line in lines(singles)]
    for line, first in zip(lines(pairs), (0, 2), strict=True):
        assert line["D/adversarial"] == pytest.approx((each[first] + each[first + 1]) / 2)


def test_two_halves_are_the_whole_and_log_no_step_twice(tmp_path: Path, images: Images) -> None:
    whole, halves = a_run(tmp_path / "whole", images), a_run(tmp_path / "halves", images)
    played(whole, images, 8)
    played(halves, images, 4)
    played(a_run(tmp_path / "halves", images, resume=True), images, 8)
    assert_same_end(whole, halves)
    assert [line["step"] for line in lines(halves)] == [2, 4, 6, 8]
    for one, other in zip(lines(whole), lines(halves), strict=True):
        assert one["D/adversarial"] == other["D/adversarial"]


def test_lines_after_the_saved_step_are_dropped_on_resume(tmp_path: Path, images: Images) -> None:
    run = a_run(tmp_path / "run", images)
    played(run, images, 4)
    with (run.folder / "log.jsonl").open("a") as log:
        log.write('{"step": 6, "kimg": 0.024}\n')  # written before a crash, and never saved
    played(a_run(tmp_path / "run", images, resume=True), images, 6)
    assert [line["step"] for line in lines(run)] == [2, 4, 6]
    assert "D/adversarial" in lines(run)[-1]


def test_the_last_two_checkpoints_are_kept(tmp_path: Path, images: Images) -> None:
    run = a_run(tmp_path / "run", images)
    played(run, images, 5, save_minutes=EVERY_STEP)
    assert [file.stem for file in run.checkpoints] == ["000000004", "000000005"]


def test_seconds_go_on_where_they_stopped(tmp_path: Path, images: Images) -> None:
    run = a_run(tmp_path / "run", images)
    first = played(run, images, 4)[-1].seconds
    assert played(a_run(tmp_path / "run", images, resume=True), images, 6)[-1].seconds > first


def test_a_run_stops_when_its_minutes_are_spent(tmp_path: Path, images: Images) -> None:
    run = a_run(tmp_path / "run", images)
    budget = Budget(kimg=1e9, minutes=1e-9)
    assert [status.step for status in run.train(images, budget, accelerator=Accelerator(cpu=True))] == [1]
    assert [file.stem for file in run.checkpoints] == ["000000001"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_is_saved_and_ends_as_if_it_had_not_been(
    tmp_path: Path, images: Images, number: signal.Signals
) -> None:
    whole, broken = a_run(tmp_path / "whole", images), a_run(tmp_path / "broken", images)
    played(whole, images, 8)
    before = signal.getsignal(number)
    game = broken.train(images, Budget(kimg=0.032), accelerator=Accelerator(cpu=True))
    assert next(game).step == 2
    os.kill(os.getpid(), number)
    with pytest.raises(KeyboardInterrupt):
        list(game)
    assert signal.getsignal(number) is before
    assert [file.stem for file in broken.checkpoints] == ["000000003"]
    assert (broken.folder / "generator.safetensors").is_file()
    played(a_run(tmp_path / "broken", images, resume=True), images, 8)
    assert_same_end(whole, broken)
    assert [line["step"] for line in lines(broken)] == [2, 3, 4, 6, 8]


def test_a_divergence_is_told_and_leaves_the_last_good_checkpoint(tmp_path: Path, images: Images) -> None:
    run = a_run(tmp_path / "run", images, "faulty:diverging", at_step=6)
    played(run, images, 4)
    kept = final_state(run)
    model = (run.folder / "generator.safetensors").read_bytes()
    resumed = a_run(tmp_path / "run", images, "faulty:diverging", resume=True, at_step=6)
    with pytest.raises(Diverged, match=r"D/adversarial is nan at step 8.*000000004\.pt is the last good state"):
        played(resumed, images, 20)
    assert [file.stem for file in run.checkpoints] == ["000000004"]
    assert all(torch.equal(kept[name], tensor) for name, tensor in final_state(run).items())
    assert (run.folder / "generator.safetensors").read_bytes() == model


def test_a_divergence_before_the_first_save_says_so(tmp_path: Path, images: Images) -> None:
    run = a_run(tmp_path / "run", images, "faulty:diverging", at_step=0)
    with pytest.raises(Diverged, match="nothing was saved yet"):
        played(run, images, 20)
    assert run.checkpoints == []


def test_a_finished_run_that_is_resumed_plays_no_further(tmp_path: Path, images: Images) -> None:
    run = a_run(tmp_path / "run", images)
    played(run, images, 4)
    played(a_run(tmp_path / "run", images, resume=True), images, 4)
    assert [file.stem for file in run.checkpoints] == ["000000004"]


def test_resuming_does_not_save_at_once(tmp_path: Path, images: Images) -> None:
    run = a_run(tmp_path / "run", images)
    played(run, images, 2)
    state = torch.load(run.checkpoints[-1], weights_only=True)
    torch.save(state | {"seconds": 3600.0}, run.checkpoints[-1])
    played(a_run(tmp_path / "run", images, resume=True), images, 6)
    assert [file.stem for file in run.checkpoints] == ["000000002", "000000006"]


def test_too_few_images_for_a_batch_are_refused(tmp_path: Path, images: Images) -> None:
    run = a_run(tmp_path / "run", images, "cdcgan", batch_size=64)
    with pytest.raises(InputError, match=r"batch_size 64: found 38 training images.*batch_size=N"):
        played(run, images, 1)


def test_samples_show_the_same_conditions_over_time(tmp_path: Path, images: Images) -> None:
    run = a_run(tmp_path / "run", images)
    played(run, images, 2)
    again = a_run(tmp_path / "again", images)
    played(again, images, 2)
    for name in ("000000000.png", "000000002.png"):
        assert (run.folder / "samples" / name).read_bytes() == (again.folder / "samples" / name).read_bytes()
    first, last = (run.folder / "samples" / name for name in ("000000000.png", "000000002.png"))
    assert first.read_bytes() != last.read_bytes()


def test_nothing_half_written_stays(tmp_path: Path, images: Images) -> None:
    run = a_run(tmp_path / "run", images)
    played(run, images, 3, save_minutes=EVERY_STEP)
    assert unfinished(run.folder.rglob("*")) == []
