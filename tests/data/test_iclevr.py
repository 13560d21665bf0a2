import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from condgan.data import iclevr, load_images, packed
from condgan.errors import InputError
from condgan.rendering.scenes import LABELS
from conftest import Folder


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONDGAN_CACHE", str(tmp_path / "cache"))


def assert_refused(folder: Folder, *parts: object) -> None:
    """Asserts that reading fails with a message that contains every part, and leaves no images in the cache."""
    with pytest.raises(InputError) as raised:
        iclevr(folder.path, 16)
    for part in parts:
        assert str(part) in str(raised.value)
    cache = folder.path.parent / "cache"
    assert [file for file in cache.glob("*") if file.suffix != ".hashes"] == []


def test_images_have_the_labels_of_train_json(iclevr_folder: Folder) -> None:
    images = iclevr(iclevr_folder.path, 16)
    assert images.images.shape == (44, 3, 16, 16)
    assert images.images.dtype == torch.uint8
    assert images.condition.values == LABELS
    for labels, wanted in zip(images.labels, iclevr_folder.read("train.json").values(), strict=True):
        assert set(images.condition.describe(labels).split(", ")) == set(wanted)


def test_every_twentieth_scene_is_held_out_with_all_its_frames(iclevr_folder: Folder) -> None:
    images = iclevr(iclevr_folder.path, 16)
    assert images.scenes.tolist() == [scene for scene in range(22) for _ in range(2)]
    assert images.part(held_out=True).scenes.tolist() == [0, 0, 20, 20]


def test_numbers_of_scenes_that_are_too_large_are_refused(iclevr_folder: Folder) -> None:
    iclevr_folder.write("held_out.json", [10**30])
    assert_refused(iclevr_folder, "held_out.json: expected a list of scene numbers")
    iclevr_folder.write("held_out.json", [])
    iclevr_folder.write("train.json", {f"CLEVR_train_{'9' * 5000}_0.png": ["red cube"]})
    assert_refused(iclevr_folder, "expected a name such as CLEVR_train_000000_0.png")


def test_held_out_json_sets_the_held_out_scenes(iclevr_folder: Folder) -> None:
    iclevr_folder.write("held_out.json", [3, 5])
    assert iclevr(iclevr_folder.path, 16).part(held_out=True).scenes.tolist() == [3, 3, 5, 5]


def test_condition_lists_are_read(iclevr_folder: Folder) -> None:
    images = iclevr(iclevr_folder.path, 16)
    assert list(images.condition_lists) == ["test"]
    assert [images.condition.describe(c) for c in images.condition_lists["test"]] == [
        "gray cube",
        "red cube, blue sphere",
    ]


def test_the_vocabulary_is_sorted_by_index(iclevr_folder: Folder) -> None:
    iclevr_folder.write("objects.json", {name: 23 - i for i, name in enumerate(LABELS)})
    images = iclevr(iclevr_folder.path, 16)
    assert images.condition.values == LABELS[::-1]
    assert (
        images.condition.describe(images.labels[0])
        == iclevr_folder.read("train.json")[iclevr_folder.first_frame.name][0]
    )


def test_a_frame_is_stretched_bilinearly(iclevr_folder: Folder) -> None:
    images = iclevr(iclevr_folder.path, 16)
    with Image.open(iclevr_folder.first_frame) as frame:
        expected = np.asarray(frame.resize((16, 16), Image.Resampling.BILINEAR))
    assert np.array_equal(images.images[0].permute(1, 2, 0).numpy(), expected)


def test_a_frame_of_the_right_size_is_not_changed(iclevr_folder: Folder) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(iclevr_folder.first_frame)
    assert np.array_equal(iclevr(iclevr_folder.path, 16).images[0].permute(1, 2, 0).numpy(), pixels)


def test_transparent_grey_and_palette_frames_become_rgb(iclevr_folder: Folder) -> None:
    names = [iclevr_folder.path / name for name in iclevr_folder.read("train.json")]
    for mode, file in zip(("RGBA", "L", "P"), names, strict=False):
        Image.new("RGB", (16, 16), (102, 102, 102)).convert(mode).save(file)
    assert (iclevr(iclevr_folder.path, 16).images[:3] == 102).all()


