"""Cells of yes and no, missing and uncertain ones."""

from pathlib import Path
from typing import Any

import pytest

from condgan.conditions import Attributes, MultiLabel
from condgan.data import folder
from tables import descriptions, notices, refusal
from written import write_csv

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


def test_two_words_in_all_columns_are_said_to_be_no_answers_unless_options_say_so(tmp_path: Path) -> None:
    write_csv(tmp_path, "Brille,Hut", ["ja,nein", "nein,ja", "ja,ja"])
    assert "all columns contain 'ja' and 'nein', read as values of attributes; if they mean yes" in notices(tmp_path)
    assert descriptions(tmp_path, yes=["ja"], no=["nein"]) == ["Brille", "Hut", "Brille, Hut"]
    write_csv(tmp_path, "hat,glasses", ["ja,one", "nein,two", "ja,one"])
    assert "all columns contain" not in notices(tmp_path)


def test_words_of_a_person_replace_the_usual_ones(tmp_path: Path) -> None:
    write_csv(tmp_path, "hat,coat", ["0,1", "1,0", "0,0"])
    assert descriptions(tmp_path, yes=["0"], no=["1"]) == ["hat", "coat", "coat, hat"]
    assert "'ja' in both" in refusal(tmp_path, yes=["ja"], no=["nein", "Ja"])
