import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from archived import PIXELS, TWO, WRITERS, assert_refused, both, contents, write_tar, write_zip
from condgan.data.listing import list_folder
from condgan.data.opening import inside, open_folder, text_in
from condgan.errors import InputError


def write_link(file: Path, name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> None:
    with tarfile.open(file, "a") as archive:
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, target
        archive.addfile(info)


@pytest.mark.parametrize(("name", "write"), WRITERS)
def test_every_kind_of_archive_is_read_like_a_folder(
    tmp_path: Path, name: str, write: Callable[[Path, Mapping[str, bytes]], Path]
) -> None:
    folder = open_folder(write(tmp_path / name, TWO | {"labels.csv": "file,größe\n".encode()}))
    assert contents(folder) == TWO
    assert text_in(folder, "labels.csv") == "file,größe\n"
    assert (folder / "cat").is_dir()
    assert not (folder / "fox").exists()
    assert sorted(entry.name for entry in folder.iterdir()) == ["cat", "dog", "labels.csv"]
    assert str(folder / "cat" / "0.png") == f"{tmp_path / name}/cat/0.png"
    assert list(list_folder(folder).notices(read=["labels.csv"])) == []


@both
def test_names_that_lead_outside_are_left_out(
    tmp_path: Path, name: str, write: Callable[[Path, Mapping[str, bytes]], Path]
) -> None:
    bad = ["../up.png", "/etc/root.png", "C:\\disk.png", "a/../../b.png"]
    folder = open_folder(write(tmp_path / name, TWO | dict.fromkeys(bad, PIXELS)))
    assert list_folder(folder).images == list(TWO)
    (sentence,) = list_folder(folder).notices()
    assert sentence.startswith("left out members whose names lead outside of the archive: 4 (../up.png")


@both
def test_backslashes_separate_folders(
    tmp_path: Path, name: str, write: Callable[[Path, Mapping[str, bytes]], Path]
) -> None:
    folder = open_folder(write(tmp_path / name, {"cat\\0.png": PIXELS, "dog\\sub\\1.png": PIXELS}))
    assert list_folder(folder).images == ["cat/0.png", "dog/sub/1.png"]


@pytest.mark.filterwarnings("ignore:Duplicate name")
@both
def test_of_members_of_the_same_name_the_last_is_read(
    tmp_path: Path, name: str, write: Callable[[Path, Mapping[str, bytes]], Path]
) -> None:
    folder = open_folder(write(tmp_path / name, TWO | {"./cat/0.png": PIXELS + b"new"}))
    assert (folder / "cat/0.png").read_bytes() == PIXELS + b"new"
    assert list(list_folder(folder).notices()) == ["left out earlier members of the same name: 1 (cat/0.png)"]


@both
def test_what_systems_add_and_archives_inside_are_left_out(
    tmp_path: Path, name: str, write: Callable[[Path, Mapping[str, bytes]], Path]
) -> None:
    more = {"__MACOSX/._0.png": b"", "cat/.DS_Store": b"", "cat/more.zip": b"PK\3\4", "cat/psd.psd": b"8BPS"}
    folder = open_folder(write(tmp_path / name, TWO | more))
    assert contents(folder) == TWO
    assert list(list_folder(folder).notices()) == [
        "left out hidden and system files: 2 (__MACOSX/._0.png, cat/.DS_Store)",
        "left out archives inside, which have to be unpacked first: 1 (cat/more.zip)",
        "left out files that are not images: 1 (cat/psd.psd)",
    ]


@pytest.mark.parametrize(
    ("names", "top"),
    [
        (["faces/cat/0.png", "faces/dog/1.png"], "faces"),
        (["faces/faces/cat/0.png", "faces/faces/dog/1.png"], "faces/faces"),
        (["faces/cat/0.png", "faces/cat/1.png"], "faces"),
        (["cat/0.png", "dog/1.png"], ""),
        (["faces/cat/0.png", "labels.csv"], ""),
    ],
)
def test_a_single_folder_of_an_archive_is_opened(tmp_path: Path, names: list[str], top: str) -> None:
    folder = open_folder(write_zip(tmp_path / "a.zip", dict.fromkeys([*names, "__MACOSX/x"], PIXELS)))
    assert str(folder) == str(tmp_path / "a.zip") + (f"/{top}" if top else "")


def test_links_are_followed_within_an_archive_only(tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(PIXELS)
    file = write_tar(tmp_path / "a.tar", TWO)
    write_link(file, "dog/link.png", "../cat/0.png")
    write_link(file, "dog/hard.png", "cat/0.png", tarfile.LNKTYPE)
    write_link(file, "dog/twice.png", "link.png")
    for name, target in (("up", "../../secret.png"), ("root", str(tmp_path / "secret.png")), ("loop", "loop.png")):
        write_link(file, f"dog/{name}.png", target)
    write_link(file, "dog/pipe.png", "", tarfile.FIFOTYPE)
    write_link(file, "dog/zero.png", "", tarfile.CHRTYPE)
    folder = open_folder(file)
    linked = dict.fromkeys(["dog/link.png", "dog/hard.png", "dog/twice.png"], TWO["cat/0.png"])
    assert contents(folder) == TWO | linked
    assert list(list_folder(folder).notices()) == [
        "left out pipes, devices and other special members: 2 (dog/pipe.png, dog/zero.png)",
        "left out links that do not lead to a file of the archive: 3 (dog/loop.png, dog/root.png, dog/up.png)",
    ]


def test_links_in_a_zip_file_are_followed_within_it_only(tmp_path: Path) -> None:
    file = write_zip(tmp_path / "a.zip", TWO)
    with zipfile.ZipFile(file, "a") as archive:
        for name, target in (("cat/link.png", "../dog/1.png"), ("cat/up.png", "/etc/passwd")):
            info = zipfile.ZipInfo(name)
            info.external_attr = 0o120777 << 16
            archive.writestr(info, target)
    folder = open_folder(file)
    assert contents(folder) == TWO | {"cat/link.png": TWO["dog/1.png"]}
    assert list(list_folder(folder).notices()) == [
        "left out links that do not lead to a file of the archive: 1 (cat/up.png)"
    ]


def renamed(file: Path, old: bytes, new: bytes) -> Path:
    assert len(old) == len(new)
    file.write_bytes(file.read_bytes().replace(old, new))
    return file


def test_names_in_an_unknown_encoding_are_refused_with_what_they_could_be(tmp_path: Path) -> None:
    gbk = renamed(write_zip(tmp_path / "gbk.zip", {"AAAA/0.png": PIXELS}), b"AAAA", "红花".encode("gbk"))
    assert_refused(gbk, "unknown encoding", "'红花/0.png' in GB18030", "unpack it")
    latin = renamed(write_zip(tmp_path / "dos.zip", {"gruXn/0.png": PIXELS}), b"gruXn", "grün ".encode("cp850"))
    assert_refused(latin, "unknown encoding", "'grün /0.png' in CP850")
    tar = renamed(write_tar(tmp_path / "gbk.tar", {"AAAA/0.png": PIXELS}), b"AAAA", "AA红".encode("gbk"))
    assert_refused(tar)


def test_names_in_utf_8_are_read_without_the_flag_for_it(tmp_path: Path) -> None:
    file = renamed(write_zip(tmp_path / "a.zip", {"XXX/0.png": PIXELS, "b/1.png": PIXELS}), b"XXX", "猫".encode())
    assert list_folder(open_folder(file)).images == ["b/1.png", "猫/0.png"]
    assert (
        list_folder(open_folder(write_zip(tmp_path / "b.zip", {"猫/0.png": PIXELS, "犬/0.png": PIXELS}))).images[1]
        == "猫/0.png"
    )


def test_a_name_in_an_extra_field_is_preferred(tmp_path: Path) -> None:
    raw = b"k\x84tze/0.png"
    field = b"\1" + struct.pack("<I", zlib.crc32(raw)) + "kätze/0.png".encode()
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        info = zipfile.ZipInfo("kXtze/0.png")
        info.extra = struct.pack("<HH", 0x7075, len(field)) + field
        archive.writestr(info, PIXELS)
        archive.writestr("b/1.png", PIXELS)
    assert "kätze/0.png" in list_folder(open_folder(renamed(tmp_path / "a.zip", b"kXtze", b"k\x84tze"))).images


@pytest.mark.parametrize("name", ["../secret/x.png", "/etc/x.png", "a/../../x.png", "C:\\x.png", "..", "a\0b.png"])
def test_a_name_that_leads_outside_is_refused(tmp_path: Path, name: str) -> None:
    for folder in (tmp_path, open_folder(write_zip(tmp_path / "a.zip", TWO))):
        with pytest.raises(InputError, match="leads outside of"):
            inside(folder, name)
        assert str(inside(folder, "cat/../dog//./1.png")) == f"{folder}/dog/1.png"
