from pathlib import Path

import pytest

from condgan import files
from condgan.errors import InputError


def test_what_is_written_is_read(tmp_path: Path) -> None:
    files.write(tmp_path / "new" / "folder" / "a.bin", b"\x00\xff")
    files.write(tmp_path / "b.txt", "grün")
    assert (tmp_path / "new" / "folder" / "a.bin").read_bytes() == b"\x00\xff"
    assert (tmp_path / "b.txt").read_text(encoding="utf-8") == "grün"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["b.txt", "new"]


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt, OSError])
def test_a_failure_half_way_leaves_the_old_file_alone(tmp_path: Path, failure: type[BaseException]) -> None:
    file = tmp_path / "a.txt"
    files.write(file, "old")
    with pytest.raises(InputError if failure is OSError else failure), files.atomic_path(file) as temporary:  # noqa: PT012
        temporary.write_text("half")
        raise failure
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


def test_the_old_file_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    files.write(file, "old")
    with files.atomic_path(file) as temporary:
        temporary.write_text("new")
        assert file.read_text() == "old"
        assert temporary.parent == file.parent  # so that renaming it is one step
    assert file.read_text() == "new"


def test_a_place_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match=r"cannot write .*a\.txt"):
        files.write(tmp_path / "file" / "a.txt", "content")
