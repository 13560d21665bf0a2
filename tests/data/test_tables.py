"""Tables as programs and people write them: delimiters, encodings, spellings of yes and no, missing values."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from condgan.conditions import Attributes, Class, MultiLabel
from condgan.data import Reading, folder
from condgan.data.delimited import read_rows
from condgan.errors import InputError
from written import write_csv, write_images


def descriptions(path: Path, *, min_objects: int = 1, **choices: Any) -> list[str]:
    """Reads the folder and returns the labels of all images as text."""
    images = folder(path, 16, min_objects=min_objects, reading=Reading(**choices))
    return images.condition.describe_all(images.labels)


def notices(path: Path, **choices: Any) -> str:
    return "\n".join(folder(path, 16, reading=Reading(**choices)).notices)


def refusal(path: Path, **choices: Any) -> str:
    with pytest.raises(InputError) as raised:
        folder(path, 16, reading=Reading(**choices))
    return str(raised.value)


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
    assert "unknown encoding 'nonsense'" in refusal(tmp_path, encoding="nonsense")


SPELLINGS = [
    ("0", "1"),
    ("0.0", "1.0"),
    ("-1", "1"),
    ("no", "Yes"),
    ("n", "Y"),
    ("FALSE", "TRUE"),
    ("F", "t"),
    ("", "x"),
]


@pytest.mark.parametrize(("no", "yes"), SPELLINGS)
def test_every_usual_spelling_of_yes_and_no_gives_the_same_set(tmp_path: Path, no: str, yes: str) -> None:
    write_csv(tmp_path, "hat,coat,scarf", [f"{yes},{yes},{no}", f"{no},{no},{yes}", f"{yes},{no},{no}"])
    assert descriptions(tmp_path) == ["coat, hat", "scarf", "hat"]


def test_another_spelling_is_given_by_options(tmp_path: Path) -> None:
    write_csv(tmp_path, "hat,coat", ["ja,nein", "nein,ja", "ja,ja"])
    assert isinstance(folder(tmp_path, 16).condition, Attributes)
    assert descriptions(tmp_path, yes=["Ja"], no=["Nein"]) == ["hat", "coat", "coat, hat"]


def test_an_unusual_spelling_is_said(tmp_path: Path) -> None:
    write_csv(tmp_path, "hat,coat", ["1,-1", "-1,1", "1,1"])
    assert "read as yes: '1'; as no: '-1'" in notices(tmp_path)
    write_csv(tmp_path, "hat,coat", ["x,", ",x", "x,x"])
    assert "read as yes: 'x'; as no: an empty cell" in notices(tmp_path)


UNCLEAR = [
    ("nan", "missing"),
    ("", "missing"),
    ("None", "missing"),
    ("?", "uncertain"),
    ("-1", "uncertain"),
    ("-1.0", "uncertain"),
]


@pytest.mark.parametrize(("cell", "kind"), UNCLEAR)
def test_missing_and_uncertain_answers_are_never_taken_for_no(tmp_path: Path, cell: str, kind: str) -> None:
    write_csv(tmp_path, "hat,coat,scarf", ["1,0,1", f"1,{cell},0", "0,1,1", "0,0,1"])
    message = refusal(tmp_path)
    assert "labels.csv, line 3, 'coat'" in message
    assert f"--{kind} drop" in message
    choices: dict[str, dict[str, Any]] = {choice: {kind: choice} for choice in ("drop", "no", "yes")}
    assert descriptions(tmp_path, **choices["drop"]) == ["hat, scarf", "coat, scarf", "scarf"]
    assert f"left out, rows with {kind} values: 1 (line 3)" in notices(tmp_path, **choices["drop"])
    assert descriptions(tmp_path, **choices["no"])[1] == "hat"
    assert descriptions(tmp_path, **choices["yes"])[1] == "coat, hat"
    assert f"{kind} values read as yes: 1 cells in coat" in notices(tmp_path, **choices["yes"])


@pytest.mark.parametrize("cell", ["nan", "NA", "N/A", "", "null", "<NA>"])
def test_missing_values_are_no_class(tmp_path: Path, cell: str) -> None:
    write_csv(tmp_path, "kind", ["cat", cell, "dog", "cat"])
    assert "labels.csv, line 3: 'kind' is " in refusal(tmp_path)
    assert descriptions(tmp_path, missing="drop") == ["cat", "dog", "cat"]
    assert "left out, rows with missing values: 1 (1.png)" in notices(tmp_path, missing="drop")


def test_a_class_may_be_called_like_a_missing_value(tmp_path: Path) -> None:
    write_csv(tmp_path, "country", ["NA", "ZA", "NA", "None"])
    assert descriptions(tmp_path, missing="keep") == ["NA", "ZA", "NA", "None"]


def test_whole_numbers_lose_the_decimals_that_programs_add(tmp_path: Path) -> None:
    write_csv(tmp_path, "digit", ["3.0", "7.0", "3"])
    assert folder(tmp_path, 16).condition == Class(("3", "7"))
    write_csv(tmp_path, "price", ["3.0", "7.5", "3.0"])
    assert folder(tmp_path, 16).condition == Class(("3.0", "7.5"))


def test_rows_without_a_yes_are_left_out_or_the_empty_set(tmp_path: Path) -> None:
    write_csv(tmp_path, "glasses,hat", ["1,0", "0,0", "0,1"])
    assert descriptions(tmp_path) == ["glasses", "hat"]
    assert "left out, images without labels: 1 (1.png); --allow-empty keeps them" in notices(tmp_path)
    assert descriptions(tmp_path, min_objects=0) == ["glasses", "nothing", "hat"]


def test_labels_that_no_image_or_every_image_shows_are_named(tmp_path: Path) -> None:
    write_csv(tmp_path, "hat,coat,scarf,ring", ["1,0,1,0", "0,1,1,0", "1,1,1,0"])
    assert folder(tmp_path, 16).condition == MultiLabel(("coat", "hat", "scarf"))
    assert "labels left out, shown by no image: ring" in notices(tmp_path)
    assert "labels that every image shows: scarf" in notices(tmp_path)


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


def test_two_words_in_all_columns_are_said_to_be_no_answers_unless_options_say_so(tmp_path: Path) -> None:
    write_csv(tmp_path, "Brille,Hut", ["ja,nein", "nein,ja", "ja,ja"])
    assert "all columns contain 'ja' and 'nein', read as values of attributes; if they mean yes" in notices(tmp_path)
    assert descriptions(tmp_path, yes=["ja"], no=["nein"]) == ["Brille", "Hut", "Brille, Hut"]
    write_csv(tmp_path, "hat,glasses", ["ja,one", "nein,two", "ja,one"])
    assert "all columns contain" not in notices(tmp_path)


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


def test_numbers_that_fit_images_of_two_folders_are_refused_with_both(tmp_path: Path) -> None:
    write_images(tmp_path, [f"{part}/{i}.png" for part in ("train", "test") for i in range(3)])
    (tmp_path / "train.csv").write_text("id,kind\n0,a\n1,b\n2,a\n")
    assert "train.csv, line 2, 'id': '0' fits test/0.png and train/0.png; write the path" in refusal(tmp_path)


def test_a_table_of_a_split_without_labels_is_left_out_with_the_reason(tmp_path: Path) -> None:
    write_csv(tmp_path, "kind", ["a", "b"], "train.csv")
    (tmp_path / "test.csv").write_text("file\n9.png\n")
    assert f"{tmp_path}/test.csv is left out: line 1: found one column 'file', expected a header" in notices(tmp_path)
