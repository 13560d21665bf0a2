"""Which saves of a run are kept."""

import re
import shutil
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from commands import TINY, Command, assert_input_error
from condgan.checkpoint import checkpoint_bytes
from condgan.config import Config
from condgan.data import Images
from condgan.errors import InputError
from condgan.generate import LoadedGenerator, load
from condgan.recipes import RECIPES, build
from condgan.run import Run
from condgan.saves import Keep, Save, read_keep, read_saves
from contracts import tiny_images, tiny_options
from trainings import EVERY_STEP, train

SCORES = st.one_of(st.none(), st.integers(0, 3).map(float))
KEEPS = st.builds(Keep, st.booleans(), st.one_of(st.none(), st.integers(1, 9).map(float)))


@st.composite
def trainings(draw: st.DrawFn) -> list[Save]:
    """Draws the saves of a training, each with more images than the one before."""
    gaps = draw(st.lists(st.floats(0.1, 10), min_size=1, max_size=12))
    scores = draw(st.lists(SCORES, min_size=len(gaps), max_size=len(gaps)))
    return [Save(f"{i}.pt", 1, {}, sum(gaps[: i + 1]), score) for i, score in enumerate(scores)]


@given(trainings(), KEEPS)
def test_what_is_kept_does_not_depend_on_what_was_deleted_before(saves: list[Save], keep: Keep) -> None:
    kept: list[Save] = []
    for save in saves:
        before, kept = kept, keep.of([*kept, save])
        assert len(before) + 1 <= keep.most(save.kimg)  # with the one that is being written
    assert kept == keep.of(saves)


