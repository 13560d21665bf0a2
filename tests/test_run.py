"""A run's folder: its files, its log, and how a training ends."""

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors import safe_open

from condgan import run as run_module
from condgan.config import Config
from condgan.data import Images
from condgan.errors import InputError
from condgan.files import read_json
from condgan.log import read_lines
from condgan.outputs import Previews
from condgan.run import Diverged, Run, data_location
from trainings import EVERY_STEP, assert_same_final_state, final_state, log_lines, make_run, train

pytestmark = pytest.mark.usefixtures("log_every_two_steps")


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
        with pytest.raises(InputError, match=r"not empty; choose another --name: no run is in it$"):
            make_run(tmp_path, images, resume=resume)
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_run_of_which_nothing_is_saved_does_not_block_the_next(tmp_path: Path, images: Images) -> None:
    make_run(tmp_path / "run", images)
    run = make_run(tmp_path / "run", images, seed=1)
    train(run, images, 1)
    assert read_json(run.folder / "run.json")["seed"] == 1


def test_the_log_has_a_line_for_every_logged_step(tmp_path: Path, images: Images) -> None:
    run = make_run(tmp_path / "run", images)
    statuses = train(run, images, 7)
    assert [line["step"] for line in log_lines(run)] == [2, 4, 6, 7] == [status.step for status in statuses]
    assert [line["kimg"] for line in log_lines(run)] == [0.008, 0.016, 0.024, 0.028]
    assert {"D/real", "G/fake", "seconds", "images_per_second"} <= log_lines(run)[0].keys()


def test_a_line_holds_the_means_since_the_last_line(
    tmp_path: Path, images: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs = make_run(tmp_path / "pairs", images)
    train(pairs, images, 4)
    monkeypatch.setattr(run_module, "LOG_STEPS", 1)
    singles = make_run(tmp_path / "singles", images)
    train(singles, images, 4)
    each = [line["D/real"] for line in log_lines(singles)]
    for line, first in zip(log_lines(pairs), (0, 2), strict=True):
        assert line["D/real"] == pytest.approx((each[first] + each[first + 1]) / 2)


def test_the_last_two_checkpoints_are_kept(tmp_path: Path, images: Images) -> None:
    run = make_run(tmp_path / "run", images)
    train(run, images, 5, save_minutes=EVERY_STEP)
    assert [file.stem for file in run.checkpoints] == ["000000004", "000000005"]


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


def test_totals_are_the_sums_of_the_losses_of_each_network(tmp_path: Path, images: Images) -> None:
    pretraining, *_, last = train(make_run(tmp_path / "run", images, "faulty:pretrained"), images, 2)
    assert pretraining.totals == {"loss": pretraining.losses["classification_real"]}
    assert last.totals.keys() == {"D", "G"}
    assert last.totals["D"] == pytest.approx(sum(loss for name, loss in last.losses.items() if name.startswith("D/")))
    assert "D(x)" in last.losses


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


def test_a_weight_that_is_not_finite_ends_the_training_before_it_is_scored(tmp_path: Path, images: Images) -> None:
    run = make_run(tmp_path / "run", images, "faulty:overflowing")
    with pytest.raises(Diverged, match=r"a weight of G is not finite at step 1: .*; there is no checkpoint yet"):
        train(run, images, 1)
    assert [line["step"] for line in read_lines(run.folder / "diagnostics.jsonl")] == [0]


def test_without_held_out_images_previews_show_the_training_labels(tmp_path: Path, images: Images) -> None:
    none = replace(images, held_out=torch.zeros(len(images), dtype=torch.bool), condition_lists={})
    run = make_run(tmp_path / "run", none)
    train(run, none, 1)
    with Image.open(run.folder / "samples" / "000000001.png") as preview:
        assert preview.size == (8 * 18 + 2, 4 * 18 + 2)  # 32 images of 16 x 16


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
