import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from condgan.data.archives import MAX_FILE_BYTES, Folder
from condgan.data.listing import inside, list_folder, open_folder, text_in
from condgan.errors import InputError

PIXELS = b"\x89PNG\r\n\x1a\n and some pixels"  # archives do not decode
TWO = {"cat/0.png": PIXELS + b"0", "dog/1.png": PIXELS + b"1"}


def write_zip(file: Path, members: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file


def write_tar(file: Path, members: Mapping[str, bytes], mode: str = "w") -> Path:
    with tarfile.open(file, mode) as archive:  # type: ignore[call-overload]
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return file


def write_link(file: Path, name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> None:
    with tarfile.open(file, "a") as archive:
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, target
        archive.addfile(info)


WRITERS: list[tuple[str, Callable[[Path, Mapping[str, bytes]], Path]]] = [
    ("a.zip", write_zip),
    ("bzip2.zip", lambda file, members: write_zip(file, members, zipfile.ZIP_BZIP2)),
    ("lzma.zip", lambda file, members: write_zip(file, members, zipfile.ZIP_LZMA)),
    ("a.tar", write_tar),
    ("a.tar.gz", lambda file, members: write_tar(file, members, "w:gz")),
    ("a.tgz", lambda file, members: write_tar(file, members, "w:gz")),
    ("a.tar.bz2", lambda file, members: write_tar(file, members, "w:bz2")),
    ("a.tar.xz", lambda file, members: write_tar(file, members, "w:xz")),
    ("no suffix", lambda file, members: write_tar(file, members, "w:xz")),
]
both = pytest.mark.parametrize(("name", "write"), [WRITERS[0], WRITERS[3]])


def contents(folder: Folder) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in list_folder(folder).images}


def assert_refused(path: Path, *parts: str) -> None:
    """Asserts that opening the archive, or reading all of its images, fails with a message that contains the parts."""
    with pytest.raises(InputError) as raised:
        contents(open_folder(path))
    for part in (str(path), *parts):
        assert part in str(raised.value)


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


def patched(file: Path, flags: int, method: int) -> Path:
    """Sets flags and compression method of all members in the headers of a zip file."""
    content = bytearray(file.read_bytes())
    for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = content.find(signature)
        while start >= 0:
            content[start + place : start + place + 4] = struct.pack("<HH", flags, method)
            start = content.find(signature, start + 1)
    file.write_bytes(content)
    return file


@pytest.mark.parametrize(
    ("flags", "method", "message"),
    [
        (1, 8, "needs a password"),
        (1, 99, "needs a password"),
        (0, 9, "compressed with Deflate64"),
        (0, 93, "compressed with Zstandard"),
        (0, 98, "compressed with PPMd"),
        (0, 14, "damaged"),
    ],
)
def test_members_that_cannot_be_unpacked_are_named(tmp_path: Path, flags: int, method: int, message: str) -> None:
    assert_refused(patched(write_zip(tmp_path / "a.zip", TWO), flags, method), "a.zip/cat/0.png", message)


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        (b"", ["an empty file"]),
        (b"<html>Not found</html>", ["a web page, beginning with '<html>"]),
        (b"version https://git-lfs.github.com/spec/v1", ["a Git LFS pointer"]),
        (b"7z\xbc\xaf\x27\x1c rest", ["a 7z archive"]),
        (b"Rar!\x1a\7\0", ["a RAR archive"]),
        (b"PK\x03\x04" + bytes(500), ["its end is missing", "download or pack it again"]),
        (b"\x1f\x8b" + bytes(600), ["damaged archive"]),
        (lzma.compress(b"no tar file"), ["damaged archive"]),
    ],
)
def test_what_is_no_archive_is_described(tmp_path: Path, content: bytes, parts: list[str]) -> None:
    (tmp_path / "a.zip").write_bytes(content)
    assert_refused(tmp_path / "a.zip", *parts)


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:xz"])
@pytest.mark.parametrize("share", [0.3, 0.6])
def test_a_tar_file_that_is_cut_off_is_refused(tmp_path: Path, mode: str, share: float) -> None:
    file = write_tar(tmp_path / "a.tar", {f"{i}.png": bytes(range(256)) * 9 for i in range(9)}, mode)
    content = file.read_bytes()
    file.write_bytes(content[: int(len(content) * share)])
    assert_refused(file)


def test_a_broken_header_within_a_tar_file_is_refused(tmp_path: Path) -> None:
    file = write_tar(tmp_path / "a.tar", TWO)
    content = bytearray(file.read_bytes())
    content[1024 + 3] ^= 255  # in the second header
    file.write_bytes(content)
    assert_refused(file, "damaged at byte 1024")


def test_a_member_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    file = write_zip(tmp_path / "a.zip", TWO)
    content = file.read_bytes()
    for signature, place in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):  # the size of the unpacked member
        start = content.index(signature) + place
        content = content[:start] + struct.pack("<I", MAX_FILE_BYTES + 1) + content[start + 4 :]
    file.write_bytes(content)
    assert_refused(file, f"unpack to {MAX_FILE_BYTES + 1 + len(PIXELS) + 1}, expected at most")


def test_a_pipe_is_no_archive(tmp_path: Path) -> None:
    for device in ("/dev/zero", "/dev/null"):
        assert_refused(Path(device), "a pipe or device")


@pytest.mark.parametrize("name", ["../secret/x.png", "/etc/x.png", "a/../../x.png", "C:\\x.png", "..", "a\0b.png"])
def test_a_name_that_leads_outside_is_refused(tmp_path: Path, name: str) -> None:
    for folder in (tmp_path, open_folder(write_zip(tmp_path / "a.zip", TWO))):
        with pytest.raises(InputError, match="leads outside of"):
            inside(folder, name)
        assert str(inside(folder, "cat/../dog//./1.png")) == f"{folder}/dog/1.png"


@both
@given(data=st.data())
def test_changed_bytes_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory,
    name: str,
    write: Callable[[Path, Mapping[str, bytes]], Path],
    data: st.DataObject,
) -> None:
    content = bytearray(write(tmp_path_factory.getbasetemp() / name, TWO).read_bytes())
    for place in data.draw(st.lists(st.integers(0, 1100), max_size=4)):
        content[place % len(content)] ^= data.draw(st.integers(1, 255))
    (tmp_path_factory.getbasetemp() / name).write_bytes(content)
    with suppress(InputError):
        folder = open_folder(tmp_path_factory.getbasetemp() / name)
        assert set(contents(folder)) == set(list_folder(folder).images)
