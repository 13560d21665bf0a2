import gzip
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision

from condgan.conditions import Class
from condgan.data import load_images, mnist
from condgan.errors import InputError
from written import idx, write_mnist

IMAGES, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"


@pytest.fixture
def digits(tmp_path: Path) -> Path:
    folder = tmp_path / "digits"
    folder.mkdir()
    write_mnist(folder)
    return folder


def assert_refused(folder: Path, *parts: object) -> None:
    with pytest.raises(InputError) as raised:
        mnist(folder)
    for part in parts:
        assert str(part) in str(raised.value)


def test_digits_are_not_changed_at_28_pixels(digits: Path) -> None:
    images = mnist(digits)
    assert images.condition == Class("0123456789")
    assert (images.channels, images.resolution, images.symmetric) == (1, 28, False)
    first = np.random.default_rng(0).integers(0, 256, (40, 28, 28))
    assert np.array_equal(images.images[:40, 0].numpy(), first)
    assert images.labels.tolist() == [*(i % 10 for i in range(40)), *range(10)]


def test_the_test_digits_are_held_out(digits: Path) -> None:
    images = mnist(digits)
    assert images.held_out.tolist() == [False] * 40 + [True] * 10
    assert images.scenes.tolist() == list(range(50))


def test_other_resolutions_are_resized(digits: Path) -> None:
    images = mnist(digits, 32)
    whole = torch.nn.functional.interpolate(mnist(digits).images.float(), (32, 32), mode="bilinear", antialias=True)
    assert images.images.shape == (50, 1, 32, 32)
    assert images.images.dtype == torch.uint8
    assert (images.images.float() - whole).abs().max() <= 1
    with pytest.raises(InputError, match="resolution 60: expected a power of two"):
        mnist(digits, 60)


def test_the_layout_is_recognised_by_its_files(digits: Path) -> None:
    by_name = load_images(f"mnist:{digits}").content_hash
    assert load_images(str(digits)).content_hash == by_name
    archive = shutil.make_archive(str(digits), "zip", digits.parent, digits.name)  # one folder in a zip file
    assert load_images(archive).content_hash == by_name


def test_a_missing_file_is_reported(digits: Path) -> None:
    (digits / "t10k-labels-idx1-ubyte.gz").unlink()
    assert_refused(digits, digits / "t10k-labels-idx1-ubyte", "no such file, with or without .gz")
    assert_refused(digits / "nowhere", "nowhere", "no such folder")


@pytest.mark.parametrize("keep", [0, 3, 10, 500])
def test_a_truncated_file_is_reported(digits: Path, keep: int) -> None:
    (digits / IMAGES).write_bytes((digits / IMAGES).read_bytes()[:keep])
    assert_refused(digits, digits / IMAGES, "restore it")


def test_a_broken_gzip_file_is_reported(digits: Path) -> None:
    file = digits / "t10k-images-idx3-ubyte.gz"
    whole = file.read_bytes()
    for broken in (whole[:-100], b"not gzip", whole[:50] + b"\0" * 50 + whole[100:]):
        file.write_bytes(broken)
        assert_refused(digits, file, "broken file", "restore it")


def test_a_file_with_another_number_of_dimensions_is_reported(digits: Path) -> None:
    (digits / IMAGES).write_bytes((digits / LABELS).read_bytes())
    assert_refused(digits, digits / IMAGES, "3-dimensional")


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        (LABELS, np.zeros(39), "found 39 labels, expected 40"),
        (LABELS, np.full(40, 10), "entry 0: found 10, expected 0 to 9"),
        (IMAGES, np.zeros((40, 20, 20)), "found images of (20, 20) pixels, expected 28 x 28"),
        (IMAGES, np.zeros((0, 28, 28)), "non-empty"),
    ],
)
def test_inconsistent_files_are_reported(digits: Path, name: str, array: np.ndarray, message: str) -> None:
    (digits / name).write_bytes(idx(array))
    assert_refused(digits, digits / name, message)


def test_without_a_folder_digits_are_downloaded_to_the_cache(
    digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONDGAN_CACHE", str(tmp_path / "cache"))

    class Downloaded:
        def __init__(self, root: Path, *, download: bool):
            assert (root, download) == (tmp_path / "cache", True)
            self.raw_folder = str(shutil.copytree(digits, root / "raw"))

    monkeypatch.setattr(torchvision.datasets, "MNIST", Downloaded)
    assert load_images("mnist").content_hash == mnist(digits).content_hash


def test_a_failed_download_suggests_a_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("Error downloading:\nTried a mirror, got:\nno route")

    monkeypatch.setattr(torchvision.datasets, "MNIST", fail)
    with pytest.raises(InputError, match=r"mnist: download failed \(Error downloading: Tried .*use mnist:FOLDER"):
        load_images("mnist")


def test_each_file_may_be_compressed(digits: Path) -> None:
    before = mnist(digits).content_hash
    (digits / f"{IMAGES}.gz").write_bytes(gzip.compress((digits / IMAGES).read_bytes()))
    (digits / IMAGES).unlink()
    assert mnist(digits).content_hash == before


@pytest.mark.parametrize("name", ["{}.{}-ubyte", "{}-{}.ubyte", "{}_{}_ubyte"])
def test_other_separators_and_sub_folders_are_read(digits: Path, name: str) -> None:
    before = mnist(digits).content_hash
    for file in list(digits.iterdir()):
        kind, dims = file.name.removesuffix(".gz").removesuffix("-ubyte").rsplit("-", 1)
        to = digits / "deeper" / kind / (name.format(kind, dims) + (".gz" if file.suffix == ".gz" else ""))
        to.parent.mkdir(parents=True)
        file.rename(to)
    assert load_images(str(digits)).content_hash == before


def test_other_files_and_second_copies_are_named(digits: Path) -> None:
    before = mnist(digits).content_hash
    (digits / IMAGES.replace("-idx3", ".idx3")).write_bytes((digits / IMAGES).read_bytes())
    (digits / "notes.txt").write_text("no digits")
    images = mnist(digits)
    assert images.content_hash == before
    second = IMAGES.replace("-idx3", ".idx3")
    assert images.notices == [f"left out files that are not images: 2 (notes.txt, {second})"]


def test_emnist_is_transposed_and_named_by_its_mapping(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (6, 28, 28))
    for part in ("train", "test"):
        for kind, array in (("images-idx3", pixels), ("labels-idx1", np.array([1, 2, 5, 1, 2, 5]))):
            (tmp_path / f"emnist-letters-{part}-{kind}-ubyte.gz").write_bytes(gzip.compress(idx(array)))
    (tmp_path / "emnist-letters-mapping.txt").write_text("1 65 97\n2 66 98\n5 69 101\n")
    images = load_images(str(tmp_path))
    assert images.condition == Class(("A", "B", "E"))
    assert images.labels.tolist() == [0, 1, 2] * 4
    assert np.array_equal(images.images[:6, 0].numpy(), pixels.transpose(0, 2, 1))
    assert "the images of EMNIST are stored transposed and were transposed back" in images.notices


def test_several_data_sets_of_idx_files_are_refused(digits: Path) -> None:
    (digits / f"emnist-letters-{IMAGES}").write_bytes(b"")
    assert_refused(digits, "found idx files of several data sets", "emnist-letters")
