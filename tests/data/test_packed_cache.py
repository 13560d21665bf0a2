"""Decoded images on disk: which files are decoded again, and what is left after an error."""

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from PIL import Image

from archived import write_zip
from condgan import files
from condgan.data import cache, packed
from condgan.data.listing import list_folder
from condgan.data.packed import content_hashes
from condgan.errors import InputError
from packed_images import packed_file, pixels, read

pytestmark = pytest.mark.usefixtures("folder_of_cache")


@pytest.mark.parametrize("age", [0, 100_000])
def test_a_changed_image_of_the_same_size_and_time_is_decoded_again(image_folder: Path, age: float) -> None:
    file = image_folder / "3.bmp"
    past = time.time() - age
    for each in image_folder.iterdir():
        os.utime(each, (past, past))
    before = read(image_folder).clone()
    Image.new("RGB", (16, 16), "red").save(file)
    os.utime(file, (past, past))
    after = read(image_folder)
    place = list_folder(image_folder).images.index("3.bmp")
    assert after[place, :, 0, 0].tolist() == [255, 0, 0]
    assert torch.equal(after[:place], before[:place])


def test_a_changed_archive_of_the_same_size_and_time_is_decoded_again(tmp_path: Path, image_folder: Path) -> None:
    file = tmp_path / "a.zip"
    for name in ("3.bmp", "4.bmp"):
        write_zip(file, {"a.bmp": (image_folder / name).read_bytes()}, method=0)
        os.utime(file, (0, 0))
        assert torch.equal(read(file)[0], pixels(image_folder / name))


def test_equal_content_is_decoded_once_wherever_it_is(
    image_folder: Path, folder_of_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = read(image_folder)
    packed_file(folder_of_cache)
    image_folder.rename(image_folder.with_name("moved"))
    for file in image_folder.with_name("moved").iterdir():
        file.touch()

    def fail(*_: object) -> None:
        raise AssertionError("decoded again")

    monkeypatch.setattr(packed, "decode", fail)
    assert torch.equal(read(image_folder.with_name("moved")), first)


def recorded_hashes(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Returns a list to which every file is added that is hashed from now on."""
    hashed: list[Path] = []
    real = packed._content_hash

    def record(file: Path) -> bytes:
        hashed.append(file)
        return real(file)

    monkeypatch.setattr(packed, "_content_hash", record)
    return hashed


def test_only_changed_files_are_hashed_again(image_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = sorted(image_folder.iterdir())
    monkeypatch.setattr(packed, "RECENT", -(2**40))  # as if all files were old
    before = content_hashes(files)
    files[5].write_bytes(b"other")
    hashed = recorded_hashes(monkeypatch)
    after = content_hashes(files)
    assert hashed == [files[5]]
    assert (before != after).any(1).nonzero()[0].tolist() == [5]


def test_files_that_were_just_written_are_hashed_again(image_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = sorted(image_folder.iterdir())
    content_hashes(files)
    hashed = recorded_hashes(monkeypatch)
    content_hashes(files)
    assert sorted(hashed) == files


@pytest.mark.parametrize("damage", ["truncated", "emptied", "changed", "longer"])
@pytest.mark.parametrize("suffix", ["pixels", "hashes"])
def test_a_damaged_file_of_the_cache_is_written_again(
    image_folder: Path, folder_of_cache: Path, damage: str, suffix: str
) -> None:
    whole = read(image_folder).clone()
    (file,) = folder_of_cache.glob(f"*.{suffix}")
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    broken: dict[str, bytes | bytearray] = {
        "truncated": content[:100],
        "emptied": b"",
        "changed": content,
        "longer": file.read_bytes() + b"1",
    }
    file.write_bytes(broken[damage])
    assert torch.equal(read(image_folder), whole)
    assert file.read_bytes() != broken[damage]


def test_writing_to_the_images_does_not_change_the_cache(image_folder: Path) -> None:
    first = read(image_folder)
    before = first.clone()
    first.zero_()
    assert torch.equal(read(image_folder), before)


def test_a_full_disk_is_one_message_before_anything_is_decoded(
    image_folder: Path, folder_of_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    def fail(*_: object) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr(files, "_reserve", full)
    monkeypatch.setattr(packed, "decode", fail)
    with pytest.raises(
        InputError, match=r"cannot write .*No space left on device; 0\.0 MB are needed; free some space"
    ):
        read(image_folder)
    assert list(folder_of_cache.iterdir()) == []


def test_a_broken_image_leaves_nothing_in_the_cache(image_folder: Path, folder_of_cache: Path) -> None:
    (image_folder / "7.bmp").write_bytes(b"BM")
    with pytest.raises(InputError, match=r"7\.bmp"):
        read(image_folder)
    assert [file.suffix for file in folder_of_cache.iterdir()] == [".hashes"]


WRITER = """
import sys, time
from pathlib import Path
from condgan.data.cache import new_file
with new_file(Path(sys.argv[1]) / "x.pixels", 1000) as file:
    print("writing", flush=True)
    time.sleep(100)
"""


@pytest.mark.slow
def test_what_a_killed_process_left_is_removed_and_what_a_living_one_writes_is_kept(
    image_folder: Path, folder_of_cache: Path
) -> None:
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(folder_of_cache)], stdout=subprocess.PIPE)
    assert writer.stdout
    assert writer.stdout.readline() == b"writing\n"
    read(image_folder)
    assert len(list(folder_of_cache.glob(".*.tmp"))) == 1
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    writer.stdout.close()
    read(image_folder, 32)
    assert not list(folder_of_cache.glob(".*.tmp"))


def test_two_writers_of_the_same_file_do_not_disturb_each_other(folder_of_cache: Path) -> None:
    file = folder_of_cache / "x.pixels"
    with cache.new_file(file, 3) as first:
        with cache.new_file(file, 3) as second:
            first.write(b"abc")
            second.write(b"abc")
        assert cache.is_whole(file, 3)
    assert cache.is_whole(file, 3)
    assert list(folder_of_cache.iterdir()) == [file]
