"""Layouts with labels in files of a known form: HuggingFace, StyleGAN, COCO, CelebA."""

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from condgan.conditions import Attributes, Class, MultiLabel
from condgan.data import Images, Reading, coco, folder, load_images
from condgan.errors import InputError
from written import write_images

LABELS = ("red", "blue")


def described(images: Images) -> list[str]:
    return images.condition.describe_all(images.labels)


def write_lines(path: Path, records: list[dict[str, Any]]) -> None:
    path.write_text("\n".join(map(json.dumps, records)) + "\n\n", encoding="utf-8-sig")


def test_json_lines_of_classes_sets_and_attributes_are_read(tmp_path: Path) -> None:
    write_images(tmp_path, ["0.png", "1.png"])
    records: list[dict[str, Any]] = [{"file_name": "0.png"}, {"file_name": "1.png"}]
    for first, second, condition in (
        ({"label": 3}, {"label": 10}, Class(("3", "10"))),
        ({"tags": ["a", "b"]}, {"tags": ["b"]}, MultiLabel(("a", "b"))),
        (
            {"hair": "red", "hat": True},
            {"hair": "blue", "hat": False},
            Attributes({"hair": LABELS[::-1], "hat": ("False", "True")}),
        ),
        ({"hat": True, "coat": False}, {"hat": False, "coat": True}, MultiLabel(("coat", "hat"))),
    ):
        write_lines(tmp_path / "metadata.jsonl", [records[0] | first, records[1] | second])
        assert folder(tmp_path, 16).condition == condition


def test_metadata_in_the_folder_of_each_part_is_a_split(tmp_path: Path) -> None:
    for part, number in (("train", 4), ("test", 2)):
        write_images(tmp_path / part, [f"{i}.png" for i in range(number)])
        write_lines(
            tmp_path / part / "metadata.jsonl",
            [{"file_name": f"{i}.png", "label": LABELS[i % 2]} for i in range(number)],
        )
    images = folder(tmp_path, 16)
    assert images.held_out.tolist() == [True] * 2 + [False] * 4
    assert described(images) == ["red", "blue", "red", "blue", "red", "blue"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"file_name": "0.png", "label": "a"}\n{"file_name": ', "metadata.jsonl, line 2: "),
        ('{"file_name": "0.png", "label": "a"}\n3\n', "metadata.jsonl, line 2: found 3, expected"),
        ('{"file_name": "0.png", "label": "a"}\n{"file_name": "1.png"}\n', "line 2: 'label' is empty"),
        ('{"file_name": "0.png", "label": [["a"]]}\n', "line 1, 'label': found [['a']], expected a list of names"),
        ("\n", "found no records"),
    ],
)
def test_invalid_json_lines_are_reported(tmp_path: Path, text: str, message: str) -> None:
    write_images(tmp_path, ["0.png", "1.png"])
    (tmp_path / "metadata.jsonl").write_text(text)
    with pytest.raises(InputError) as raised:
        folder(tmp_path, 16)
    assert message in str(raised.value)


def test_objects_in_json_lines_are_left_out_and_named(tmp_path: Path) -> None:
    write_images(tmp_path, ["0.png", "1.png"])
    write_lines(
        tmp_path / "metadata.jsonl",
        [{"file_name": f"{i}.png", "label": LABELS[i], "objects": {"bbox": []}} for i in range(2)],
    )
    assert "keys left out, which contain objects: objects" in folder(tmp_path, 16).notices


@pytest.mark.skipif(importlib.util.find_spec("pyarrow") is None, reason="needs pyarrow")
def test_parquet_is_read(tmp_path: Path) -> None:
    parquet: Any = importlib.import_module("pyarrow.parquet")
    table = importlib.import_module("pyarrow").table({"file_name": ["0.png", "1.png"], "label": ["red", "blue"]})
    write_images(tmp_path, ["0.png", "1.png"])
    parquet.write_table(table, tmp_path / "metadata.parquet")
    assert described(folder(tmp_path, 16)) == ["red", "blue"]


@pytest.mark.skipif(importlib.util.find_spec("pyarrow") is not None, reason="pyarrow is installed")
def test_parquet_without_pyarrow_is_refused(tmp_path: Path) -> None:
    write_images(tmp_path, ["0.png"])
    (tmp_path / "metadata.parquet").write_bytes(b"PAR1")
    with pytest.raises(InputError, match=r"Parquet files need pyarrow: pip install pyarrow"):
        folder(tmp_path, 16)