def test_reading_again_uses_the_cache(iclevr_folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    first = iclevr(iclevr_folder.path, 16)

    def fail(*_: object) -> None:
        raise AssertionError("a frame was decoded again")

    monkeypatch.setattr(packed, "decode", fail)
    second = iclevr(iclevr_folder.path, 16)
    assert torch.equal(first.images, second.images)
    with pytest.raises(AssertionError, match="decoded again"):
        iclevr(iclevr_folder.path, 32)


def test_a_changed_frame_is_decoded_again(iclevr_folder: Folder) -> None:
    before = iclevr(iclevr_folder.path, 16)
    Image.new("RGB", (40, 40), "red").save(iclevr_folder.first_frame)
    after = iclevr(iclevr_folder.path, 16)
    assert not torch.equal(before.images[0], after.images[0])
    assert torch.equal(before.images[1:], after.images[1:])
    assert before.content_hash != after.content_hash


def test_a_frame_with_another_modification_time_is_decoded_again(iclevr_folder: Folder) -> None:
    frame = iclevr_folder.first_frame
    for color, time in (("red", 1_000), ("blue", 2_000)):
        Image.new("RGB", (16, 16), color).save(frame, compress_level=0)
        os.utime(frame, (time, time))
        image = iclevr(iclevr_folder.path, 16).images[0]
    assert image[:, 0, 0].tolist() == [0, 0, 255]


def test_the_content_hash_does_not_depend_on_the_path(iclevr_folder: Folder, tmp_path: Path) -> None:
    before = iclevr(iclevr_folder.path, 16).content_hash
    shutil.copytree(iclevr_folder.path, tmp_path / "elsewhere")
    assert iclevr(tmp_path / "elsewhere", 16).content_hash == before


def test_writing_to_the_images_does_not_change_the_cache(iclevr_folder: Folder) -> None:
    images = iclevr(iclevr_folder.path, 16).images
    before = images.clone()
    images.zero_()
    assert torch.equal(iclevr(iclevr_folder.path, 16).images, before)


def test_a_zip_file_is_read_like_a_folder(iclevr_folder: Folder) -> None:
    archive = shutil.make_archive(str(iclevr_folder.path), "zip", iclevr_folder.path)
    zipped, plain = iclevr(archive, 16), iclevr(iclevr_folder.path, 16)
    assert zipped.content_hash == plain.content_hash
    assert list(zipped.condition_lists) == ["test"]


def test_the_layout_is_recognised_by_its_files(iclevr_folder: Folder) -> None:
    by_name = load_images(f"iclevr:{iclevr_folder.path}", 16)
    assert load_images(str(iclevr_folder.path), 16).content_hash == by_name.content_hash


def test_frames_without_objects_are_read_only_with_min_objects_0(iclevr_folder: Folder) -> None:
    labels = iclevr_folder.read("train.json")
    labels[iclevr_folder.first_frame.name] = []
    iclevr_folder.write("train.json", labels)
    assert_refused(iclevr_folder, iclevr_folder.first_frame.name, "at least 1 objects")
    assert not iclevr(iclevr_folder.path, 16, min_objects=0).labels[0].any()


def test_a_missing_frame_is_reported(iclevr_folder: Folder) -> None:
    frame = iclevr_folder.first_frame
    frame.unlink()
    assert_refused(iclevr_folder, frame, "no such image")


@pytest.mark.parametrize("keep", [20, 500])
def test_a_truncated_frame_is_reported(iclevr_folder: Folder, keep: int) -> None:
    frame = iclevr_folder.first_frame
    frame.write_bytes(frame.read_bytes()[:keep])
    assert_refused(iclevr_folder, frame, "broken image", "replace the file")


@pytest.mark.parametrize(
    ("objects", "message"),
    [
        (["gray cub"], "unknown label 'gray cub'; did you mean 'gray cube'"),
        (["red cube", "red cube"], "'red cube' is named twice"),
        ([], "expected a list of at least 1 objects"),
        ("red cube", "expected a list"),
        ([3], "unknown label '3'"),
    ],
)
def test_an_invalid_list_of_objects_is_reported_with_its_frame(
    iclevr_folder: Folder, objects: object, message: str
) -> None:
    name = iclevr_folder.first_frame.name
    iclevr_folder.write("train.json", iclevr_folder.read("train.json") | {name: objects})
    assert_refused(iclevr_folder, iclevr_folder.path / "train.json", name, message)


@pytest.mark.parametrize("name", ["train.json", "objects.json", "test.json"])
def test_invalid_json_is_reported_with_its_line(iclevr_folder: Folder, name: str) -> None:
    (iclevr_folder.path / name).write_text('{\n"a": 1,\n"b" 2}')
    assert_refused(iclevr_folder, f"{name}, line 3", "valid JSON")


@pytest.mark.parametrize("name", ["train.json", "objects.json"])
def test_a_missing_file_is_reported(iclevr_folder: Folder, name: str) -> None:
    (iclevr_folder.path / name).unlink()
    assert_refused(iclevr_folder, iclevr_folder.path / name, "no such file")


@pytest.mark.parametrize("objects", [[], {"a": 0, "b": 2}, {"a": 0, "b": 0}, {"a": "zero"}])
def test_objects_must_be_numbered_consecutively_from_zero(iclevr_folder: Folder, objects: object) -> None:
    iclevr_folder.write("objects.json", objects)
    assert_refused(iclevr_folder, "objects.json", "expected a map of object names to 0, 1, 2")


@pytest.mark.parametrize("entries", [[], {}, ["CLEVR_train_000000_0.png"]])
def test_train_json_must_be_a_map_of_frames(iclevr_folder: Folder, entries: object) -> None:
    iclevr_folder.write("train.json", entries)
    assert_refused(iclevr_folder, "train.json", "expected a map of frames")


def test_a_frame_without_a_scene_number_is_refused(iclevr_folder: Folder) -> None:
    iclevr_folder.write("train.json", {"picture.png": ["red cube"]})
    assert_refused(iclevr_folder, "train.json, picture.png", "expected a name such as")


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (["red cone"], "did you mean 'red cube'"),
        (["red cube", "red cube"], "named twice"),
        ([], "non-empty list"),
        (7, "found 7"),
    ],
)
def test_an_invalid_condition_is_reported_with_file_and_entry(
    iclevr_folder: Folder, entry: object, message: str
) -> None:
    iclevr_folder.write("test.json", [["gray cube"], entry])
    assert_refused(iclevr_folder, iclevr_folder.path / "test.json", "entry 1", message)


