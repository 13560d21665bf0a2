"""Tables that were read without a word as something that they do not say."""

from collections.abc import Callable
from pathlib import Path

import pytest

from condgan.conditions import Attributes, Class, MultiLabel
from condgan.data import Reading, folder, load_images
from condgan.errors import InputError
from written import write_csv, write_images

NAMES = [f"{i:03}.png" for i in range(24)]


@pytest.mark.parametrize("cells", [["['cat' 'dog']", "['cat']", "['dog']"], ["[1 2]", "[1]", "[2]"]])
def test_printed_numpy_arrays_are_refused(tmp_path: Path, cells: list[str]) -> None:
    write_csv(tmp_path, "tags", [cells[i % 3] for i in range(24)])
    with pytest.raises(InputError, match=r"line 2, 'tags': found .* a list without commas, as pandas writes NumPy"):
        folder(tmp_path, 16)


@pytest.mark.parametrize("other", [lambda i: str(1000 + i), lambda i: "web"], ids=["identifier", "constant"])
def test_an_identifier_beside_answers_is_no_attribute(tmp_path: Path, other: Callable[[int], str]) -> None:
    write_csv(tmp_path, "uid,smile,hat,glasses", [f"{other(i)},{i % 2},{i // 2 % 2},0" for i in range(24)])
    images = folder(tmp_path, 16)
    assert images.condition == MultiLabel(("hat", "smile"))
    assert any(notice.startswith("columns left out: 'uid' has") for notice in images.notices)
    assert "labels left out, shown by no image: glasses" in images.notices


def test_a_table_without_a_header_may_name_images_without_suffixes(tmp_path: Path) -> None:
    write_images(tmp_path, NAMES)
    (tmp_path / "labels.csv").write_text("".join(f"{name[:-4]},{'ab'[i % 2]}\n" for i, name in enumerate(NAMES)))
    images = folder(tmp_path, 16)
    assert (len(images), images.condition) == (24, Class(("a", "b")))
    (tmp_path / "labels.csv").write_text("".join(f"{name[:-4]},a,b\n" for name in NAMES))
    with pytest.raises(InputError, match="line 1: found the file '000', expected a header"):
        folder(tmp_path, 16)


def test_columns_that_are_numbered_are_no_row(tmp_path: Path) -> None:
    write_images(tmp_path, [f"{i}.png" for i in range(1, 24)])
    write_images(tmp_path, ["0.png"])
    (tmp_path / "labels.csv").write_text("0,1\n" + "".join(f"{i}.png,{'ab'[i % 2]}\n" for i in range(1, 24)))
    images = folder(tmp_path, 16)
    assert (len(images), images.condition) == (23, Class(("a", "b")))


def test_rows_of_other_folders_are_not_about_the_same_images(tmp_path: Path) -> None:
    write_images(tmp_path, NAMES)
    rows = [f"{part}/{name},{'ab'[i % 2]}\n" for part in ("train", "test") for i, name in enumerate(NAMES)]
    (tmp_path / "labels.csv").write_text("file,label\n" + "".join(rows))
    with pytest.raises(InputError, match=r"line 26: 'test/000\.png' and 'train/000\.png' both fit 000\.png"):
        folder(tmp_path, 16)


@pytest.mark.parametrize(("column", "found"), [("split", "part of the split"), ("who", "value of --group-by")])
def test_an_image_is_in_one_part_and_in_one_group(tmp_path: Path, column: str, found: str) -> None:
    write_images(tmp_path, NAMES)
    sides = ("train", "test")
    rows = [f"{name},{'ab'[i % 2]},{side}\n" for side in sides for i, name in enumerate(NAMES)]
    (tmp_path / "labels.csv").write_text(f"file,label,{column}\n" + "".join(rows))
    with pytest.raises(InputError, match=rf"'000\.png' occurs again, first in line 2, with another {found}"):
        folder(tmp_path, 16, reading=Reading(group_by=column if column == "who" else None))


@pytest.mark.parametrize(("cell", "found"), [("nan", "'nan', a missing value"), ("c;d", "'c;d', expected one label")])
def test_rows_with_a_label_each_have_one(tmp_path: Path, cell: str, found: str) -> None:
    write_images(tmp_path, NAMES)
    rows = [f"{name},{label}\n" for name in NAMES for label in ("a", cell)]
    (tmp_path / "labels.csv").write_text("file,label\n" + "".join(rows))
    with pytest.raises(InputError, match=f"line 3, 'label': found {found}"):
        folder(tmp_path, 16)


def test_missing_labels_of_rows_are_dropped_or_kept_as_chosen(tmp_path: Path) -> None:
    write_images(tmp_path, NAMES)
    rows = [f"{name},{label}\n" for i, name in enumerate(NAMES) for label in ("ab"[i % 2], "nan")]
    (tmp_path / "labels.csv").write_text("file,label\n" + "".join(rows))
    for missing, names in (("drop", ("a", "b")), ("keep", ("a", "b", "nan"))):
        assert folder(tmp_path, 16, reading=Reading(missing=missing)).condition == MultiLabel(names)