@pytest.mark.parametrize("name", ["00000\\{}.png", "./00000/{}.png", "{}.png", "{}"])
def test_stylegans_labels_are_read_with_any_paths_and_a_byte_order_mark(tmp_path: Path, name: str) -> None:
    write_images(tmp_path, [f"00000/{i}.png" for i in range(4)])
    for label in (lambda i: i % 2, lambda i: float(i % 2), lambda i: [float(i % 2 == 0), float(i % 2)]):
        content = {"labels": [[name.format(i), label(i)] for i in range(4)]}
        (tmp_path / "dataset.json").write_text(json.dumps(content), encoding="utf-8-sig")
        images = load_images(str(tmp_path), 16)
        assert images.condition == Class(("0", "1"))
        assert described(images) == ["0", "1", "0", "1"]


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


def write_celeba(path: Path, announced: int = 6) -> None:
    names = [f"{i:06d}.jpg" for i in range(1, 7)]
    write_images(path / "Img" / "img_align_celeba", names)
    for folder_name in ("Anno", "Eval"):
        (path / folder_name).mkdir()
    bits = [" 1 -1", "-1  1", " 1  1", "-1 -1", " 1 -1", "-1  1"]
    rows = [f"{name}  {row}" for name, row in zip(names, bits, strict=True)]
    (path / "Anno" / "list_attr_celeba.txt").write_text("\n".join([str(announced), "Male Smiling", *rows]) + "\n")
    (path / "Eval" / "list_eval_partition.txt").write_text(
        "".join(f"{name} {i // 2}\n" for i, name in enumerate(names))
    )


def test_celeba_is_read_as_downloaded(tmp_path: Path) -> None:
    write_celeba(tmp_path)
    images = load_images(str(tmp_path), 16, min_objects=0)
    assert images.condition == MultiLabel(("Male", "Smiling"))
    assert described(images) == ["Male", "Smiling", "Male, Smiling", "nothing", "Male", "Smiling"]
    assert images.held_out.tolist() == [False, False, True, True, True, True]


def test_a_truncated_list_of_celeba_is_refused(tmp_path: Path) -> None:
    write_celeba(tmp_path, announced=202599)
    with pytest.raises(InputError, match=r"list_attr_celeba\.txt: found 6 rows, expected 202599 as in line 1"):
        load_images(str(tmp_path), 16)


@pytest.mark.parametrize("first", ["9" * 5000, "six", "6 7"])
def test_a_first_line_that_is_no_number_of_rows_is_refused(tmp_path: Path, first: str) -> None:
    write_celeba(tmp_path)
    file = tmp_path / "Anno" / "list_attr_celeba.txt"
    file.write_text(file.read_text().replace("6\n", f"{first}\n", 1))
    with pytest.raises(InputError, match=r"list_attr_celeba\.txt, line"):
        load_images(str(tmp_path), 16)


def test_celeba_as_kaggle_has_it_is_read(tmp_path: Path) -> None:
    names = [f"{i:06d}.jpg" for i in range(1, 7)]
    write_images(tmp_path / "img_align_celeba" / "img_align_celeba", names)
    for table, header, cell in (
        ("list_attr_celeba", "image_id,Male,Smiling", "{},1,-1"),
        ("list_eval_partition", "image_id,partition", "{},0"),
        ("list_bbox_celeba", "image_id,x_1,y_1", "{},95,71"),
    ):
        rows = [cell.format(name) for name in names]
        if table == "list_attr_celeba":
            rows = [row if i % 2 else row.replace("1,-1", "-1,1") for i, row in enumerate(rows)]
        rows[-1] = rows[-1].replace(",0", ",2")
        (tmp_path / f"{table}.csv").write_text("\n".join([header, *rows]))
    images = load_images(str(tmp_path), 16)
    assert images.held_out.tolist() == [False] * 5 + [True]
    assert described(images) == ["Smiling", "Male"] * 3
    assert "left out files that are not images: 1 (list_bbox_celeba.csv)" in images.notices


@pytest.mark.parametrize("name", ["sample", "shapes", "mnist"])
def test_a_folder_with_the_name_of_a_built_in_data_set_is_asked_about(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    write_images(tmp_path / name, ["a/0.png", "b/0.png"])
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=rf"write \./{name} for the folder, {name}: for the built-in data set"):
        load_images(name, 16)
    assert load_images(f"./{name}", 16).condition == Class(("a", "b"))
    if name != "mnist":
        assert len(load_images(f"{name}:", 16)) > 1000