def test_a_missing_folder_is_reported(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder"):
        iclevr(tmp_path / "nowhere", 16)


def test_a_file_that_is_not_a_zip_file_is_reported(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text(json.dumps({}))
    with pytest.raises(InputError, match="neither a folder nor a zip"):
        iclevr(tmp_path / "notes.txt", 16)


def test_resolution_is_checked_before_reading(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="resolution 60: expected a power of two"):
        iclevr(tmp_path / "nowhere", 60)


@pytest.mark.parametrize("place", ["file", "."])
def test_frames_and_files_may_be_in_sub_folders(iclevr_folder: Folder, place: str) -> None:
    before = iclevr(iclevr_folder.path, 16)
    path = iclevr_folder.path
    for folder in ("iclevr", place):
        (path / folder).mkdir(exist_ok=True)
    for file in [file for file in path.iterdir() if file.is_file()]:
        file.rename(path / ("iclevr" if file.suffix == ".png" else place) / file.name)
    images = load_images(str(path), 16)
    assert images.content_hash == before.content_hash
    assert list(images.condition_lists) == ["test"]
    assert images.notices == []


def test_frames_without_labels_and_other_files_are_named(iclevr_folder: Folder) -> None:
    Image.new("RGB", (16, 16)).save(iclevr_folder.path / "CLEVR_train_000099_0.png")
    (iclevr_folder.path / "readme.txt").write_text("how to load these")
    images = iclevr(iclevr_folder.path, 16)
    assert len(images) == 44
    assert images.notices == [
        "left out, frames without labels: 1 (CLEVR_train_000099_0.png)",
        "left out files that are not images: 1 (readme.txt)",
    ]


@pytest.mark.parametrize("name", ["train.json", "objects.json", "test.json"])
def test_a_byte_order_mark_is_ignored(iclevr_folder: Folder, name: str) -> None:
    before = iclevr(iclevr_folder.path, 16).content_hash
    (iclevr_folder.path / name).write_text((iclevr_folder.path / name).read_text(), encoding="utf-8-sig")
    assert iclevr(iclevr_folder.path, 16).content_hash == before


def test_a_train_json_of_something_else_is_not_taken_for_this_layout(tmp_path: Path) -> None:
    for kind in ("cat", "dog"):
        (tmp_path / kind).mkdir()
        Image.new("RGB", (16, 16)).save(tmp_path / kind / "0.png")
    (tmp_path / "train.json").write_text(json.dumps({"epochs": [3]}))
    images = load_images(str(tmp_path), 16)
    assert images.condition.values == ("cat", "dog")
    assert images.notices[0] == "left out files that are not images: 1 (train.json)"
