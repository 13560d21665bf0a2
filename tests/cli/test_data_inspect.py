"""`condgan data inspect`, and what `condgan train` says of its data."""

from pathlib import Path

from PIL import Image

from commands import Command
from conftest import Folder
from written import write_csv, write_folder, write_mnist


def test_a_folder_is_inspected(condgan: Command, tmp_path: Path) -> None:
    write_folder(tmp_path)
    (tmp_path / "7.png").write_bytes((tmp_path / "20.png").read_bytes())
    done = condgan("data", "inspect", tmp_path, "--resolution", "16", "--out", tmp_path / "out" / "sheet.png")
    assert done.code == 0, done.err
    lines = [" ".join(line.split()) for line in done.out.splitlines()]
    assert lines[0] == "data 40 images of 16 x 16, 2 held out; condition: hair (3 values) x eyes (2 values)"
    assert "balance 6 different conditions occur" in lines
    assert "dark red hair 13 32.5%" in lines
    assert "copies 1 exact, 0 mirrored" in lines
    assert f"{tmp_path / '20.png'} copy of {tmp_path / '7.png'}" in lines
    assert "notice copies across the split: 1, which flatters scores on held-out images" in lines
    with Image.open(tmp_path / "out" / "sheet.png") as sheet:
        assert sheet.width > 8 * 128


def test_an_iclevr_folder_is_inspected(condgan: Command, iclevr_folder: Folder, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    done = condgan("data", "inspect", iclevr_folder.path, "--resolution", "16")
    assert done.code == 0, done.err
    assert "44 images of 16 x 16, 4 held out; condition: a set of 24 labels" in done.out
    assert "conditions  test: 2" in done.out
    assert "originals that are not square: 44 of 44" in done.out
    assert sorted(tmp_path.rglob("*")) == before


def test_grey_digits_are_inspected(condgan: Command, tmp_path: Path) -> None:
    write_mnist(tmp_path)
    done = condgan("data", "inspect", f"mnist:{tmp_path}", "--out", tmp_path / "sheet.png")
    assert done.code == 0, done.err
    assert "channels    1" in done.out
    assert (tmp_path / "sheet.png").is_file()


def test_codes_that_nobody_labelled_are_inspected(condgan: Command, tmp_path: Path) -> None:
    done = condgan("data", "inspect", "shapes:codes", "--resolution", "16", "--out", tmp_path / "sheet.png")
    assert done.code == 0, done.err
    assert "codes object (24 values), a in [-1, 1]" in done.out
    assert "balance" not in done.out


def test_empty_sets_are_inspected_where_asked_for(condgan: Command, tmp_path: Path) -> None:
    write_csv(tmp_path, "objects", ["a;b", "", "a"])
    words = ["data", "inspect", tmp_path, "--resolution", "16"]
    refused = condgan(*words)
    assert refused.code == 2
    assert "labels.csv, line 3" in refused.err
    assert condgan(*words, "--min-objects", "0").code == 0


def test_training_says_what_data_it_read(condgan: Command, tmp_path: Path) -> None:
    write_folder(tmp_path)
    words = [
        "train",
        "cdcgan",
        "--data",
        tmp_path,
        "--resolution",
        "16",
        "--kimg",
        "0.008",
        "--runs",
        tmp_path / "runs",
    ]
    done = condgan(*words, "--set", "width=4", "--set", "latent_dim=8", "--set", "batch_size=8")
    assert done.code == 0, done.err
    assert f"data {tmp_path}: 40 images of 16 x 16, 2 held out; condition: hair (3 values) x eyes" in done.out
