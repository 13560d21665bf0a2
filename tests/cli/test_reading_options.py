"""Options about how files are read do on the command line what they do in Python."""

import json
from pathlib import Path

import pytest

from commands import Command
from condgan.data import Reading, folder
from written import write_images

NAMES = [f"{i}.png" for i in range(24)]


def table(header: str, row: str) -> str:
    """A table with a row for each image: A and B alternate, N is its number, G the number of its group of four."""
    rows = [row.replace("A", "ab"[i % 2]).replace("N", str(i)).replace("G", str(i // 4)) for i in range(24)]
    return "\n".join([header, *rows]) + "\n"


KIND = {"a.csv": table("file,kind,who", "N.png,A,pG")}
OTHER = {"b.csv": table("file,other", "N.png,AA")}
ANSWERS = {"a.csv": table("file,hat,coat", "N.png,A,A").replace(",a", ",ja").replace(",b", ",nein")}
UNSURE = {"a.csv": table("file,hat,coat", "N.png,A,1").replace(",a", ",?").replace(",b", ",1")}
MISSING = {"a.csv": table("file,kind", "N.png,A").replace("0.png,a", "0.png,nan")}
FILES = {"a.csv": "".join(["file,mirrored,kind\n", *(f"{i}.png,{23 - i}.png,{'aab'[i % 3]}\n" for i in range(24))])}
ROWS = {"a.csv": table("file,kind", "N.png,A\nN.png,c")}


@pytest.mark.parametrize(
    ("tables", "words", "reading"),
    [
        (KIND, ["--group-by", "who"], Reading(group_by="who")),
        (KIND, ["--label-column", "kind"], Reading(label_columns=("kind",))),
        (KIND, ["--split", "every-20th"], Reading(split="every-20th")),
        (KIND | OTHER, ["--table", "b.csv"], Reading(table="b.csv")),
        (ANSWERS, ["--yes", "ja", "--no", "nein"], Reading(yes=("ja",), no=("nein",))),
        (UNSURE, ["--uncertain", "no"], Reading(uncertain="no")),
        (MISSING, ["--missing", "drop"], Reading(missing="drop")),
        (FILES, ["--file-column", "mirrored"], Reading(file_column="mirrored")),
        (ROWS, ["--label-per-row"], Reading(label_per_row=True)),
        ({"a.csv": table("file~kind", "N.png~A")}, ["--delimiter", "~"], Reading(delimiter="~")),
        ({"a.csv": table("file,kind", "N.png,A")}, ["--encoding", "cp1252"], Reading(encoding="cp1252")),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_an_option_is_that_of_python(
    condgan: Command, tmp_path: Path, tables: dict[str, str], words: list[str], reading: Reading
) -> None:
    write_images(tmp_path, NAMES)
    for name, text in tables.items():
        (tmp_path / name).write_text(text)
    result = condgan("data", "inspect", tmp_path, "--resolution", "16", "--json", *words)
    assert result.code == 0, result.err
    expected = folder(tmp_path, 16, reading=reading)
    assert json.loads(result.out)["content_hash"] == expected.content_hash
