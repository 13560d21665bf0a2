"""Tables as programs and people write them: delimiters, encodings, spellings of yes and no, missing values."""

from pathlib import Path

import pytest

from condgan.conditions import Class
from condgan.data import Reading, folder
from condgan.data.delimited import read_rows
from condgan.errors import InputError
from tables import descriptions, notices, refusal
from written import write_csv, write_images


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_any_usual_delimiter_and_every_marked_encoding_is_read(tmp_path: Path, delimiter: str, encoding: str) -> None:
    write_images(tmp_path, ["0.png", "1.png"])
    rows = [["file", "hair", "eyes"], ["0.png", "grün", "blau"], ["1.png", "rot", "braun"]]
    (tmp_path / "labels.csv").write_text("\r\n".join(map(delimiter.join, rows)), encoding=encoding)
    assert descriptions(tmp_path) == ["grün hair, blau eyes", "rot hair, braun eyes"]


def test_a_delimiter_in_quotes_or_between_labels_is_none_between_cells() -> None:
    assert [cells for _, cells in read_rows('file;"a,b"\n0.png;1\n', "t")] == [["file", "a,b"], ["0.png", "1"]]
    assert [cells for _, cells in read_rows("file,kind\n0.png,a;b\n", "t")] == [["file", "kind"], ["0.png", "a;b"]]
    assert [cells for _, cells in read_rows("sep=|\nfile|a,b\n", "t")] == [["file", "a,b"]]


def test_two_possible_delimiters_are_refused_until_one_is_chosen(tmp_path: Path) -> None:
    write_images(tmp_path, ["0.png", "1.png"])
    (tmp_path / "labels.csv").write_text("file,x;kind\n0.png,1;a\n1.png,1;b\n")
    assert "may be separated by commas and semicolons; choose one with --delimiter" in refusal(tmp_path)
    assert "name of an image" in refusal(tmp_path, delimiter=";")


def test_another_encoding_is_asked_for(tmp_path: Path) -> None:
    write_images(tmp_path, ["0.png", "1.png"])
    (tmp_path / "labels.csv").write_bytes("file,kind\n0.png,猫\n1.png,犬\n".encode("shift_jis"))
    assert "not text in UTF-8" in refusal(tmp_path)
    assert "--encoding" in refusal(tmp_path)
    assert descriptions(tmp_path, encoding="shift_jis") == ["猫", "犬"]
    for unknown in ("nonsense", "rot13", "hex", "zlib", "a\0b", " "):
        assert f"unknown encoding {unknown!r}" in refusal(tmp_path, encoding=unknown)


def test_whole_numbers_lose_the_decimals_that_programs_add(tmp_path: Path) -> None:
    write_csv(tmp_path, "digit", ["3.0", "7.0", "3"])
    assert folder(tmp_path, 16).condition == Class(("3", "7"))
    write_csv(tmp_path, "price", ["3.0", "7.5", "3.0"])
    assert folder(tmp_path, 16).condition == Class(("3.0", "7.5"))


def test_columns_that_cannot_be_labels_are_left_out_and_named(tmp_path: Path) -> None:
    rows = [f"{i},text {i},{'red' if i % 2 else 'aqua'},front" for i in range(30)]
    write_csv(tmp_path, "number,caption,hair,view", rows)
    assert folder(tmp_path, 16).condition == Class(("aqua", "red"))
    text = notices(tmp_path)
    assert "'number' has a different value in each of 30 rows" in text
    assert "'view' has one value 'front' in all 30 rows" in text
    assert "'number' has a different value" in refusal(tmp_path, label_columns=["number", "hair"])


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("name", ["", "Unnamed: 0"])
def test_an_unnamed_column_that_numbers_the_rows_is_left_out(tmp_path: Path, first: int, name: str) -> None:
    write_images(tmp_path, ["a.png", "b.png"])
    (tmp_path / "labels.csv").write_text(f"{name},file,kind\n{first},a.png,cat\n{first + 1},b.png,dog\n")
    assert descriptions(tmp_path) == ["cat", "dog"]
    assert "column 1 has no name and is left out" in notices(tmp_path)


def test_the_labels_are_chosen_by_column(tmp_path: Path) -> None:
    write_csv(tmp_path, "kind,hat,coat", ["a,1,0", "b,0,1", "a,1,1"])
    assert descriptions(tmp_path, label_columns=["hat", "coat"]) == ["hat", "coat", "coat, hat"]
    assert "columns left out: kind" in notices(tmp_path, label_columns=["hat", "coat"])
    assert "no column 'hats'; did you mean 'hat'?" in refusal(tmp_path, label_columns=["hats"])


@pytest.mark.parametrize("cell", ['"long hair, smile"', "['long hair', 'smile']", "long hair;smile"])
def test_sets_in_a_cell_are_read_in_any_usual_spelling(tmp_path: Path, cell: str) -> None:
    quoted = cell if cell.startswith('"') else f'"{cell}"'
    other = "\"['smile']\"" if cell.startswith("[") else "smile"
    write_csv(tmp_path, "labels", [quoted, other])
    assert descriptions(tmp_path) == ["long hair, smile", "smile"]


def test_a_table_without_a_header_is_read_if_it_has_two_columns(tmp_path: Path) -> None:
    write_images(tmp_path, ["a.png", "b.png"])
    (tmp_path / "labels.csv").write_text("a.png,cat\nb.png,dog\n")
    assert descriptions(tmp_path) == ["cat", "dog"]
    assert "has no header; read as file and label" in notices(tmp_path)


