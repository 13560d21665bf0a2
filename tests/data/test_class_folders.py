"""A sub-folder for each class, also below the parts of a split."""

import os
from pathlib import Path

import pytest

from condgan.conditions import Class
from condgan.data import Images, folder
from condgan.errors import InputError
from written import write_images

CATS_AND_DOGS = [f"{kind}/{i}.png" for kind in ("cat", "dog") for i in range(4)]


def names_of(images: Images, path: Path) -> list[str]:
    return [Path(str(file)).relative_to(path).as_posix() for file in images.files]


@pytest.mark.parametrize(
    ("training", "held_out"),
    [
        ("train", "test"),
        ("Training", "Testing"),
        ("TRAIN", "Validation"),
        ("train_set", "val_set"),
        ("seg_train/seg_train", "seg_test/seg_test"),
        ("images train", "images-valid"),
        ("train2017", "val2017"),
    ],
)
def test_the_training_part_is_trained_on_and_the_other_held_out(tmp_path: Path, training: str, held_out: str) -> None:
    write_images(tmp_path, [f"{part}/{name}" for part in (training, held_out) for name in CATS_AND_DOGS])
    images = folder(tmp_path, 16)
    assert images.condition == Class(("cat", "dog"))
    for part, is_held_out in ((training, False), (held_out, True)):
        names = names_of(images.part(held_out=is_held_out), tmp_path)
        assert len(names) == 8
        assert all(name.startswith(f"{part}/") for name in names)
    assert any("folders read as parts of a split" in notice for notice in images.notices)


def test_all_held_out_parts_are_held_out_and_unlabelled_ones_left_out(tmp_path: Path) -> None:
    parts = ("train", "val", "test")
    write_images(tmp_path, [f"{part}/{name}" for part in parts for name in CATS_AND_DOGS])
    write_images(tmp_path, ["unlabeled/cat/0.png", "test/loose.png"])
    images = folder(tmp_path, 16)
    assert (len(images), images.num_training) == (24, 8)
    assert "left out, images without a label: 2 (test/loose.png, unlabeled/cat/0.png)" in images.notices


@pytest.mark.parametrize("below", ["", "train/"])
def test_sub_folders_whose_names_differ_in_spaces_are_said_to_be_one_class(tmp_path: Path, below: str) -> None:
    write_images(tmp_path, [f"{below}{kind}/{i}.png" for kind in ("big cat", "big  cat", "dog") for i in range(4)])
    images = folder(tmp_path, 16)
    assert images.condition == Class(("big cat", "dog"))
    assert [notice for notice in images.notices if "one class" in notice] == [
        "sub-folders read as one class: 'big  cat', 'big cat'"
    ]


def test_a_single_training_part_is_split_at_random(tmp_path: Path) -> None:
    write_images(tmp_path, [f"archive/train/{name}" for name in CATS_AND_DOGS])
    images = folder(tmp_path, 16)
    assert images.condition.describe_all(images.part(held_out=True).labels) == ["cat", "dog"]


def test_the_split_of_the_folders_can_be_ignored(tmp_path: Path) -> None:
    from condgan.data import Reading

    write_images(tmp_path, [f"{part}/{name}" for part in ("train", "test") for name in CATS_AND_DOGS])
    images = folder(tmp_path, 16, reading=Reading(split="stratified"))
    assert (len(images), images.num_training) == (16, 14)


@pytest.mark.parametrize("beside", ["extra/cat/0.png", "models/picture.png", "chest/train/cat/0.png"])
def test_folders_beside_the_parts_of_a_split_are_refused(tmp_path: Path, beside: str) -> None:
    write_images(tmp_path, [*(f"{part}/{name}" for part in ("train", "test") for name in CATS_AND_DOGS), beside])
    with pytest.raises(
        InputError, match=rf"{beside.split('/')[0]} beside them is no part.*such as {tmp_path / 'train'}"
    ):
        folder(tmp_path, 16)


def test_a_class_may_have_the_name_of_a_part(tmp_path: Path) -> None:
    write_images(tmp_path, [f"{kind}/{i}.png" for kind in ("bus", "train", "train_station") for i in range(2)])
    assert folder(tmp_path, 16).condition == Class(("bus", "train", "train_station"))


def test_held_out_images_alone_are_refused(tmp_path: Path) -> None:
    write_images(tmp_path, [f"{part}/{name}" for part in ("test", "val") for name in CATS_AND_DOGS])
    with pytest.raises(InputError, match="every image is in a held-out part"):
        folder(tmp_path, 16)


