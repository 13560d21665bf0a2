import errno
import os
from pathlib import Path

import pytest

from condgan import files
from condgan.errors import InputError


def test_a_written_file_has_its_content_and_nothing_else_is_left(tmp_path: Path) -> None:
    files.write(tmp_path / "new" / "folder" / "a.bin", b"\x00\xff")
    files.write(tmp_path / "b.txt", "grün")
    assert (tmp_path / "new" / "folder" / "a.bin").read_bytes() == b"\x00\xff"
    assert (tmp_path / "b.txt").read_text(encoding="utf-8") == "grün"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["b.txt", "new"]


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt, OSError])
def test_a_failure_leaves_the_old_file_unchanged(tmp_path: Path, failure: type[BaseException]) -> None:
    file = tmp_path / "a.txt"
    files.write(file, "old")
    with pytest.raises(InputError if failure is OSError else failure), files.atomic_file(file) as half:  # noqa: PT012
        half.write(b"half")
        raise failure
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


def test_the_old_file_stays_until_the_new_one_is_complete(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    files.write(file, "old")
    with files.atomic_file(file) as new:
        new.write(b"new")
        assert file.read_text() == "old"
        assert Path(new.name).parent == file.parent  # renaming is atomic only within a file system
    assert file.read_text() == "new"


def test_whoever_has_the_old_file_open_reads_it_to_its_end(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    files.write(file, "old")
    with file.open() as opened:
        files.write(file, "new")
        assert opened.read() == "old"  # the file was replaced, not overwritten


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        (errno.EDQUOT, "free some space, or choose another folder"),
        (errno.ENOSPC, "free some space, or choose another folder"),
        (errno.EROFS, "choose another folder"),
    ],
)
def test_a_disk_that_refuses_is_named_and_the_old_file_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, advice: str
) -> None:
    def refuse(descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    files.write(tmp_path / "a.txt", "old")
    monkeypatch.setattr(os, "fsync", refuse)
    reason = f"{os.strerror(number)}; nothing was left behind; {advice}"
    with pytest.raises(InputError, match=rf"cannot write .*a\.txt: {reason}$"):
        files.write(tmp_path / "a.txt", "new")
    assert [file.name for file in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "old"


def test_a_path_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a file, where a folder is needed")
    with pytest.raises(InputError, match=r"cannot write .*a\.txt: .*; nothing was left behind; choose another folder$"):
        files.write(tmp_path / "file" / "a.txt", "content")


def test_written_json_is_read_back_and_ends_with_a_newline(tmp_path: Path) -> None:
    file, content = tmp_path / "a.json", {"a": [1, 2.5, None], "grün": "é"}
    files.write_json(file, content)
    assert files.read_json(file) == content
    assert file.read_text().endswith("}\n")
    assert len(file.read_text().splitlines()) > 3  # indented, for people


@pytest.mark.parametrize(("text", "line"), [("{", 1), ('{"a": 1,\n "b"}', 2), ("", 1)])
def test_wrong_json_is_refused_naming_file_and_line(tmp_path: Path, text: str, line: int) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(InputError, match=rf"a\.json, line {line}: .*expected valid JSON"):
        files.read_json(tmp_path / "a.json")
    with pytest.raises(InputError, match=f"^header, line {line}: "):
        files.parse_json(text, "header")


@pytest.mark.parametrize("text", ["[" * 100_000, "1" * 10_000], ids=["depth", "digits"])
def test_json_beyond_all_measure_is_refused_naming_the_file(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(InputError, match=r"a\.json: .*expected valid JSON"):
        files.read_json(tmp_path / "a.json")


def test_numbers_that_json_does_not_have_are_null() -> None:
    assert files.as_json({"a": (float("inf"), Path("b"), True)}) == {"a": [None, "b", True]}


def test_text_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes("grün".encode("latin-1"))
    with pytest.raises(InputError, match=r"a\.txt: expected text in UTF-8"):
        files.read_text(tmp_path / "a.txt")


def test_temporary_files_that_nobody_writes_are_removed(tmp_path: Path) -> None:
    left, others = tmp_path / ".a.json.0123456789abcdef.tmp", [tmp_path / ".mine.tmp", tmp_path / "a.json"]
    for path in (left, *others):
        path.touch()
    with files.atomic_file(tmp_path / "b.json") as file:
        files.remove_left_behind(tmp_path)
        assert sorted(tmp_path.iterdir()) == sorted([*others, Path(file.name)])
    files.remove_left_behind(tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted([*others, tmp_path / "b.json"])


@pytest.mark.parametrize("name", [".", "..", "folder"])
def test_a_folder_is_not_replaced_by_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError, match="found a folder, expected the name of a file"):
        files.write(Path(name), "text")
    assert [file.name for file in tmp_path.iterdir()] == ["folder"]


def test_a_key_that_occurs_twice_is_named() -> None:
    assert files.parse_json('{"a": {"b": 1}, "b": 2}', "x.json") == {"a": {"b": 1}, "b": 2}
    with pytest.raises(InputError, match=r"^x\.json: 'b' occurs twice in the same object; keep one$"):
        files.parse_json('{"a": [{"b": 1, "c": 0, "b": 1}]}', "x.json")
