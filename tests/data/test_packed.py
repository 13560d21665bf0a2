import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from test_archives import write_zip
from torch import Tensor

from condgan import files
from condgan.data import cache, listing, packed, parallel
from condgan.data.archives import Folder
from condgan.data.decode import decode
from condgan.data.image_files import ImageFiles
from condgan.data.listing import list_folder, open_folder
from condgan.data.packed import content_hashes, decode_images
from condgan.data.progress import watched
from condgan.errors import InputError
from written import write_images


@pytest.fixture(autouse=True)
def folder_of_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CONDGAN_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def images(tmp_path: Path) -> Path:
    write_images(tmp_path / "images", [f"{i}.bmp" for i in range(20)])
    return tmp_path / "images"


def read(path: Path, resolution: int = 16) -> Tensor:
    folder = open_folder(path)
    return decode_images(path, ImageFiles(folder, list_folder(folder).images), resolution)


def pixels(file: Path) -> Tensor:
    with Image.open(file) as image:
        return torch.from_numpy(np.asarray(image).transpose(2, 0, 1).copy())


def packed_file(folder: Path) -> Path:
    (file,) = folder.glob("*.pixels")
    return file


def test_images_are_in_order(images: Path) -> None:
    assert torch.equal(read(images), torch.stack([pixels(images / name) for name in list_folder(images).images]))


def test_more_images_than_are_decoded_at_once_are_in_order(images: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "PART_BYTES", 0)
    write_images(images, [f"{i}.bmp" for i in range(150)])
    assert torch.equal(read(images), torch.stack([pixels(images / name) for name in list_folder(images).images]))


@pytest.fixture
def two_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reads few images as many are read on two cores."""
    monkeypatch.setattr(parallel, "MANY", 1)
    monkeypatch.setattr(parallel, "num_cores", lambda: 2)


needs_fork = pytest.mark.skipif(sys.platform != "linux", reason="images are read by several processes on Linux only")


@needs_fork
@pytest.mark.usefixtures("two_processes")
def test_processes_write_the_same_file_as_threads(
    images: Path, folder_of_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = folder_of_cache.with_name("pids")

    def recorded(file: Folder, resolution: int) -> tuple[np.ndarray, bytes]:
        with record.open("a") as pid:
            pid.write(f"{os.getpid()}\n")
        return decode(file, resolution)

    monkeypatch.setattr(packed, "decode", recorded)
    first = read(images).clone()
    content = packed_file(folder_of_cache).read_bytes()
    pids = list(map(int, record.read_text().split()))
    assert len(pids) == 20
    assert os.getpid() not in pids
    packed_file(folder_of_cache).unlink()
    monkeypatch.setattr(parallel, "num_cores", lambda: 1)
    assert torch.equal(read(images), first)
    assert packed_file(folder_of_cache).read_bytes() == content


@needs_fork
@pytest.mark.usefixtures("two_processes")
def test_an_error_in_a_process_names_the_image_and_leaves_nothing(images: Path, folder_of_cache: Path) -> None:
    (images / "7.bmp").write_bytes(b"BM")
    with pytest.raises(InputError, match=r"7\.bmp"):
        read(images)
    assert [file.suffix for file in folder_of_cache.iterdir()] == [".hashes"]


@needs_fork
@pytest.mark.usefixtures("two_processes")
def test_a_killed_process_is_one_message_and_leaves_nothing(
    images: Path, folder_of_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packed, "decode", lambda *_: os.kill(os.getpid(), signal.SIGKILL))
    with pytest.raises(InputError, match="a process that read images was ended from outside"):
        read(images)
    assert [file.suffix for file in folder_of_cache.iterdir()] == [".hashes"]


def test_files_of_an_archive_are_read_by_threads(
    tmp_path: Path, images: Path, two_processes: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    members = {file.name: file.read_bytes() for file in images.iterdir()}
    write_zip(tmp_path / "a.zip", members)
    monkeypatch.setattr(parallel, "_in_processes", None)
    monkeypatch.setattr(packed, "content_hashes", lambda files: np.zeros((1, 32), np.uint8))
    assert torch.equal(
        read(tmp_path / "a.zip"), torch.stack([pixels(images / name) for name in list_folder(images).images])
    )


def test_progress_is_reported(images: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, int, int | None]] = []
    monkeypatch.setattr(listing, "REPORTED", 8)
    with watched(lambda *progress: seen.append(progress)):
        read(images)
    read(images, 32)
    assert [each for each in seen if each[0] == "listed"] == [("listed", 8, None), ("listed", 16, None)]
    for what in ("hashed", "decoded"):
        numbers = [done for name, done, total in seen if name == what and total == 20]
        assert numbers == sorted(set(numbers))
        assert numbers[-1] == 20


@pytest.mark.parametrize("age", [0, 100_000])
def test_a_changed_image_of_the_same_size_and_time_is_decoded_again(images: Path, age: float) -> None:
    file = images / "3.bmp"
    past = time.time() - age
    for each in images.iterdir():
        os.utime(each, (past, past))
    before = read(images).clone()
    Image.new("RGB", (16, 16), "red").save(file)
    os.utime(file, (past, past))
    after = read(images)
    place = list_folder(images).images.index("3.bmp")
    assert after[place, :, 0, 0].tolist() == [255, 0, 0]
    assert torch.equal(after[:place], before[:place])


def test_a_changed_archive_of_the_same_size_and_time_is_decoded_again(tmp_path: Path, images: Path) -> None:
    file = tmp_path / "a.zip"
    for name in ("3.bmp", "4.bmp"):
        write_zip(file, {"a.bmp": (images / name).read_bytes()}, method=0)
        os.utime(file, (0, 0))
        assert torch.equal(read(file)[0], pixels(images / name))


def test_equal_content_is_decoded_once_wherever_it_is(
    images: Path, folder_of_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = read(images)
    packed_file(folder_of_cache)
    images.rename(images.with_name("moved"))
    for file in images.with_name("moved").iterdir():
        file.touch()

    def fail(*_: object) -> None:
        raise AssertionError("decoded again")

    monkeypatch.setattr(packed, "decode", fail)
    assert torch.equal(read(images.with_name("moved")), first)


def recorded_hashes(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Returns a list to which every file is added that is hashed from now on."""
    hashed: list[Path] = []
    real = packed._content_hash

    def record(file: Path) -> bytes:
        hashed.append(file)
        return real(file)

    monkeypatch.setattr(packed, "_content_hash", record)
    return hashed


