"""`condgan data inspect`, and the line of `condgan train` about its data."""

from pathlib import Path

from PIL import Image

from commands import TINY, Command
from conftest import Folder
from written import write_csv, write_folder, write_mnist


def test_a_folder_of_attributes_is_inspected(condgan: Command, tmp_path: Path) -> None:
    write_folder(tmp_path)
    (tmp_path / "7.png").write_bytes((tmp_path / "20.png").read_bytes())
    result = condgan("data", "inspect", tmp_path, "--resolution", "16", "--out", tmp_path / "out" / "grid.png")
    assert result.code == 0, result.err
    lines = [" ".join(line.split()) for line in result.out.splitlines()]
    assert lines[0] == "data 40 images of 16 x 16, 2 held out; condition: hair (3 values) x eyes (2 values)"
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
    (tmp_path / "7.png").write_bytes((tmp_path / "20.png").read_bytes())
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


def test_images_without_labels_need_min_objects_0(condgan: Command, tmp_path: Path) -> None:
    write_csv(tmp_path, "objects", ["a;b", "", "a"])
    words = ["data", "inspect", tmp_path, "--resolution", "16"]
    refused = condgan(*words)
    assert refused.code == 2
    assert "labels.csv, line 3" in refused.err
    assert condgan(*words, "--min-objects", "0").code == 0


def test_train_prints_a_summary_of_its_data(condgan: Command, tmp_path: Path) -> None:
    write_folder(tmp_path)
    words = ["train", "cdcgan", "--data", tmp_path, *TINY, "--kimg", "0.008", "--runs", tmp_path / "runs"]
    result = condgan(*words)
    assert result.code == 0, result.err
    assert f"data {tmp_path}: 40 images of 16 x 16, 2 held out; condition: hair (3 values) x eyes" in result.out
