"""Names of generated images, and folders that hold those of one call only."""

import json
from pathlib import Path

import pytest
import torch

from condgan.errors import InputError
from condgan.image_folder import RECORD, Shown, earlier_files, file_names, free_folder, write_images


def write(folder: Path, num: int = 2) -> None:
    shown = [Shown("red cube", 0, i) for i in range(num)]
    write_images(folder, torch.zeros(num, 3, 8, 8, dtype=torch.uint8), shown, 8, {})


def test_names_say_condition_seed_and_number() -> None:
    assert file_names([Shown("red cube, blue cylinder", 3, 0), Shown("digit=3, slant=-0.5", 3, 120)]) == [
        "red-cube_blue-cylinder-seed3-000.png",
        "digit=3_slant=-0.5-seed3-120.png",
    ]


@pytest.mark.parametrize(
    "conditions",
    [["a/b", "a b", "a:b"], ["Cat", "cat"], [f"{'x' * 300} {i}" for i in range(3)], ["..", "/", "-"], ["猫", "犬"]],
)
def test_names_of_different_conditions_differ_and_are_plain(conditions: list[str]) -> None:
    names = file_names([Shown(condition, 0, 0) for condition in conditions])
    assert len({name.casefold() for name in names}) == len(conditions)
    for name in names:
        assert name == Path(name).name
        assert name[0] not in ".-"
        assert len(name.encode()) < 255


def test_a_free_folder_holds_no_images(tmp_path: Path) -> None:
    assert free_folder(tmp_path / "generated") == tmp_path / "generated"
    write(tmp_path / "generated")
    assert free_folder(tmp_path / "generated") == tmp_path / "generated-2"


def test_images_of_an_earlier_call_are_refused_or_replaced(tmp_path: Path) -> None:
    assert earlier_files(tmp_path, overwrite=False) == set()
    write(tmp_path)
    with pytest.raises(InputError, match=r"found 3 images such as grid\.png, expected none.*--overwrite"):
        earlier_files(tmp_path, overwrite=False)
    expected = {"red-cube-seed0-00.png", "red-cube-seed0-01.png", "grid.png"}
    assert earlier_files(tmp_path, overwrite=True) == expected


def test_images_of_others_are_never_replaced(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "holiday.png").write_bytes(b"")
    with pytest.raises(InputError, match=r"found 1 images such as holiday\.png"):
        earlier_files(tmp_path, overwrite=True)


def test_a_record_names_no_file_outside_of_its_folder(tmp_path: Path) -> None:
    entries = [{"file": name} for name in ("../a.png", "/a.png", "b/c.png", "notes.txt", "d.png")]
    (tmp_path / RECORD).write_text(json.dumps({"images": entries}))
    assert earlier_files(tmp_path, overwrite=True) == {"d.png", "grid.png"}


@pytest.mark.parametrize("content", ["[]", "{}", '{"images": 3}', '{"images": ["a.png"]}'])
def test_a_record_of_something_else_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / RECORD).write_text(content)
    with pytest.raises(InputError, match="not written by condgan generate"):
        earlier_files(tmp_path, overwrite=True)
