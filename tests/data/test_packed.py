import os
import signal
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from archived import write_zip
from condgan.data import listing, packed, parallel
from condgan.data.archives import Folder
from condgan.data.decode import decode
from condgan.data.image_files import ImageFiles
from condgan.data.packed import decode_images
from condgan.data.progress import watched
from condgan.errors import InputError
from packed_images import all_pixels, packed_file, read
from written import write_images

pytestmark = pytest.mark.usefixtures("folder_of_cache")


def test_images_are_in_order(image_folder: Path) -> None:
    assert torch.equal(read(image_folder), all_pixels(image_folder))


def test_more_images_than_are_decoded_at_once_are_in_order(image_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "PART_BYTES", 0)
    write_images(image_folder, [f"{i}.bmp" for i in range(150)])
    assert torch.equal(read(image_folder), all_pixels(image_folder))


@pytest.fixture
def two_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reads few images as many are read on two cores."""
    monkeypatch.setattr(parallel, "MANY", 1)
    monkeypatch.setattr(parallel, "num_cores", lambda: 2)


needs_fork = pytest.mark.skipif(sys.platform != "linux", reason="images are read by several processes on Linux only")


@needs_fork
@pytest.mark.usefixtures("two_processes")
def test_processes_write_the_same_file_as_threads(
    image_folder: Path, folder_of_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = folder_of_cache.with_name("pids")

    def recorded(file: Folder, resolution: int) -> tuple[np.ndarray, bytes]:
        with record.open("a") as pid:
            pid.write(f"{os.getpid()}\n")
        return decode(file, resolution)

    monkeypatch.setattr(packed, "decode", recorded)
    first = read(image_folder).clone()
    content = packed_file(folder_of_cache).read_bytes()
    pids = list(map(int, record.read_text().split()))
    assert len(pids) == 20
    assert os.getpid() not in pids
    packed_file(folder_of_cache).unlink()
    monkeypatch.setattr(parallel, "num_cores", lambda: 1)
    assert torch.equal(read(image_folder), first)
    assert packed_file(folder_of_cache).read_bytes() == content


@needs_fork
@pytest.mark.usefixtures("two_processes")
def test_an_error_in_a_process_names_the_image_and_leaves_nothing(image_folder: Path, folder_of_cache: Path) -> None:
    (image_folder / "7.bmp").write_bytes(b"BM")
    with pytest.raises(InputError, match=r"7\.bmp"):
        read(image_folder)
    assert [file.suffix for file in folder_of_cache.iterdir()] == [".hashes"]


@needs_fork
@pytest.mark.usefixtures("two_processes")
def test_a_killed_process_is_one_message_and_leaves_nothing(
    image_folder: Path, folder_of_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packed, "decode", lambda *_: os.kill(os.getpid(), signal.SIGKILL))
    with pytest.raises(InputError, match="a process that read images was ended from outside"):
        read(image_folder)
    assert [file.suffix for file in folder_of_cache.iterdir()] == [".hashes"]


def test_files_of_an_archive_are_read_by_threads(
    tmp_path: Path, image_folder: Path, two_processes: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    members = {file.name: file.read_bytes() for file in image_folder.iterdir()}
    write_zip(tmp_path / "a.zip", members)
    monkeypatch.setattr(parallel, "_in_processes", None)
    monkeypatch.setattr(packed, "content_hashes", lambda files: np.zeros((1, 32), np.uint8))
    assert torch.equal(
        read(tmp_path / "a.zip"),
        all_pixels(image_folder),
    )


def test_progress_is_reported(image_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, int, int | None]] = []
    monkeypatch.setattr(listing, "REPORTED", 8)
    with watched(lambda *progress: seen.append(progress)):
        read(image_folder)
    read(image_folder, 32)
    assert [each for each in seen if each[0] == "listed"] == [("listed", 8, None), ("listed", 16, None)]
    for what in ("hashed", "decoded"):
        numbers = [done for name, done, total in seen if name == what and total == 20]
        assert numbers == sorted(set(numbers))
        assert numbers[-1] == 20


@pytest.mark.parametrize("name", ["../secret.png", "/etc/passwd", "a/../../secret.png"])
def test_names_that_lead_outside_of_the_folder_are_not_read(tmp_path: Path, image_folder: Path, name: str) -> None:
    write_images(tmp_path, ["secret.png"])
    with pytest.raises(InputError, match="leads outside of"):
        decode_images(image_folder, ImageFiles(image_folder, [name]), 16)


def test_a_missing_image_is_named(image_folder: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.png: no such image"):
        decode_images(image_folder, ImageFiles(image_folder, ["nowhere.png"]), 16)
