"""Labels in the annotations of COCO."""

import json
from pathlib import Path
from typing import Any

import pytest

from condgan.conditions import MultiLabel
from condgan.data import Images, Reading, coco, load_images
from condgan.errors import InputError
from written import write_images


def described(images: Images) -> list[str]:
    return images.condition.describe_all(images.labels)


def annotations(numbers: range, names: tuple[str, ...] = ("cat", "dog", "fox")) -> dict[str, Any]:
    """Image i shows a cat, every second image two dogs, too, and every fourth image nothing."""
    shown = [(i, 1) for i in numbers if i % 4] + [(i, 2) for i in numbers if i % 4 and i % 2] * 2
    return {
        "info": {},
        "images": [{"id": i, "file_name": f"{i:012d}.jpg"} for i in numbers],
        "annotations": [{"id": k, "image_id": i, "category_id": c, "bbox": []} for k, (i, c) in enumerate(shown)],
        "categories": [{"id": c, "name": name} for c, name in enumerate(names, 1)],
    }


def write_coco_parts(path: Path) -> None:
    for part, numbers in (("train2017", range(8)), ("val2017", range(8, 12))):
        write_images(path / part, [f"{i:012d}.jpg" for i in numbers])
        (path / "annotations").mkdir(exist_ok=True)
        (path / "annotations" / f"instances_{part}.json").write_text(json.dumps(annotations(numbers)))
        (path / "annotations" / f"captions_{part}.json").write_text(json.dumps({"images": [], "annotations": []}))


def test_cocos_annotations_are_sets_of_labels_split_as_their_files(tmp_path: Path) -> None:
    write_coco_parts(tmp_path)
    images = load_images(str(tmp_path), 16, min_objects=0)
    assert images.condition == MultiLabel(("cat", "dog"))
    assert described(images) == ["nothing", "cat, dog", "cat", "cat, dog"] * 3
    assert images.held_out.tolist() == [False] * 8 + [True] * 4
    text = "\n".join(images.notices)
    assert "files read as parts of a split: 'annotations/instances_train2017.json': trained on" in text
    assert "categories left out, shown by no image: fox" in text
    assert "left out files that are not images: 2 (annotations/captions_train2017.json" in text


@pytest.mark.parametrize("where", ["annotations/instances_{}.json", "{}/_annotations.coco.json", "{}.json"])
@pytest.mark.parametrize("folder", ["{}", "images/{}"])
def test_parts_of_coco_may_use_the_same_names(tmp_path: Path, where: str, folder: str) -> None:
    if where.startswith("{}/"):
        folder = "{}"
    for part, numbers in (("train", range(1, 4)), ("val", range(1, 3))):
        write_images(tmp_path / folder.format(part), [f"{i:012d}.jpg" for i in numbers])
        file = tmp_path / where.format(part)
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps(annotations(numbers)))
    images = coco(tmp_path, 16)
    assert described(images) == ["cat, dog", "cat", "cat, dog", "cat, dog", "cat"]
    assert [str(file).removeprefix(f"{tmp_path}/") for file in images.files] == [
        *(f"{folder.format('train')}/{i:012d}.jpg" for i in (1, 2, 3)),
        *(f"{folder.format('val')}/{i:012d}.jpg" for i in (1, 2)),
    ]
    assert images.held_out.tolist() == [False] * 3 + [True] * 2


def test_images_without_annotations_are_left_out_and_named(tmp_path: Path) -> None:
    write_coco_parts(tmp_path)
    images = coco(tmp_path, 16)
    assert len(images) == 9
    assert "left out, images without labels: 3 (train2017/000000000000.jpg" in "\n".join(images.notices)
    one = coco(tmp_path, 16, reading=Reading(table="instances_val2017.json"))
    assert len(one) == 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"annotations": [{"image_id": 77, "category_id": 1}]}, "annotation 0: found an image or category"),
        ({"annotations": [{"image_id": 1}]}, "expected COCO's images"),
        ({"images": [{"id": 1}]}, "expected COCO's images"),
        ({"categories": 3}, "expected COCO's images"),
        ({"images": []}, "'images' is empty, expected an entry for each image"),
        ({"annotations": [], "images": []}, "'images' is empty"),
        ({"categories": [{"id": 1, "name": None}]}, "categories, entry 0: found None as name, expected a text"),
        ({"images": [{"id": 1, "file_name": []}]}, "images, entry 0: found [] as file_name, expected a text"),
        (
            {"categories": [{"id": 1, "name": "cat"}, {"id": 1, "name": "dog"}]},
            "categories, entry 1: the id 1 of 'dog' is that of 'cat', too; keep one",
        ),
        (
            {"images": [{"id": 1, "file_name": "0.jpg"}, {"id": 1, "file_name": "1.jpg"}]},
            "images, entry 1: the id 1 of '1.jpg' is that of '0.jpg', too",
        ),
    ],
)
def test_invalid_annotations_are_reported_with_their_file(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    write_images(tmp_path, [f"{i:012d}.jpg" for i in range(4)])
    (tmp_path / "objects_of_all.json").write_text(json.dumps(annotations(range(4)) | change))
    with pytest.raises(InputError) as raised:
        load_images(str(tmp_path), 16)
    assert f"{tmp_path / 'objects_of_all.json'}" in str(raised.value)
    assert message in str(raised.value)
    assert f"use folder:{tmp_path} to ignore that" in str(raised.value)
