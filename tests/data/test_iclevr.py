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
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CONDGAN_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def refused(folder: Folder, *parts: object) -> None:
    """Reading fails naming every part, and leaves no half-written cache."""
    with pytest.raises(InputError) as refusal:
        iclevr.read(folder.path, 16)
    for part in parts:
        assert str(part) in str(refusal.value)
    cache = folder.path.parent / "cache"
    assert list(cache.glob("*") if cache.exists() else []) == []


def test_a_folder_is_read_whole(iclevr_folder: Folder) -> None:
    images = iclevr.read(iclevr_folder.path, 16)
    assert images.images.shape == (44, 3, 16, 16)
    assert images.images.dtype == torch.uint8
    assert images.condition.names == LABELS
    for labels, wanted in zip(images.labels, iclevr_folder.read("train.json").values(), strict=True):
        assert set(images.condition.describe(labels).split(", ")) == set(wanted)


def test_the_frames_of_a_scene_stay_together_and_every_twentieth_is_held_out(iclevr_folder: Folder) -> None:
    images = iclevr.read(iclevr_folder.path, 16)
    assert images.scenes.tolist() == [scene for scene in range(22) for _ in range(2)]
    assert images.part(held_out=True).scenes.tolist() == [0, 0, 20, 20]


def test_a_list_of_held_out_scenes_is_obeyed(iclevr_folder: Folder) -> None:
    iclevr_folder.write("held_out.json", [3, 5])
    assert iclevr.read(iclevr_folder.path, 16).part(held_out=True).scenes.tolist() == [3, 3, 5, 5]


def test_condition_lists_are_read(iclevr_folder: Folder) -> None:
    images = iclevr.read(iclevr_folder.path, 16)
    assert list(images.condition_lists) == ["test"]
    assert [images.condition.describe(c) for c in images.condition_lists["test"]] == [
        "gray cube",
        "red cube, blue sphere",
    ]


def test_objects_may_stand_in_any_order(iclevr_folder: Folder) -> None:
    iclevr_folder.write("objects.json", {name: 23 - i for i, name in enumerate(LABELS)})
    images = iclevr.read(iclevr_folder.path, 16)
    assert images.condition.names == LABELS[::-1]
    assert (
        images.condition.describe(images.labels[0])
        == iclevr_folder.read("train.json")[iclevr_folder.first_frame.name][0]
    )


def test_a_frame_is_resized_straight_and_bilinearly(iclevr_folder: Folder) -> None:
    images = iclevr.read(iclevr_folder.path, 16)
    with Image.open(iclevr_folder.first_frame) as frame:
        expected = np.asarray(frame.resize((16, 16), Image.Resampling.BILINEAR))
    assert np.array_equal(images.images[0].permute(1, 2, 0).numpy(), expected)


def test_a_frame_of_the_right_size_is_left_alone(iclevr_folder: Folder) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(iclevr_folder.first_frame)
    assert np.array_equal(iclevr.read(iclevr_folder.path, 16).images[0].permute(1, 2, 0).numpy(), pixels)


def test_transparent_gray_and_palette_frames_become_rgb(iclevr_folder: Folder) -> None:
    names = [iclevr_folder.path / name for name in iclevr_folder.read("train.json")]
    for mode, file in zip(("RGBA", "L", "P"), names, strict=False):
        Image.new("RGB", (16, 16), (102, 102, 102)).convert(mode).save(file)
    assert (iclevr.read(iclevr_folder.path, 16).images[:3] == 102).all()


