"""`condgan data inspect`, and the line of `condgan train` about its data."""

import json
import sys
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest
import torch
from PIL import Image

from commands import TINY, Command, assert_input_error, forget_accuracy
from condgan import cli
from condgan.data import folder
from conftest import Folder
from written import write_csv, write_folder, write_images, write_mnist


def test_no_file_of_another_kind_is_replaced(condgan: Command, tmp_path: Path) -> None:
    write_folder(tmp_path / "faces")
    image = next((tmp_path / "faces").rglob("*.png"))
    before = image.read_bytes()
    words = ["data", "inspect", tmp_path / "faces", "--out", image]
    assert_input_error(condgan(*words), f"--out {image}: found a file in the folder of the data set, expected")
    run = tmp_path / "run.json"
    run.write_text("{}")
    for command, ending in ((["data", "inspect", "shapes"], ".png"), (["report", tmp_path], ".html")):
        expected = f"--out {run}: expected a name that ends with {ending}"
        assert_input_error(condgan(*command, "--out", run), expected)
    assert (image.read_bytes(), run.read_text()) == (before, "{}")


def test_a_folder_of_attributes_is_inspected(condgan: Command, tmp_path: Path) -> None:
    write_folder(tmp_path)
    (tmp_path / "7.png").write_bytes((tmp_path / "20.png").read_bytes())
    result = condgan("data", "inspect", tmp_path, "--resolution", "16", "--out", tmp_path / "out" / "grid.png")
    assert result.code == 0, result.err
    lines = [" ".join(line.split()) for line in result.out.splitlines()]
    assert lines[0] == "data 40 images of 16 x 16, 4 held out; condition: hair (3 values) x eyes (2 values)"
    assert lines[-1] == f"wrote {tmp_path / 'out' / 'grid.png'}"
    assert "balance 6 distinct conditions" in lines
    assert "dark red hair 13 32.5%" in lines
    assert "duplicates 1 exact, 0 mirrored" in lines
    assert f"{tmp_path / '20.png'} is a copy of {tmp_path / '7.png'}" in lines
    with Image.open(tmp_path / "out" / "grid.png") as grid:
        assert grid.width > 8 * 128


def test_duplicates_across_the_split_are_reported(condgan: Command, tmp_path: Path) -> None:
    write_folder(tmp_path)
    unique = condgan("data", "inspect", tmp_path, "--resolution", "16").out
    held_out = torch.nonzero(folder(tmp_path, 16).held_out).flatten().tolist()
    first = next(i for i in range(40) if i not in held_out)
    (tmp_path / f"{held_out[0]}.png").write_bytes((tmp_path / f"{first}.png").read_bytes())
    duplicated = condgan("data", "inspect", tmp_path, "--resolution", "16").out
    assert duplicated.count("across the split: 1") == 1
    assert "across the split" not in unique