@pytest.mark.parametrize("reading", [Reading(uncertain="drop"), Reading(yes=("cat",), no=("dog",))])
def test_choices_about_answers_are_refused_where_there_are_none(tmp_path: Path, reading: Reading) -> None:
    write_csv(tmp_path, "kind", [("cat", "dog", "uncertain")[i % 3] for i in range(24)])
    with pytest.raises(InputError, match=r"--(uncertain|yes) has no effect, as the labels are not all yes or no"):
        folder(tmp_path, 16, reading=reading)


def test_groups_are_not_split_by_other_choices(tmp_path: Path) -> None:
    write_csv(tmp_path, "kind,patient", [f"{'abc'[i % 3]},{i // 4}" for i in range(24)])
    with pytest.raises(InputError, match="every-20th does not keep images with the same value of --group-by together"):
        folder(tmp_path, 16, reading=Reading(group_by="patient", split="every-20th"))
    held_out = Reading(group_by="patient", hold_out=[["c"]], split="stratified")
    write_csv(tmp_path, "kind,patient", [f"{'ab'[i % 2] if i > 3 else 'c'},{i // 4 % 5}" for i in range(24)])
    images = load_images(str(tmp_path), 16, reading=held_out)
    assert images.held_out[images.labels == 2].all()
    assert set(images.scenes[images.held_out].tolist()).isdisjoint(images.scenes[~images.held_out].tolist())
    write_csv(tmp_path, "kind,patient", [f"{'abc'[i % 3]},{i // 4 if i else ''}" for i in range(24)])
    with pytest.raises(InputError, match="line 2: 'patient' is '', a missing value"):
        folder(tmp_path, 16, reading=Reading(group_by="patient"))


def test_parts_are_found_below_a_folder_and_named_if_they_are_not_all(tmp_path: Path) -> None:
    for name, third in (("nested", "images/val"), ("mixed", "images/extra")):
        parts = ["images/train", "images/test", third]
        paths = [f"{parts[i % 3]}/{image}" for i, image in enumerate(NAMES)]
        write_images(tmp_path / name, paths)
        rows = "".join(f"{path},{'ab'[i // 3 % 2]}\n" for i, path in enumerate(paths))
        (tmp_path / name / "labels.csv").write_text("file,label\n" + rows)
    images = folder(tmp_path / "nested", 16)
    assert [("train" not in name) for name in images.files.names] == images.held_out.tolist()
    found = "folders 'test', 'train' are not read as parts of a split, because of images in 'extra'"
    assert found in folder(tmp_path / "mixed", 16).notices


def test_columns_of_parts_are_read_or_named(tmp_path: Path) -> None:
    write_csv(tmp_path / "a", "kind,is_train", [f"{'ab'[i % 2]},{int(i % 4 > 0)}" for i in range(24)])
    assert folder(tmp_path / "a", 16).held_out.tolist() == [i % 4 == 0 for i in range(24)]
    fold = ("train", "test", "extra")
    write_csv(tmp_path / "b", "kind,fold", [f"{'ab'[i % 2]},{fold[i // 2 % 3]}" for i in range(24)])
    assert any(
        "the column 'fold' is read as labels, because" in notice for notice in folder(tmp_path / "b", 16).notices
    )


def test_tables_of_parts_may_have_their_columns_in_another_order_and_no_others(tmp_path: Path) -> None:
    write_images(tmp_path, NAMES)
    rows = [f"{name},{'ab'[i % 2]},{'cd'[i // 2 % 2]}\n" for i, name in enumerate(NAMES)]
    swapped = [f"{name},{'cd'[i // 2 % 2]},{'ab'[i % 2]}\n" for i, name in enumerate(NAMES)]
    (tmp_path / "train.csv").write_text("file,hair,eyes\n" + "".join(rows[:16]))
    (tmp_path / "val.csv").write_text("file,eyes,hair\n" + "".join(swapped[16:]))
    images = folder(tmp_path, 16)
    assert images.condition == Attributes({"hair": ("a", "b"), "eyes": ("c", "d")})
    assert images.held_out.tolist() == [i >= 16 for i in range(24)]
    (tmp_path / "val.csv").write_text("file,eyes,nose\n" + "".join(swapped[16:]))
    with pytest.raises(InputError, match=r"val\.csv: the columns with labels differ .* in hair, nose"):
        folder(tmp_path, 16)
    (tmp_path / "val.csv").write_text("file,hair,eyes\n" + "".join(rows[16:]) + "023.png,a\n")
    with pytest.raises(InputError, match=r"val\.csv, line 10: found 2 cells, expected 3"):
        folder(tmp_path, 16)


def test_spaces_that_tables_do_not_keep_are_ignored_in_names(tmp_path: Path) -> None:
    names = [f"shot  {i}\u202fPM.png" for i in range(24)]
    write_images(tmp_path, names)
    (tmp_path / "labels.csv").write_text("file,label\n" + "".join(f"{n},{'ab'[i % 2]}\n" for i, n in enumerate(names)))
    assert len(folder(tmp_path, 16)) == 24


def test_lines_are_counted_after_the_mark_of_a_delimiter(tmp_path: Path) -> None:
    write_images(tmp_path, NAMES)
    (tmp_path / "labels.csv").write_text("sep=;\nfile;label\n000.png;a\n001.png;b;c\n")
    with pytest.raises(InputError, match="line 4: found 3 cells"):
        folder(tmp_path, 16)