def test_values_that_one_part_lacks_are_named(tmp_path: Path) -> None:
    write_images(tmp_path, [*(f"train/{name}" for name in CATS_AND_DOGS), "test/cat/0.png", "test/fox/0.png"])
    notices = folder(tmp_path, 16).notices
    assert "values without a training image: 'fox'" in notices
    assert "values without a held-out image: 'dog'" in notices


def test_classes_are_found_below_a_single_folder(tmp_path: Path) -> None:
    write_images(tmp_path, [f"PetImages/{name}" for name in CATS_AND_DOGS])
    images = folder(tmp_path, 16)
    assert images.condition == Class(("cat", "dog"))
    assert f"the classes are the sub-folders of {tmp_path / 'PetImages'}" in images.notices


def test_other_files_empty_folders_and_hidden_images_are_named(tmp_path: Path) -> None:
    write_images(tmp_path, [*CATS_AND_DOGS, "cat/.old.png"])
    (tmp_path / "fox").mkdir()
    (tmp_path / "owl").mkdir()
    for name in ("owl/clip.mp4", "cat/clip.mp4", "dog/notes"):
        (tmp_path / name).write_text("no image")
    notices = folder(tmp_path, 16).notices
    assert "left out files that are not images: 3 (cat/clip.mp4, dog/notes, owl/clip.mp4)" in notices
    assert "left out folders without images: 2 (fox, owl)" in notices
    assert "left out hidden and system files: 1 (cat/.old.png)" in notices


def test_links_are_followed_and_cycles_are_not(tmp_path: Path) -> None:
    write_images(tmp_path / "elsewhere", [f"{i}.png" for i in range(3)])
    write_images(tmp_path / "data", CATS_AND_DOGS)
    (tmp_path / "data" / "fox").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    (tmp_path / "data" / "cat" / "loop").symlink_to(tmp_path / "data", target_is_directory=True)
    (tmp_path / "data" / "dog" / "lost.png").symlink_to(tmp_path / "nowhere.png")
    os.remove(tmp_path / "data" / "dog" / "lost.png")
    images = folder(tmp_path / "data", 16)
    assert images.condition == Class(("cat", "dog", "fox"))
    assert len(images) == 11
    assert "left out links to folders that are read already: 1 (cat/loop)" in images.notices


def test_the_names_of_classes_are_compared_in_one_unicode_form(tmp_path: Path) -> None:
    write_images(tmp_path, ["train/cafe\u0301/0.png", "train/tea/0.png", "test/caf\u00e9/0.png", "test/tea/0.png"])
    assert folder(tmp_path, 16).condition == Class(("caf\u00e9", "tea"))


def test_parts_with_other_folders_than_the_classes_are_left_out(tmp_path: Path) -> None:
    write_images(tmp_path, [f"train/{kind}/images/{i}.png" for kind in ("n1", "n2") for i in range(4)])
    write_images(tmp_path, ["val/images/0.png", "test/images/0.png"])
    images = folder(tmp_path, 16)
    assert images.condition == Class(("n1", "n2"))
    assert (len(images), int(images.held_out.sum())) == (8, 2)
    assert "parts left out, without any class of the training part: test, val" in images.notices


def test_parts_without_sub_folders_for_the_classes_are_refused(tmp_path: Path) -> None:
    write_images(tmp_path, ["train/cat.0.png", "train/dog.0.png", "test1/0.png"])
    with pytest.raises(InputError, match="test1, train are parts of a split, not classes"):
        folder(tmp_path, 16)


def test_two_levels_of_classes_are_refused(tmp_path: Path) -> None:
    write_images(tmp_path, [f"{look}/{name}" for look in ("color", "grayscale") for name in CATS_AND_DOGS])
    with pytest.raises(InputError, match=rf"color, grayscale contain the same sub-folders.*{tmp_path / 'color'}"):
        folder(tmp_path, 16)
    assert folder(tmp_path / "color", 16).condition == Class(("cat", "dog"))


def test_a_name_with_control_characters_is_refused_with_its_place(tmp_path: Path) -> None:
    write_images(tmp_path, ["cat/0.png", "\x1b[31mdog/1.png", "\x1b[31mdog/2.png"])
    with pytest.raises(
        InputError, match=r"1\.png, 'sub-folder': '.x1b.31mdog': names may not contain control characters"
    ):
        folder(tmp_path, 16)
