"""Which images the rows of a table are about."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tables import descriptions, notices, refusal
from written import write_csv, write_images

NAMES: Sequence[tuple[str, Sequence[str]]] = [
    ("label,image", ["cat,a.png", "dog,b.png"]),
    ("id,label", ["a,cat", "b,dog"]),
    ("path,label", ["x\\a.png,cat", ".\\x\\b.png,dog"]),
    ("path,label", ["/home/ann/data/x/a.png,cat", "/home/ann/data/x/b.png,dog"]),
    ("path,label", ["A.PNG,cat", "X/B.png,dog"]),
    ("label;file", ["cat;x/a.png", "dog;x/b.png"]),
]


@pytest.mark.parametrize(("header", "rows"), NAMES)
def test_images_are_named_in_any_column_and_any_unambiguous_way(
    tmp_path: Path, header: str, rows: Sequence[str]
) -> None:
    write_images(tmp_path, ["x/a.png", "x/b.png"])
    (tmp_path / "labels.csv").write_text("\n".join([header, *rows]))
    assert descriptions(tmp_path) == ["cat", "dog"]


def test_names_are_compared_in_one_unicode_form(tmp_path: Path) -> None:
    write_images(tmp_path, ["e\u0301.png", "b.png"])
    (tmp_path / "labels.csv").write_text("file,kind\n\u00e9.png,caf\u00e9\nb.png,tea\n")
    assert descriptions(tmp_path) == ["tea", "caf\u00e9"]


def test_a_name_that_fits_two_images_is_refused(tmp_path: Path) -> None:
    write_images(tmp_path, ["x/a.png", "y/a.png", "x/b.png"])
    (tmp_path / "labels.csv").write_text("id,kind\na,cat\nb,dog\n")
    assert "labels.csv, line 2: 'a' fits x/a.png and y/a.png; write the path" in refusal(tmp_path)


def test_a_second_column_of_other_images_is_refused_until_one_is_chosen(tmp_path: Path) -> None:
    write_images(tmp_path, [f"{kind}/{i}.png" for kind in ("image", "mask") for i in range(4)])
    rows = [f"image/{i}.png,mask/{i}.png,{'ab'[i % 2]}" for i in range(4)]
    (tmp_path / "labels.csv").write_text("\n".join(["image,mask,kind", *rows]))
    assert "'image' and 'mask' name images; choose one with --file-column" in refusal(tmp_path)
    assert descriptions(tmp_path, file_column="mask", label_columns=["kind"]) == ["a", "b", "a", "b"]
    text = notices(tmp_path, file_column="mask", label_columns=["kind"])
    assert "left out, images without a label: 4 (image/0.png" in text


def test_a_second_column_of_the_same_images_is_no_label_unless_it_is_chosen(tmp_path: Path) -> None:
    write_images(tmp_path, ["0.png", "1.png"])
    (tmp_path / "labels.csv").write_text("a,b,kind\n0.png,1.png,cat\n1.png,0.png,dog\n")
    assert descriptions(tmp_path) == ["cat", "dog"]
    assert "columns left out, which name the same images as 'a': b" in notices(tmp_path)
    (tmp_path / "labels.csv").write_text("a,b\n0.png,1.png\n1.png,0.png\n")
    assert "found no column with labels beside 'a'" in refusal(tmp_path)
    assert descriptions(tmp_path, label_columns=["b"]) == ["1.png", "0.png"]
    assert "name the same images" not in notices(tmp_path, label_columns=["b"])


def test_rows_without_an_image_and_images_without_a_row_are_named(tmp_path: Path) -> None:
    write_csv(tmp_path, "kind", ["cat", "dog", "cat"])
    with (tmp_path / "labels.csv").open("a") as file:
        file.write("O1.png,dog\n")
    write_images(tmp_path, ["7.png", "8.png"])
    text = notices(tmp_path)
    assert "left out, rows without an image: 1 (O1.png); did you mean '1.png'?" in text
    assert "left out, images without a label: 2 (7.png, 8.png)" in text


def test_equal_rows_count_once(tmp_path: Path) -> None:
    write_csv(tmp_path, "kind", ["cat", "dog"])
    with (tmp_path / "labels.csv").open("a") as file:
        file.write("1.png,dog\n1.png,dog\n")
    assert descriptions(tmp_path) == ["cat", "dog"]
    assert "left out, repeated rows: 2 (1.png)" in notices(tmp_path)


def test_one_row_for_each_label_is_a_set(tmp_path: Path) -> None:
    write_images(tmp_path, [f"{i}.png" for i in range(3)])
    (tmp_path / "labels.csv").write_text("file,object\n0.png,cube\n0.png,cone\n1.png,cone\n2.png,ball\n2.png,cube\n")
    assert descriptions(tmp_path) == ["cone, cube", "cone", "ball, cube"]
    assert "2 images have several rows: each row is read as one label of a set" in notices(tmp_path)


def test_a_second_label_of_few_images_is_refused_until_it_is_meant(tmp_path: Path) -> None:
    write_csv(tmp_path, "kind", [("cat", "dog")[i % 2] for i in range(40)])
    with (tmp_path / "labels.csv").open("a") as file:
        file.write("3.png,cat\n")
    assert "line 42: '3.png' occurs again, first in line 5, with another label" in refusal(tmp_path)
    assert descriptions(tmp_path, label_per_row=True)[3] == "cat, dog"


@pytest.mark.parametrize("name", ["../other/0.png", "..\\0.png", "a/../../0.png"])
def test_names_that_lead_outside_of_the_folder_are_refused(tmp_path: Path, name: str) -> None:
    write_csv(tmp_path, "kind", ["a", "b", "a", "b"])
    table = tmp_path / "labels.csv"
    table.write_text(table.read_text().replace("0.png", name))
    assert f"{table}, line 2: {name!r} leads outside of {tmp_path}" in refusal(tmp_path)


def test_names_relative_to_a_table_in_a_sub_folder_are_read(tmp_path: Path) -> None:
    write_images(tmp_path, ["images/0.png", "images/1.png"])
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "labels.csv").write_text("file,kind\n../images/0.png,a\n../images/1.png,b\n")
    assert descriptions(tmp_path) == ["a", "b"]
    assert "left out" not in notices(tmp_path)


def test_numbers_that_fit_images_of_two_folders_are_refused_with_both(tmp_path: Path) -> None:
    write_images(tmp_path, [f"{part}/{i}.png" for part in ("train", "test") for i in range(3)])
    (tmp_path / "train.csv").write_text("id,kind\n0,a\n1,b\n2,a\n")
    assert "train.csv, line 2, 'id': '0' fits test/0.png and train/0.png; write the path" in refusal(tmp_path)