def test_only_changed_files_are_hashed_again(images: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = sorted(images.iterdir())
    monkeypatch.setattr(packed, "RECENT", -(2**40))  # as if all files were old
    before = content_hashes(files)
    files[5].write_bytes(b"other")
    hashed = recorded_hashes(monkeypatch)
    after = content_hashes(files)
    assert hashed == [files[5]]
    assert (before != after).any(1).nonzero()[0].tolist() == [5]


def test_files_that_were_just_written_are_hashed_again(images: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = sorted(images.iterdir())
    content_hashes(files)
    hashed = recorded_hashes(monkeypatch)
    content_hashes(files)
    assert sorted(hashed) == files


@pytest.mark.parametrize("damage", ["truncated", "emptied", "changed", "longer"])
@pytest.mark.parametrize("suffix", ["pixels", "hashes"])
def test_a_damaged_file_of_the_cache_is_written_again(
    images: Path, folder_of_cache: Path, damage: str, suffix: str
) -> None:
    whole = read(images).clone()
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
    assert torch.equal(read(images), whole)
    assert file.read_bytes() != broken[damage]


def test_writing_to_the_images_does_not_change_the_cache(images: Path) -> None:
    first = read(images)
    before = first.clone()
    first.zero_()
    assert torch.equal(read(images), before)


def test_a_full_disk_is_one_message_before_anything_is_decoded(
    images: Path, folder_of_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files, "_reserve", full)
    monkeypatch.setattr(packed, "decode", full)
    with pytest.raises(
        InputError, match=r"cannot write .*No space left on device; 0\.0 MB are needed; free some space"
    ):
        read(images)
    assert list(folder_of_cache.iterdir()) == []


def test_a_broken_image_leaves_nothing_in_the_cache(images: Path, folder_of_cache: Path) -> None:
    (images / "7.bmp").write_bytes(b"BM")
    with pytest.raises(InputError, match=r"7\.bmp"):
        read(images)
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
    images: Path, folder_of_cache: Path
) -> None:
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(folder_of_cache)], stdout=subprocess.PIPE)
    assert writer.stdout
    assert writer.stdout.readline() == b"writing\n"
    read(images)
    assert len(list(folder_of_cache.glob(".*.tmp"))) == 1
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    writer.stdout.close()
    read(images, 32)
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


@pytest.mark.parametrize("name", ["../secret.png", "/etc/passwd", "a/../../secret.png"])
def test_names_that_lead_outside_of_the_folder_are_not_read(tmp_path: Path, images: Path, name: str) -> None:
    write_images(tmp_path, ["secret.png"])
    with pytest.raises(InputError, match="leads outside of"):
        decode_images(images, ImageFiles(images, [name]), 16)


def test_a_missing_image_is_named(images: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.png: no such image"):
        decode_images(images, ImageFiles(images, ["nowhere.png"]), 16)