def test_a_second_reading_decodes_nothing(iclevr_folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    first = iclevr.read(iclevr_folder.path, 16)

    def never(*_: object) -> None:
        raise AssertionError("a frame was decoded again")

    monkeypatch.setattr(packed, "_decode", never)
    second = iclevr.read(iclevr_folder.path, 16)
    assert torch.equal(first.images, second.images)
    with pytest.raises(AssertionError, match="decoded again"):
        iclevr.read(iclevr_folder.path, 32)


def test_a_changed_frame_is_decoded_again(iclevr_folder: Folder) -> None:
    before = iclevr.read(iclevr_folder.path, 16)
    Image.new("RGB", (40, 40), "red").save(iclevr_folder.first_frame)
    after = iclevr.read(iclevr_folder.path, 16)
    assert not torch.equal(before.images[0], after.images[0])
    assert torch.equal(before.images[1:], after.images[1:])
    assert before.content_hash != after.content_hash


def test_a_changed_frame_of_the_same_size_is_told_by_its_time(iclevr_folder: Folder) -> None:
    frame = iclevr_folder.first_frame
    for color, time in (("red", 1_000), ("blue", 2_000)):
        Image.new("RGB", (16, 16), color).save(frame, compress_level=0)
        os.utime(frame, (time, time))
        image = iclevr.read(iclevr_folder.path, 16).images[0]
    assert image[:, 0, 0].tolist() == [0, 0, 255]


def test_the_content_hash_does_not_follow_the_path(iclevr_folder: Folder, tmp_path: Path) -> None:
    before = iclevr.read(iclevr_folder.path, 16).content_hash
    shutil.copytree(iclevr_folder.path, tmp_path / "elsewhere")
    assert iclevr.read(tmp_path / "elsewhere", 16).content_hash == before


def test_writing_to_the_images_leaves_the_cache_alone(iclevr_folder: Folder) -> None:
    images = iclevr.read(iclevr_folder.path, 16).images
    before = images.clone()
    images.zero_()
    assert torch.equal(iclevr.read(iclevr_folder.path, 16).images, before)


def test_a_zip_file_is_a_folder(iclevr_folder: Folder) -> None:
    archive = shutil.make_archive(str(iclevr_folder.path), "zip", iclevr_folder.path)
    zipped, plain = iclevr.read(archive, 16), iclevr.read(iclevr_folder.path, 16)
    assert zipped.content_hash == plain.content_hash
    assert list(zipped.condition_lists) == ["test"]


def test_a_folder_needs_no_name_of_its_kind(iclevr_folder: Folder) -> None:
    by_name = load_images(f"iclevr:{iclevr_folder.path}", 16)
    assert load_images(str(iclevr_folder.path), 16).content_hash == by_name.content_hash


def test_frames_without_objects_are_welcome_where_asked_for(iclevr_folder: Folder) -> None:
    labels = iclevr_folder.read("train.json")
    labels[iclevr_folder.first_frame.name] = []
    iclevr_folder.write("train.json", labels)
    refused(iclevr_folder, iclevr_folder.first_frame.name, "at least 1 objects")
    assert not iclevr.read(iclevr_folder.path, 16, min_objects=0).labels[0].any()


def test_a_missing_frame_is_named(iclevr_folder: Folder) -> None:
    frame = iclevr_folder.first_frame
    frame.unlink()
    refused(iclevr_folder, frame, "no such image")


@pytest.mark.parametrize("keep", [0, 20, 500])
def test_a_truncated_frame_is_named(iclevr_folder: Folder, keep: int) -> None:
    frame = iclevr_folder.first_frame
    frame.write_bytes(frame.read_bytes()[:keep])
    refused(iclevr_folder, frame, "broken image", "replace the file")


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
def test_a_wrong_list_of_objects_is_named_with_its_frame(iclevr_folder: Folder, objects: object, message: str) -> None:
    name = iclevr_folder.first_frame.name
    iclevr_folder.write("train.json", iclevr_folder.read("train.json") | {name: objects})
    refused(iclevr_folder, iclevr_folder.path / "train.json", name, message)


@pytest.mark.parametrize("name", ["train.json", "objects.json", "test.json"])
def test_broken_json_is_named_with_its_line(iclevr_folder: Folder, name: str) -> None:
    (iclevr_folder.path / name).write_text('{\n"a": 1,\n"b" 2}')
    refused(iclevr_folder, f"{name}, line 3", "valid JSON")


@pytest.mark.parametrize("name", ["train.json", "objects.json"])
def test_a_file_that_lacks_is_named(iclevr_folder: Folder, name: str) -> None:
    (iclevr_folder.path / name).unlink()
    refused(iclevr_folder, iclevr_folder.path / name, "no such file")


@pytest.mark.parametrize("objects", [[], {"a": 0, "b": 2}, {"a": 0, "b": 0}, {"a": "zero"}])
def test_objects_must_be_numbered_from_zero(iclevr_folder: Folder, objects: object) -> None:
    iclevr_folder.write("objects.json", objects)
    refused(iclevr_folder, "objects.json", "expected a map of object names to 0, 1, 2")


@pytest.mark.parametrize("entries", [[], {}, ["CLEVR_train_000000_0.png"]])
def test_labels_must_be_a_map_of_frames(iclevr_folder: Folder, entries: object) -> None:
    iclevr_folder.write("train.json", entries)
    refused(iclevr_folder, "train.json", "expected a map of frames")


def test_a_frame_without_a_scene_number_is_refused(iclevr_folder: Folder) -> None:
    iclevr_folder.write("train.json", {"picture.png": ["red cube"]})
    refused(iclevr_folder, "train.json, picture.png", "expected a name such as")


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (["red cone"], "did you mean 'red cube'"),
        (["red cube", "red cube"], "named twice"),
        ([], "non-empty list"),
        (7, "found 7"),
    ],
)
def test_a_wrong_condition_is_named_with_file_and_entry(iclevr_folder: Folder, entry: object, message: str) -> None:
    iclevr_folder.write("test.json", [["gray cube"], entry])
    refused(iclevr_folder, iclevr_folder.path / "test.json", "entry 1", message)


def test_a_path_to_nothing_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder"):
        iclevr.read(tmp_path / "nowhere", 16)


def test_a_file_that_is_no_zip_is_named(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text(json.dumps({}))
    with pytest.raises(InputError, match="neither a folder nor a zip"):
        iclevr.read(tmp_path / "notes.txt", 16)


def test_resolution_is_checked_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="resolution 60: expected a power of two"):
        iclevr.read(tmp_path / "nowhere", 60)