def test_several_tables_are_parts_of_a_split_or_one_is_chosen(tmp_path: Path) -> None:
    write_images(tmp_path, [f"{i}.png" for i in range(12)])
    for name, numbers in (("train", range(6)), ("val", range(6, 9))):
        rows = [f"{i}.png,{'ab'[i % 2]}" for i in numbers]
        (tmp_path / f"{name}.csv").write_text("\n".join(["file,kind", *rows]))
    (tmp_path / "test.csv").write_text("file\n9.png\n10.png\n11.png\n")
    (tmp_path / "sample_submission.csv").write_text("file,kind\n9.png,a\n10.png,a\n11.png,a\n")
    images = folder(tmp_path, 16)
    assert images.held_out.tolist() == [False] * 6 + [True] * 3
    text = "\n".join(images.notices)
    assert f"{tmp_path / 'test.csv'} is left out: " in text
    assert "left out files that are not images: 1 (sample_submission.csv)" in text
    (tmp_path / "other.csv").write_text("file,kind\n")
    assert "found labels in other.csv, test.csv, train.csv, val.csv" in refusal(tmp_path)
    assert descriptions(tmp_path, table="val.csv") == ["a", "b", "a"]
    assert "--table vla.csv: no such file" in refusal(tmp_path, table="vla.csv")


def test_columns_of_pixels_are_refused_with_a_reason(tmp_path: Path) -> None:
    write_images(tmp_path, ["0.png"])
    header = ",".join(["label", *(f"pixel{i}" for i in range(784))])
    (tmp_path / "train.csv").write_text(f"{header}\n{','.join(['0'] * 785)}\n")
    assert "found columns of pixels" in refusal(tmp_path)


@pytest.mark.parametrize("choice", [{"missing": "dorp"}, {"uncertain": "maybe"}, {"split": "auot"}])
def test_an_unknown_choice_is_refused(choice: dict[str, str]) -> None:
    ((name, value),) = choice.items()
    with pytest.raises(InputError, match=f"--{name}: found '{value}'.*expected one of"):
        Reading(**choice)  # type: ignore[arg-type]


def test_identifiers_are_left_out_and_named(tmp_path: Path) -> None:
    write_csv(tmp_path, "lesion,kind", [f"L{i * 2 // 3},{'ab'[i % 2]}" for i in range(60)])
    assert folder(tmp_path, 16).condition == Class(("a", "b"))
    assert "columns left out: 'lesion' has 40 values in 60 rows" in notices(tmp_path)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_text_file_with_a_header_is_read_as_a_table(tmp_path: Path, delimiter: str) -> None:
    write_images(tmp_path, ["0.png", "1.png"])
    rows = [["hair", "file"], ["red", "0.png"], ["blue", "1.png"]]
    (tmp_path / "labels.txt").write_text("\n".join(map(delimiter.join, rows)) + "\n")
    assert descriptions(tmp_path) == ["red", "blue"]


def test_prose_about_images_is_no_table(tmp_path: Path) -> None:
    write_images(tmp_path, ["cat/0.png", "cat/1.png", "dog/0.png", "dog/1.png"])
    (tmp_path / "README.txt").write_text("Pets, and others\nThe best is cat/0.png, followed by the rest\n")
    assert descriptions(tmp_path) == ["cat", "cat", "dog", "dog"]


def test_a_column_called_split_that_is_none_is_said_to_be_a_label(tmp_path: Path) -> None:
    write_csv(tmp_path, "kind,split", ["a,left", "b,left", "a,right", "b,right"])
    said = "the column 'split' is read as labels, because 'left', 'right' are not all parts of a split"
    assert said in notices(tmp_path)
    assert said not in notices(tmp_path, label_columns=["kind"])


def test_a_split_of_the_files_that_is_not_used_is_said(tmp_path: Path) -> None:
    write_csv(tmp_path, "kind,split", [f"{'ab'[i % 2]},{'train' if i < 30 else 'test'}" for i in range(40)])
    said = "the split of the files is not used, because of --split stratified"
    assert said not in notices(tmp_path)
    assert said in notices(tmp_path, split="stratified")
    assert folder(tmp_path, 16, reading=Reading(split="stratified")).held_out.sum() == 2


def test_a_file_with_possible_labels_that_is_not_read_unasked_is_named_with_what_to_do(tmp_path: Path) -> None:
    write_images(tmp_path, ["0.png", "1.png"])
    (tmp_path / "answers.json").write_text('{"0.png": "a", "1.png": "b"}')
    assert "if answers.json contains them, use --table answers.json" in refusal(tmp_path)
    assert descriptions(tmp_path, table="answers.json") == ["a", "b"]
    (tmp_path / "answers.json").rename(tmp_path / "answers.xlsx")
    assert "if answers.xlsx contains them, save it as CSV" in refusal(tmp_path)


def test_a_table_of_a_split_without_labels_is_left_out_with_the_reason(tmp_path: Path) -> None:
    write_csv(tmp_path, "kind", ["a", "b"], "train.csv")
    (tmp_path / "test.csv").write_text("file\n9.png\n")
    assert f"{tmp_path}/test.csv is left out: line 1: found one column 'file', expected a header" in notices(tmp_path)