@given(trainings(), KEEPS)
def test_the_last_two_are_kept_and_what_was_asked_for(saves: list[Save], keep: Keep) -> None:
    kept = keep.of(saves)
    assert kept[-2:] == saves[-2:]
    others = kept[:-2]
    scores = [save.score for save in saves if save.score is not None]
    if keep.best and scores:
        assert next(save for save in saves if save.score == max(scores)) in kept
    if keep.every:
        intervals = {int(save.kimg // keep.every) for save in saves} - {0}
        assert intervals <= {int(save.kimg // keep.every) for save in kept}
    if not keep.best:
        assert len({save.kimg // (keep.every or 1) for save in others}) == len(others)  # one in each interval
    if keep == Keep():
        assert others == []


@given(KEEPS)
def test_a_choice_is_read_as_it_is_written(keep: Keep) -> None:
    assert Keep.parse(str(keep)) == keep


@given(st.floats(0, exclude_min=True, allow_infinity=False, allow_subnormal=False))
def test_any_interval_is_read_as_it_is_written(every: float) -> None:
    assert Keep.parse(str(Keep(every=every))) == Keep(every=every)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("bets", "--keep bets: found 'bets', expected last, best or every=N .*; did you mean 'best'"),
        ("every", "found 'every', expected last, best or every=N"),
        ("best,every=0", "found 'every=0', expected .*, separated by commas$"),
        ("every=-3", "found 'every=-3'"),
        ("every=nan", "found 'every=nan'"),
        ("best=3", "found 'best=3'"),
    ],
)
def test_unknown_choices_are_named(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        Keep.parse(text)


def scored(run: Run) -> list[tuple[str, float | None]]:
    """Returns name and score of each save that is kept."""
    assert {file.name for file in (run.folder / "checkpoints").iterdir()} == {file.name for file in run.checkpoints}
    return [(Path(save.checkpoint or "").stem.lstrip("0"), save.score) for save in read_saves(run.folder)]


def test_a_run_keeps_the_best_and_one_in_each_interval_also_when_it_continues(tmp_path: Path, images: Images) -> None:
    scores = iter([0.1, 0.2, 0.9, 0.3, 0.9, float("nan"), 0.4, 0.5, 0.6])

    def callback(generator: LoadedGenerator) -> dict[str, float]:
        return {"condition_accuracy": next(scores), "kid[judge]": 100.0}

    config = Config.of("faulty:steady", {}, "shapes", images, 0, "no")
    run = Run(tmp_path / "run", config)
    train(run, images, 6, EVERY_STEP, callback, Keep(best=True, every=0.012))
    assert scored(run) == [("2", 0.9), ("3", 0.3), ("5", None), ("6", 0.4)]
    assert read_keep(run.folder) == Keep(best=True, every=0.012)
    resumed = Run(tmp_path / "run", config, resume=True)
    train(resumed, images, 8, EVERY_STEP, callback)  # from step 6, the newest, and not from step 2, the best
    assert scored(run) == [("2", 0.9), ("3", 0.3), ("6", 0.4), ("7", 0.5), ("8", 0.6)]
    train(resumed, images, 9, EVERY_STEP, None, Keep())
    assert scored(run) == [("8", 0.6), ("9", None)]


def test_the_generator_of_a_checkpoint_is_that_which_was_scored(tmp_path: Path, images: Images) -> None:
    def callback(generator: LoadedGenerator) -> dict[str, float]:
        return {"mean": generator.generate(images.labels[:4]).double().mean().item()}

    run = Run(tmp_path / "run", Config.of("cdcgan", tiny_options("cdcgan"), "shapes", images, 0, "no"))
    train(run, images, 3, EVERY_STEP, callback, Keep(best=True))
    for save in read_saves(run.folder):
        assert callback(load(run.folder / str(save.checkpoint)))["mean"] == save.score
    checkpoint = run.checkpoints[0]
    (tmp_path / checkpoint.name).write_bytes(checkpoint.read_bytes())
    with pytest.raises(InputError, match=r"found no .*run\.json; expected a checkpoint in the folder of its run"):
        load(tmp_path / checkpoint.name)
    checkpoint.write_bytes(checkpoint.read_bytes()[:-1])
    with pytest.raises(InputError, match="not the content that was saved"):
        load(checkpoint)
    (run.folder / "saves.json").unlink()  # so that the hash does not tell
    with pytest.raises(InputError, match=r"broken checkpoint \(.*; use another one"):
        load(checkpoint)


def test_a_broken_checkpoint_does_not_take_the_place_of_a_whole_one(tmp_path: Path, images: Images) -> None:
    run = Run(tmp_path / "run", Config.of("faulty:steady", {}, "shapes", images, 0, "no"))
    train(run, images, 4, EVERY_STEP)
    run.checkpoints[-1].write_bytes(b"broken")
    train(run, images, 5)  # saves step 5 only
    assert [file.stem for file in run.checkpoints] == ["000000003", "000000005"]
    run.checkpoints[-1].write_bytes(b"broken")
    train(run, images, 5)
    assert torch.load(run.checkpoints[-1], weights_only=True)["state"]["step"] == 5


@pytest.mark.parametrize("recipe", ["cdcgan", "acgan", "layout"])
def test_the_size_of_a_checkpoint_is_estimated(tmp_path: Path, recipe: str) -> None:
    images = tiny_images("multi_label")
    options: dict[str, float] = {"width": 32, "batch_size": 4, "reader_kimg": 0.016, "discriminator_kimg": 0.016}
    known = {name: value for name, value in options.items() if name in RECIPES[recipe].__annotations__}
    run = Run(tmp_path / "run", Config.of(recipe, known, "shapes", images, 0, "no"))
    train(run, images, 1)
    size = run.checkpoints[-1].stat().st_size
    assert checkpoint_bytes(build(recipe, known), images) == pytest.approx(size, rel=0.1)


def test_too_little_space_is_reported_before_anything_is_created(
    condgan: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["train", "cdcgan", "--data", "shapes", *TINY, "--kimg", "0.016", "--runs", str(tmp_path)]
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10**12, 10**12, 10_000))
    result = condgan(*words, "--keep", "every=0.004")
    assert_input_error(result, "found 0.01 MB of free space", "(checkpoints: up to 7 x", "keep fewer with --keep")
    assert list(tmp_path.iterdir()) == []


def test_the_best_save_needs_a_judge(condgan: Command, tmp_path: Path) -> None:
    words = ["train", "cdcgan", "--data", "shapes", *TINY, "--kimg", "0.016", "--runs", str(tmp_path)]
    assert_input_error(condgan(*words, "--keep", "best"), "--keep last,best", "found no judge", "name it with --judge")
    assert_input_error(condgan(*words, "--keep", "bets"), "did you mean 'best'")
    assert list(tmp_path.iterdir()) == []
    done = condgan(*words, "--keep", "every=0.008")
    assert done.code == 0, done.err
    assert re.search(r"checkpoints: up to 5 x 0\.\d+ MB", done.out)
