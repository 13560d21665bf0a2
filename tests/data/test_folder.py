import json
import shutil
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from condgan.conditions import Attributes, Class, MultiLabel
from condgan.data import folder, load_images
from condgan.errors import InputError
from written import write_csv, write_folder, write_images


def assert_refused(path: Path, *parts: object) -> None:
    """Asserts that reading fails with a message that contains every part."""
    with pytest.raises(InputError) as raised:
        folder(path, 16)
    for part in parts:
        assert str(part) in str(raised.value)


def descriptions(path: Path) -> list[str]:
    """Reads the folder and returns the labels of all images as text."""
    images = folder(path, 16)
    return [images.condition.describe(c) for c in images.labels]


def write_json(path: Path, labels: Any) -> None:
    (path / "dataset.json").write_text(json.dumps({"labels": labels}))


def test_sub_folders_are_classes(tmp_path: Path) -> None:
    write_images(tmp_path, ["red cats/a.png", "red cats/old/b.JPG", "dogs/a.webp", "dogs/10.bmp", "dogs/9.jpeg"])
    (tmp_path / "dogs" / "notes.txt").write_text("no image")
    images = folder(tmp_path, 16)
    assert images.condition == Class(("dogs", "red cats"))
    assert [str(file).removeprefix(f"{tmp_path}/") for file in images.files] == [
        "dogs/9.jpeg",
        "dogs/10.bmp",
        "dogs/a.webp",
        "red cats/a.png",
        "red cats/old/b.JPG",
    ]
    assert images.labels.tolist() == [0, 0, 0, 1, 1]


def test_the_exif_orientation_is_applied(tmp_path: Path) -> None:
    left_dark = Image.new("L", (32, 32), 255)
    left_dark.paste(0, (0, 0, 16, 32))
    exif = Image.Exif()
    exif[0x0112] = 3  # orientation: rotated by 180 degrees
    for name in ("day", "night"):
        (tmp_path / name).mkdir()
        left_dark.save(tmp_path / name / "photo.jpg", exif=exif, quality=95)
    image = folder(tmp_path, 16).images[0].float().mean(0)
    assert image[:, :7].min() > 200
    assert image[:, 9:].max() < 50


def test_columns_are_attributes(tmp_path: Path) -> None:
    write_csv(tmp_path, "hair,eyes", ["dark  red,blue", "aqua,green", "aqua,10", "aqua,9"], name="any.CSV")
    condition = folder(tmp_path, 16).condition
    assert condition == Attributes({"hair": ("aqua", "dark red"), "eyes": ("9", "10", "blue", "green")})
    assert descriptions(tmp_path)[:2] == ["dark red hair, blue eyes", "aqua hair, green eyes"]


def test_one_column_is_a_class(tmp_path: Path) -> None:
    write_csv(tmp_path, "kind of animal", ["cat", "dog", "cat"])
    assert folder(tmp_path, 16).condition == Class(("cat", "dog"))
    assert descriptions(tmp_path) == ["cat", "dog", "cat"]


@pytest.mark.parametrize("separator", [";", " | "])
def test_one_column_with_several_labels_in_a_cell_is_a_set(tmp_path: Path, separator: str) -> None:
    write_csv(tmp_path, "objects", [f"red cube{separator}blue cone", "red cube", f"blue cone{separator}"])
    assert folder(tmp_path, 16).condition == MultiLabel(("blue cone", "red cube"))
    assert descriptions(tmp_path) == ["blue cone, red cube", "red cube", "blue cone"]


def test_columns_of_values_with_one_yes_each_are_attributes(tmp_path: Path) -> None:
    header = "red hair,aqua hair,blue eyes,dark green eyes"
    write_csv(tmp_path, header, ["1,0,0,1", "0,1,1,0", "0,1,0,1"])
    condition = folder(tmp_path, 16).condition
    assert condition == Attributes({"hair": ("aqua", "red"), "eyes": ("blue", "dark green")})
    assert descriptions(tmp_path)[0] == "red hair, dark green eyes"
    write_csv(tmp_path, header, ["1,1,0,1", "0,1,1,0", "0,1,0,1", "1,0,1,0"])
    assert isinstance(folder(tmp_path, 16).condition, MultiLabel)


def test_stylegans_classes_and_vectors_are_read(tmp_path: Path) -> None:
    names = [f"00000/img{i}.png" for i in range(3)]
    write_images(tmp_path, names)
    for labels, condition, words in (
        ([10, 2, 10], Class(("2", "10")), ["10", "2", "10"]),
        ([[0, 1.0, 0], [1, 0, 0], [0, 0, 1]], Class("012"), ["1", "0", "2"]),
        ([[0, 1.0], [1, 0], [1, 1]], MultiLabel("01"), ["1", "0", "0, 1"]),
    ):
        write_json(tmp_path, list(zip(names, labels, strict=True)))
        assert folder(tmp_path, 16).condition == condition
        assert descriptions(tmp_path) == words


