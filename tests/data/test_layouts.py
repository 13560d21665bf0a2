"""Layouts with labels in files of a known form: HuggingFace, StyleGAN, texts and tables."""

import importlib.util
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from condgan.conditions import Attributes, Class, MultiLabel
from condgan.data import Images, Reading, folder, load_images
from condgan.data.reading import option
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


def test_lines_of_json_end_at_newlines_only(tmp_path: Path) -> None:
    write_images(tmp_path, ["0.png", "1.png"])
    lines = [f'{{"file_name": "{i}.png", "label": "a\u2028{i}\x85\u2029"}}\r\n' for i in range(2)]
    (tmp_path / "metadata.jsonl").write_bytes("".join(lines).encode())
    assert described(folder(tmp_path, 16)) == ["a 0", "a 1"]


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
    with pytest.raises(InputError, match="--split has no effect on shapes"):
        load_images("shapes", 16, reading=Reading(split="stratified"))


CHOICES: dict[str, Any] = {
    "file_column": "file", "label_columns": ["kind"], "group_by": "who", "encoding": "gbk", "delimiter": ";",
    "yes": ["ja"], "no": ["nein"], "missing": "drop", "uncertain": "drop", "label_per_row": True,
}  # fmt: skip


@pytest.mark.parametrize(
    ("content", "obeyed"),
    [
        ({}, ()),
        ({"x/0.txt": "a, b", "x/1.txt": "b"}, ("encoding",)),
        ({"tags.csv": "x/0,red hair red eyes\nx/1,aqua hair red eyes\n"}, ("encoding", "delimiter")),
        (
            {"dataset.json": '{"labels": [["x/0.png", 0], ["x/1.png", 1]]}'},
            ("encoding", "yes", "no", "missing", "uncertain", "label_per_row"),
        ),
    ],
    ids=["sub-folders", "texts", "anime", "dataset.json"],
)
def test_choices_about_tables_are_refused_where_labels_are_of_another_kind(
    tmp_path: Path, content: dict[str, str], obeyed: Sequence[str]
) -> None:
    write_images(tmp_path, ["x/0.png", "x/1.png"] if content else ["cat/0.png", "dog/1.png"])
    for name, text in content.items():
        (tmp_path / name).write_text(text)
    load_images(str(tmp_path), 16)
    for name in CHOICES.keys() - {*obeyed}:
        with pytest.raises(InputError, match=f"{option(name)} has no effect on labels of this kind; leave it out"):
            load_images(str(tmp_path), 16, reading=Reading(**{name: CHOICES[name]}))


def test_classes_that_may_be_missing_values_are_asked_about(tmp_path: Path) -> None:
    write_images(tmp_path, ["nan/0.png", "dog/1.png", "cat/2.png"])
    with pytest.raises(InputError, match="--missing keep reads it as a value"):
        load_images(str(tmp_path), 16)
    assert described(load_images(str(tmp_path), 16, reading=Reading(missing="keep"))) == ["cat", "dog", "nan"]


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


@pytest.mark.parametrize(
    "box", ["0 0.5 0.5 0.25 0.25\n1 0.1 0.2 0.3 0.4", "0 -0.01 0.5 0.25 0.25", "3 1e-05 0.5 .2 1", ""]
)
@pytest.mark.parametrize("folders", [("", ""), ("images/", "labels/"), ("set/images/val/", "set/labels/val/")])
def test_boxes_are_no_labels(tmp_path: Path, box: str, folders: tuple[str, str]) -> None:
    images, labels = folders
    write_images(tmp_path, [f"{images}{i}.png" for i in range(3)])
    (tmp_path / labels).mkdir(parents=True, exist_ok=True)
    for i, text in enumerate(("", box, "0 0.5 0.5 0.25 0.25")):
        (tmp_path / f"{labels}{i}.txt").write_text(text)
    with pytest.raises(InputError, match=r"0\.txt: found boxes as YOLO writes them; convert them to COCO annotations"):
        load_images(str(tmp_path), 16)


def test_empty_texts_are_no_boxes(tmp_path: Path) -> None:
    write_images(tmp_path, ["0.png", "1.png"])
    for i in range(2):
        (tmp_path / f"{i}.txt").write_text("\n")
    with pytest.raises(InputError, match="no row has 1 labels"):
        load_images(str(tmp_path), 16)


def test_a_list_of_paths_and_classes_is_read(tmp_path: Path) -> None:
    write_images(tmp_path, [f"x/{i}.png" for i in range(4)])
    (tmp_path / "all.txt").write_text("".join(f"x/{i}.png {i % 2}\n" for i in range(4)))
    assert described(load_images(str(tmp_path), 16)) == ["0", "1", "0", "1"]


def test_a_table_about_something_else_leaves_the_sub_folders_as_classes(tmp_path: Path) -> None:
    write_images(tmp_path, ["cat/0.png", "cat/1.png", "dog/0.png", "dog/1.png"])
    (tmp_path / "results.csv").write_text("model,accuracy\nfirst,0.3\nsecond,0.4\n")
    with pytest.raises(InputError, match=r"results\.csv, line 2: found 'first', expected the name of an image"):
        load_images(str(tmp_path), 16, reading=Reading(label_columns=["accuracy"]))
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
    (tmp_path / "labels.json").write_text('{"0.png": "a", "1.png": "b", "0.png": "b"}')
    with pytest.raises(InputError, match=r"labels\.json: '0\.png' occurs twice"):
        load_images(str(tmp_path), 16)