def test_a_folder_with_the_name_of_a_layout_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_images(tmp_path / "coco", ["a/0.png", "b/0.png"])
    monkeypatch.chdir(tmp_path)
    assert load_images("coco", 16).condition == Class(("a", "b"))


def test_choices_of_tables_are_refused_where_they_have_no_effect() -> None:
    with pytest.raises(InputError, match="--file-column has no effect on shapes"):
        load_images("shapes", 16, reading=Reading(file_column="file"))


def test_texts_beside_the_images_are_tags(tmp_path: Path) -> None:
    write_images(tmp_path, [f"{i}.png" for i in range(4)])
    for i, text in enumerate(["long hair, smile", "smile,\n", "long hair, hat, hat"]):
        (tmp_path / f"{i}.txt").write_text(text)
    images = load_images(str(tmp_path), 16)
    assert described(images) == ["long hair, smile", "smile", "hat, long hair"]
    assert "labels are read from 3 text files beside the images" in images.notices
    assert "left out, images without a label: 1 (3.png)" in images.notices
    (tmp_path / "1.txt").write_text("long hair")
    assert "labels that every image shows: long hair" in load_images(str(tmp_path), 16).notices
    for i in range(3):
        (tmp_path / f"{i}.txt").write_text("0 0.5 0.5 0.25 0.25\n1 0.1 0.2 0.3 0.4\n")
    with pytest.raises(InputError, match=r"0\.txt: found boxes as YOLO writes them"):
        load_images(str(tmp_path), 16)


def test_a_list_of_paths_and_classes_is_read(tmp_path: Path) -> None:
    write_images(tmp_path, [f"x/{i}.png" for i in range(4)])
    (tmp_path / "all.txt").write_text("".join(f"x/{i}.png {i % 2}\n" for i in range(4)))
    assert described(load_images(str(tmp_path), 16)) == ["0", "1", "0", "1"]


def test_a_table_about_something_else_leaves_the_sub_folders_as_classes(tmp_path: Path) -> None:
    write_images(tmp_path, ["cat/0.png", "cat/1.png", "dog/0.png", "dog/1.png"])
    (tmp_path / "results.csv").write_text("model,accuracy\nfirst,0.3\nsecond,0.4\n")
    images = load_images(str(tmp_path), 16)
    assert images.condition == Class(("cat", "dog"))
    assert "labels are read from the sub-folders, because no column of results.csv names images" in images.notices
    (tmp_path / "results.csv").write_text(
        "file,kind\n" + "".join(f"{n}/{i}.png,{'ab'[i]}\n" for n in ("cat", "dog") for i in (0, 1))
    )
    images = load_images(str(tmp_path), 16)
    assert images.condition == Class(("a", "b"))
    assert "labels are read from results.csv, not from the sub-folders" in images.notices


def test_tables_are_found_in_a_single_folder_around_everything(tmp_path: Path) -> None:
    inner = tmp_path / "CheXpert-small"
    for part, numbers in (("train", range(8)), ("valid", range(8, 12))):
        names = [f"{part}/patient{i}/view.png" for i in numbers]
        write_images(inner, names)
        rows = [
            f"CheXpert-small/{name},{30 + i},{i % 2}.0,{(i + 1) % 2}.0" for i, name in zip(numbers, names, strict=True)
        ]
        (inner / f"{part}.csv").write_text("\n".join(["Path,Age,Edema,Fracture", *rows]))
    images = folder(tmp_path, 16, reading=Reading(label_columns=["Edema", "Fracture"]))
    assert described(images) == ["Fracture", "Edema"] * 6
    assert images.held_out.tolist() == [False] * 8 + [True] * 4


def test_a_map_of_files_to_labels_is_read(tmp_path: Path) -> None:
    write_images(tmp_path, ["0.png", "1.png"])
    for labels, condition in (
        ({"0.png": "a", "1.png": "b"}, Class(("a", "b"))),
        ({"0.png": ["a", "b"], "1.png": ["b"]}, MultiLabel(("a", "b"))),
    ):
        (tmp_path / "labels.json").write_text(json.dumps(labels))
        assert load_images(str(tmp_path), 16).condition == condition