def test_an_archive_is_read_like_a_folder_with_or_without_a_top_level_folder(tmp_path: Path) -> None:
    faces = tmp_path / "faces"
    write_folder(faces)
    plain = load_images(str(faces), 16)
    flat = shutil.make_archive(str(tmp_path / "flat"), "zip", faces)
    nested = shutil.make_archive(str(tmp_path / "nested"), "zip", tmp_path, "faces")
    with zipfile.ZipFile(nested, "a") as archive:
        archive.writestr("__MACOSX/faces/._0.png", b"what macOS adds")
    assert "left out hidden and system files: 1 (__MACOSX/faces/._0.png)" in load_images(nested, 16).notices
    packed = shutil.make_archive(str(tmp_path / "packed"), "gztar", tmp_path, "faces")
    for path in (flat, nested, packed):
        assert load_images(path, 16).content_hash == plain.content_hash
        assert load_images(f"folder:{path}", 16).files[0].name == "0.png"


def test_hidden_files_are_left_out(tmp_path: Path) -> None:
    write_folder(tmp_path)
    write_images(tmp_path, ["._0.png", ".thumbnails/0.png", "__MACOSX/0.png"])
    (tmp_path / "._labels.csv").write_bytes(b"\0\5")
    assert len(folder(tmp_path, 16)) == 40


def test_csv_files_of_spreadsheets_are_read(tmp_path: Path) -> None:
    write_images(tmp_path, ["sub/a.png", "b.png"])
    rows = '\ufefffile,hair,eyes\r\nsub\\a.png, red ,"blue"\r\n\r\n./b.png,aqua,green\r\n,,\r\n'
    (tmp_path / "labels.csv").write_text(rows, newline="")
    assert descriptions(tmp_path) == ["aqua hair, green eyes", "red hair, blue eyes"]


HEADERS = [
    ("file", ["found one column 'file'", "file,hair,eyes"]),
    ("file:hair:eyes", ["found one column", "separated by commas or semicolons"]),
    ("file,hair,", ["column 3 has no name"]),
    (",file,hair", ["column 1 has no name", "drop it"]),
    ("file,hair,hair", ["two columns are named 'hair'"]),
    ("0.png,red,blue", ["found the file '0.png'", "expected a header"]),
]


@pytest.mark.parametrize(("header", "parts"), HEADERS)
def test_an_invalid_header_is_reported(tmp_path: Path, header: str, parts: Sequence[str]) -> None:
    write_images(tmp_path, ["0.png", "1.png"])
    (tmp_path / "labels.csv").write_text(f"{header}\n0.png,red,blue\n1.png,aqua,green\n")
    assert_refused(tmp_path, tmp_path / "labels.csv", "line 1", *parts)


ROWS = [
    (["red,blue", "aqua"], ["line 3", "found 2 cells, expected 3"]),
    (["red,blue", "aqua,green,1"], ["line 3", "found 4 cells, expected 3"]),
    (["red,blue", ",green"], ["line 3", "'hair' is empty", "drop the row"]),
    (['"red, dark",blue', "aqua,green"], ["line 2, 'hair': 'red, dark'", "may not contain commas"]),
    (["a=b,blue", "aqua,green"], ["line 2, 'hair': 'a=b'", "or equals signs; rename it"]),
    (["red;aqua,blue", "aqua,green"], ["line 2, 'hair'", "'red;aqua'", "only allowed in a single column"]),
    (["0,1", "0,1"], ["found 1 labels that any image shows, expected two"]),
    (['"red,blue', "aqua,green"], ["line 3", "separated by commas"]),
]


@pytest.mark.parametrize(("rows", "parts"), ROWS)
def test_an_invalid_row_is_reported_with_file_and_line(
    tmp_path: Path, rows: Sequence[str], parts: Sequence[str]
) -> None:
    write_csv(tmp_path, "hair,eyes", rows)
    assert_refused(tmp_path, tmp_path / "labels.csv", *parts)


CELLS = [
    (["cat", "cat"], ["'kind' has one value 'cat' in all 2 rows", "label the images differently"]),
    (["a;b", '"a,b;c"'], ["line 3, 'kind': 'a,b'", "separated by ';'"]),
    (["a;b", "a;a"], ["line 3, 'kind': 'a' occurs twice"]),
    (["a;", "a"], ["'kind' contains only the label ['a']", "needs two"]),
]


