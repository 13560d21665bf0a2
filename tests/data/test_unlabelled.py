"""Folders of images without labels."""

from pathlib import Path
from zipfile import ZipFile

import pytest

from condgan.conditions import Class, Unlabelled
from condgan.data import Reading, load_images
from condgan.errors import InputError
from condgan.judge import small_judge, train_judge
from condgan.recipes import RECIPES, build
from condgan.state import check_trainable
from condgan.train import train
from contracts import losses_at, state_of, tiny_options
from written import write_images

NAMES = [f"{i}.png" for i in range(40)]


@pytest.fixture
def flat(tmp_path: Path) -> Path:
    write_images(tmp_path / "flat", NAMES)
    return tmp_path / "flat"


def test_a_folder_of_images_only_has_no_labels_and_says_so(flat: Path) -> None:
    images = load_images(str(flat), 16)
    assert images.condition == Unlabelled()
    assert images.labels.shape == (40, 0)
    assert int(images.held_out.sum()) == 2
    assert images.notices == [
        f"{flat} has no labels: it contains images only, without sub-folders for classes and without a table"
    ]
    assert load_images(str(flat), 16, reading=Reading(split="every-20th")).held_out.tolist() == [
        i % 20 == 0 for i in range(40)
    ]


def test_so_does_a_zip_file(flat: Path, tmp_path: Path) -> None:
    with ZipFile(tmp_path / "flat.zip", "w") as file:
        for name in NAMES:
            file.write(flat / name, f"flat/{name}")
    zipped = load_images(str(tmp_path / "flat.zip"), 16)
    assert zipped.content_hash == load_images(str(flat), 16).content_hash
    assert zipped.condition == Unlabelled()


def test_sub_folders_stay_classes(flat: Path) -> None:
    for part in ("a", "b"):
        (flat / part).mkdir()
    for i, name in enumerate(NAMES):
        (flat / name).rename(flat / "ab"[i % 2] / name)
    assert load_images(str(flat), 16).condition == Class(("a", "b"))


@pytest.mark.parametrize("name", ["labels.xlsx", "annotations.json", "notes.txt", "README.md", "more/labels.xml"])
def test_a_folder_with_a_file_that_may_contain_labels_is_refused(flat: Path, name: str) -> None:
    (flat / name).parent.mkdir(exist_ok=True)
    (flat / name).write_text("?")
    with pytest.raises(
        InputError, match=r"found no labels .*; to train without labels, move everything but the images"
    ):
        load_images(str(flat), 16)


def test_one_sub_folder_is_no_class_and_can_be_named_itself(flat: Path) -> None:
    with pytest.raises(InputError, match=f"found one sub-folder 'flat'.*to train without labels, name {flat}$"):
        load_images(f"folder:{flat.parent}", 16)


def test_a_choice_about_labels_expects_labels(flat: Path) -> None:
    with pytest.raises(InputError, match="found no labels for its 40 images"):
        load_images(str(flat), 16, reading=Reading(label_columns=("hair",)))


def test_allowing_images_without_labels_expects_none(flat: Path) -> None:
    images = load_images(str(flat), 16, min_objects=0)
    assert images.condition == Unlabelled()
    again = load_images(str(flat), 16, reading=Reading(**images.reading))
    assert again.reading == images.reading == {"min_objects": 0, "split": "auto"}


def test_recipes_that_learn_without_labels_do_and_others_say_what_to_do(flat: Path) -> None:
    images = load_images(str(flat), 16)
    for name in RECIPES:
        for options in [{}] if name != "infogan" else [{}, {"categorical": (3,)}]:
            recipe = build(name, tiny_options(name) | options)
            if name == "dcgan" or options:
                check_trainable(recipe, images)
                assert losses_at(train(state_of(recipe, images), images), 1)[0]["D/real"] > 0
            else:
                with pytest.raises(InputError, match=r"found no labels, .*sub-folder for each class.*`infogan`"):
                    check_trainable(recipe, images)


def test_a_judge_needs_labels(flat: Path) -> None:
    images = load_images(str(flat), 16)
    with pytest.raises(InputError, match="found no labels, which a judge learns"):
        next(train_judge(small_judge(images.condition, 16), images, num_epochs=1, seed=0))