def test_an_iclevr_folder_is_inspected_and_not_changed(condgan: Command, iclevr_folder: Folder, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    result = condgan("data", "inspect", iclevr_folder.path, "--resolution", "16")
    assert result.code == 0, result.err
    assert "44 images of 16 x 16, 4 held out; condition: a set of 24 labels" in result.out
    assert "conditions  test: 2" in result.out
    assert "not square: 44 of 44" in result.out
    assert sorted(tmp_path.rglob("*")) == before


def test_grey_digits_are_inspected(condgan: Command, tmp_path: Path) -> None:
    write_mnist(tmp_path)
    result = condgan("data", "inspect", f"mnist:{tmp_path}", "--out", tmp_path / "grid.png")
    assert result.code == 0, result.err
    assert "channels    1" in result.out
    assert (tmp_path / "grid.png").is_file()


def test_unlabelled_images_with_codes_are_inspected(condgan: Command, tmp_path: Path) -> None:
    result = condgan("data", "inspect", "shapes:codes", "--resolution", "16", "--out", tmp_path / "grid.png")
    assert result.code == 0, result.err
    assert "codes object (24 values), a in [-1, 1]" in result.out
    assert "balance" not in result.out


@pytest.mark.parametrize("option", [["--min-objects", "0"], ["--allow-empty"]])
def test_images_without_labels_are_left_out_unless_they_are_allowed(
    condgan: Command, tmp_path: Path, option: list[str]
) -> None:
    write_csv(tmp_path, "objects", ["a;b", "", "a"])
    words = ["data", "inspect", tmp_path, "--resolution", "16"]
    without = condgan(*words).out
    assert "2 images of 16 x 16" in without
    assert "left out, images without labels: 1 (1.png); --allow-empty keeps them" in without
    assert "3 images of 16 x 16" in condgan(*words, *option).out


def test_strict_exits_with_1_after_any_notice(condgan: Command, tmp_path: Path) -> None:
    write_csv(tmp_path, "kind", [("cat", "dog")[i % 2] for i in range(1100)])
    assert condgan("data", "inspect", tmp_path, "--resolution", "16", "--strict").code == 0
    (tmp_path / "notes.doc").write_text("no image")
    found = condgan("data", "inspect", tmp_path, "--resolution", "16", "--strict")
    assert found.code == 1
    assert "notice      left out files that are not images: 1 (notes.doc)" in found.out
    assert found.err == f"condgan: {tmp_path}: found notices, which --strict does not allow\n"


def test_a_run_records_how_its_data_was_read_and_evaluate_reads_it_the_same_way(
    condgan: Command, tmp_path: Path
) -> None:
    cells = ["1,0,", "0,1,1", "1,1,0", "0,0,1"]
    write_csv(tmp_path / "data", "hat,coat,scarf", [cells[i % 4] for i in range(80)])
    options = ["--missing", "no", "--label-column", "hat", "--label-column", "scarf", "--allow-empty"]
    words = ["train", "cdcgan", "--data", tmp_path / "data", *TINY, "--kimg", "0.008", "--runs", tmp_path / "runs"]
    assert "hat" not in condgan(*words).out
    trained = condgan(*words, *options)
    assert trained.code == 0, trained.err
    assert "notice: missing values read as no: 20 cells in scarf" in trained.out
    recorded = json.loads((tmp_path / "runs" / "cdcgan" / "run.json").read_text())
    assert recorded["reading"] == {
        "min_objects": 0,
        "split": "auto",
        "label_columns": ["hat", "scarf"],
        "missing": "no",
    }
    judge = tmp_path / "judge.safetensors"
    words = ["judge", "train", tmp_path / "data", "--epochs", "1", "--resolution", "16", "--out", judge]
    assert condgan(*words, *options).code == 0
    forget_accuracy(judge, tmp_path / "runs" / "cdcgan")
    evaluated = condgan("evaluate", tmp_path / "runs" / "cdcgan", "--draws", "1", "--judge", judge)
    assert evaluated.code == 0, evaluated.err


def test_train_prints_a_summary_of_its_data(condgan: Command, tmp_path: Path) -> None:
    write_folder(tmp_path)
    words = ["train", "cdcgan", "--data", tmp_path, *TINY, "--kimg", "0.008", "--runs", tmp_path / "runs"]
    result = condgan(*words)
    assert result.code == 0, result.err
    assert f"data {tmp_path}: 40 images of 16 x 16, 4 held out; condition: hair (3 values) x eyes" in result.out


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_names_that_a_terminal_cannot_show_are_escaped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    write_images(tmp_path, [f"{name}/{i}.png" for name in ("猫", "café") for i in range(3)])
    out, err = (TextIOWrapper(BytesIO(), encoding) for _ in range(2))
    for name, value in {"stdout": out, "stderr": err, "argv": ["condgan", "data", "inspect", str(tmp_path)]}.items():
        monkeypatch.setattr(sys, name, value)
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == 0
    out.seek(0)
    text = out.read()
    assert "\\u732b" in text
    assert ("café" if encoding == "cp1252" else "caf\\xe9") in text