@pytest.mark.parametrize(("rows", "parts"), CELLS)
def test_an_invalid_cell_of_a_single_column_is_reported(
    tmp_path: Path, rows: Sequence[str], parts: Sequence[str]
) -> None:
    write_csv(tmp_path, "kind", rows)
    assert_refused(tmp_path, tmp_path / "labels.csv", *parts)


@pytest.mark.parametrize(
    ("header", "message"),
    [("hair color", "expected one word, such as 'hair_color'"), ('"a,b"', "may not contain commas")],
)
def test_an_attribute_of_two_words_is_refused(tmp_path: Path, header: str, message: str) -> None:
    write_csv(tmp_path, f"{header},eyes", ["red,blue", "aqua,green"])
    assert_refused(tmp_path, tmp_path / "labels.csv", message)


def test_a_csv_file_without_rows_is_refused(tmp_path: Path) -> None:
    write_csv(tmp_path, "hair,eyes", [])
    write_images(tmp_path, ["0.png"])
    assert_refused(tmp_path, "found no rows under the header")
    (tmp_path / "labels.csv").write_text("")
    assert_refused(tmp_path, "found no rows, expected a header")


def test_a_csv_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    write_images(tmp_path, ["0.png"])
    (tmp_path / "labels.csv").write_bytes("file,hair\n0.png,grün\n".encode("latin1"))
    assert_refused(tmp_path, tmp_path / "labels.csv", "UTF-8")


def test_an_unknown_layout_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    assert_refused(tmp_path, tmp_path, "found no images", ".jpg .png")
    assert_refused(tmp_path / "nowhere", "nowhere", "no such folder")
    write_images(tmp_path, ["0.png", "1.png"])
    (tmp_path / "labels.xlsx").write_text("")
    assert_refused(
        tmp_path,
        "found no labels for its 2 images, only labels.xlsx; expected a sub-folder for each class",
        "CSV",
        "dataset.json",
    )


def test_labels_in_several_files_are_refused(tmp_path: Path) -> None:
    write_folder(tmp_path)
    (tmp_path / "more.csv").write_text("")
    write_json(tmp_path, [])
    assert_refused(tmp_path, "dataset.json, labels.csv, more.csv", "keep one")


def test_invalid_sub_folders_are_refused(tmp_path: Path) -> None:
    write_images(tmp_path, ["cats/0.png"])
    assert_refused(tmp_path, "found one sub-folder 'cats'; a condition needs two classes")
    (tmp_path / "cats" / "0.png").rename(tmp_path / "0.png")
    (tmp_path / "cats").rmdir()
    write_images(tmp_path, ["cats/1.png", "dogs, cats/0.png"])
    (tmp_path / "0.png").unlink()
    assert_refused(tmp_path, tmp_path / "dogs, cats", "may not contain commas")
    write_images(tmp_path, ["a.png", "b.png"])
    assert_refused(tmp_path, f"{tmp_path / 'a.png'} (and 1 more): found beside the sub-folders")


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (None, "found no labels"),
        ([], "found no labels"),
        ([["0.png", "cat"]], "entry 0: found ['0.png', 'cat']"),
        ([["0.png", 0], ["1.png", [0, 1]]], "entry 1"),
        ([["0.png", [1, 0]], ["1.png", [0, 1, 0]]], "entry 1"),
        ([["0.png", [1, 0]], ["1.png", [0, 0.5]]], "entry 1"),
        ([["0.png", 0], ["1.png"]], "entry 1"),
        ([["0.png", 0], ["1.png", 0]], "has one value '0' in all 2 rows"),
        ([["2.png", 0], ["3.png", 1]], "entry 0: found '2.png', expected the name of an image"),
        ([["0.png", [0.25, 1]], ["1.png", [0.5, 2]]], "entry 0: found a vector of real numbers"),
    ],
)
def test_an_invalid_dataset_json_is_reported_with_its_entry(tmp_path: Path, labels: Any, message: str) -> None:
    write_images(tmp_path, ["0.png", "1.png"])
    write_json(tmp_path, labels)
    assert_refused(tmp_path, tmp_path / "dataset.json", message)


def test_resolution_is_checked_before_reading(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="resolution 60: expected a power of two"):
        folder(tmp_path / "nowhere", 60)


@pytest.mark.parametrize("name", ["folder", "anime", "iclevr"])
def test_a_layout_without_a_folder_is_refused(name: str) -> None:
    with pytest.raises(InputError, match=f"expected a folder or zip file, {name}:FOLDER"):
        load_images(name)
