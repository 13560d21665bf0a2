import gzip
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
import torchvision.datasets
from PIL import Image

from condgan.conditions import Attributes, Class, MultiLabel
from condgan.data import Reading, load_images, torchvision_sets
from condgan.errors import InputError
from written import write_images, write_mnist


def test_a_data_set_of_torchvision_is_read_from_its_root_with_its_split(tmp_path: Path) -> None:
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    write_mnist(raw)
    for file in raw.glob("*.gz"):
        file.with_suffix("").write_bytes(gzip.decompress(file.read_bytes()))
    images = load_images(f"torchvision:{tmp_path}/MNIST", 32)
    digits = load_images(f"mnist:{raw}", 32)
    assert isinstance(images.condition, Class)
    assert images.condition.values[3] == "3 - three"
    assert torch.equal(images.labels, digits.labels)
    assert torch.equal(images.held_out, digits.held_out)
    assert (images.images - digits.images.float()).abs().max() <= 2  # resized by Pillow and by torchvision
    assert "parts read as a split: 'test': held out; 'train': trained on" in images.notices


def test_a_data_set_of_torchvision_without_parts_is_stratified(tmp_path: Path) -> None:
    write_images(tmp_path / "eurosat" / "2750", [f"{name}/{i}.png" for name in ("Forest", "River") for i in range(40)])
    images = load_images(f"torchvision:{tmp_path}/EuroSAT", 16)
    assert images.condition.values == ("Forest", "River")
    assert images.labels[images.held_out].tolist() == [0, 0, 1, 1]
    file = tmp_path / "eurosat" / "2750" / "Forest" / "3.png"
    with Image.open(file) as image:
        pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1)
    (row,) = [i for i, each in enumerate(images.images) if torch.equal(each, pixels)]
    assert images.labels[row] == 0
    file.write_bytes(b"broken")
    with pytest.raises(InputError, match="EuroSAT, image 23: broken image"):
        load_images(f"torchvision:{tmp_path}/EuroSAT", 16)


def test_data_sets_of_torchvision_that_are_missing_or_unknown_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"CIFAR10: cannot be read from .*; name the folder that contains its files"):
        load_images(f"torchvision:{tmp_path}/CIFAR10", 16)
    with pytest.raises(InputError, match=r"unknown data set 'Cifar10'; did you mean 'CIFAR10'\?; expected one of"):
        load_images("torchvision:Cifar10", 16)
    with pytest.raises(InputError, match=r"expected .* torchvision:NAME"):
        load_images("torchvision", 16)


@pytest.mark.parametrize("name", torchvision_sets.PARTS)
def test_torchvision_has_every_data_set_of_the_table_and_its_arguments(name: str, tmp_path: Path) -> None:
    for arguments in torchvision_sets.PARTS[name].values():
        with pytest.raises((RuntimeError, FileNotFoundError)):  # another error would be one of the arguments
            getattr(torchvision.datasets, name)(str(tmp_path), **arguments, download=False)


def test_the_path_of_a_root_is_recorded_in_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from condgan.cli.train import _absolute
    from condgan.config import data_name

    monkeypatch.chdir(tmp_path)
    assert _absolute("torchvision:data/CIFAR10") == f"torchvision:{tmp_path}/data/CIFAR10"
    assert _absolute("torchvision:CIFAR10") == "torchvision:CIFAR10"
    assert data_name("torchvision:/home/ann/CIFAR10") == "torchvision:CIFAR10"


@dataclass
class ClassLabel:
    names: Sequence[str]


@dataclass
class Value:
    dtype: str


@dataclass
class List:
    feature: Value


class Image_:
    """The feature of images; the library's class is called Image."""


Image_.__name__ = "Image"


@dataclass
class Dataset:
    """Columns, with the methods of the library's class that are used."""

    features: Mapping[str, Any]
    columns: Mapping[str, Sequence[Any]]
    split: str | None = None

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def __getitem__(self, key: str | int) -> Any:
        return self.columns[key] if isinstance(key, str) else {name: self.columns[name][key] for name in self.columns}

    def select_columns(self, names: Sequence[str]) -> "Dataset":
        return Dataset(self.features, {name: self.columns[name] for name in names})


FEATURES = {
    "image": Image_(),
    "label": ClassLabel(["cat", "dog"]),
    "tags": List(Value("string")),
    "ok": Value("bool"),
    "score": Value("float32"),
}


def rows(num: int) -> Dataset:
    colors = [Image.new("RGB", (16, 16), (i, 0, 0)) for i in range(num)]
    columns: dict[str, list[Any]] = {
        "image": colors,
        "label": [i % 2 for i in range(num)],
        "tags": [["small", "old"][: 1 + i % 2] for i in range(num)],
        "ok": [i % 3 == 0 for i in range(num)],
        "score": [i / 2 for i in range(num)],
    }
    return Dataset(FEATURES, columns)


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A module with the functions of the library `datasets` that are used."""
    module = ModuleType("datasets")
    found: dict[tuple[str, ...], Any] = {
        ("ann/pets",): {"train": rows(40), "test": rows(10)},
        ("ann/pets", "german"): {"train": rows(20)},
        ("ann/languages",): {"en": rows(20), "de": rows(20)},
    }
    vars(module).update(
        __version__="5.2.0",
        disable_progress_bars=lambda: None,
        load_from_disk=lambda folder: rows(40),
        load_dataset=lambda *name: found[name],
    )
    monkeypatch.setitem(sys.modules, "datasets", module)
    return module


def chosen(*columns: str) -> Reading:
    return Reading(label_columns=columns)


@pytest.mark.usefixtures("library")
def test_a_class_and_the_split_of_a_huggingface_data_set_are_read() -> None:
    images = load_images("huggingface:ann/pets", 16, reading=chosen("label"))
    assert images.condition == Class(["cat", "dog"])
    assert images.labels.tolist() == [i % 2 for i in [*range(40), *range(10)]]
    assert images.held_out.nonzero().flatten().tolist() == list(range(40, 50))
    assert images.images[:, 0, 0, 0].tolist() == [*range(40), *range(10)]
    assert "splits read as parts: 'test': held out; 'train': trained on" in images.notices
    assert "columns left out, neither names nor numbers of classes: score" in images.notices


def test_names_of_classes_with_separators_are_no_sets_of_labels(
    library: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    features = FEATURES | {"label": ClassLabel(["tench, Tinca tinca", "a|b;c=d"])}
    monkeypatch.setattr(library, "load_dataset", lambda name: Dataset(features, rows(40).columns))
    images = load_images("huggingface:ann/fish", 16, reading=chosen("label"))
    assert images.condition == Class(["a / b / c / d", "tench / Tinca tinca"])
    assert (
        load_images("huggingface:ann/fish", 16, reading=chosen("label", "ok")).condition.values[0]
        == "a / b / c / d label"
    )


@pytest.mark.usefixtures("library")
def test_lists_of_a_huggingface_data_set_are_sets_and_several_columns_attributes() -> None:
    sets = load_images("huggingface:ann/pets:german", 16, reading=chosen("tags"))
    assert sets.condition == MultiLabel(["old", "small"])
    assert sets.labels[:2].tolist() == [[0, 1], [1, 1]]
    attributes = load_images("huggingface:ann/pets:german", 16, reading=chosen("label", "ok"))
    assert attributes.condition == Attributes({"label": ["cat", "dog"], "ok": ["0", "1"]})
    assert attributes.labels[:3].tolist() == [[0, 1], [1, 0], [0, 0]]


@pytest.mark.usefixtures("library")
def test_splits_that_are_no_parts_are_read_together() -> None:
    images = load_images("huggingface:ann/languages", 16, reading=chosen("label"))
    assert len(images) == 40
    assert images.labels[images.held_out].tolist() == [0, 1]
    assert "splits read together: en, de" in images.notices


@pytest.mark.usefixtures("library")
def test_a_folder_of_save_to_disk_is_read_by_the_library(tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text("{}")
    assert len(load_images(f"huggingface:{tmp_path}", 16, reading=chosen("label"))) == 40


@pytest.mark.usefixtures("library")
def test_a_huggingface_data_set_that_is_not_found_or_broken_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match=r"huggingface:ann/none: cannot be read .*expected a folder of save_to_disk"):
        load_images("huggingface:ann/none", 16)
    with pytest.raises(InputError, match=r"expected one column of images \(image\).*choose it with --file-column"):
        load_images("huggingface:ann/pets", 16, reading=Reading(file_column="label"))
    with pytest.raises(InputError, match="several labels are only allowed in a single column"):
        load_images("huggingface:ann/pets", 16)
    broken = rows(40)
    vars(sys.modules["datasets"])["load_dataset"] = lambda name: {"train": broken}
    broken.columns["image"][7] = None  # type: ignore[index]
    with pytest.raises(InputError, match="huggingface:ann/pets, train, row 7: broken image"):
        load_images("huggingface:ann/pets", 16)


def test_without_the_library_or_with_one_that_runs_code_of_data_sets_they_are_refused(
    library: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library, "__version__", "3.6.0")
    with pytest.raises(InputError, match=r"found datasets 3\.6\.0, which can run code of a data set; expected 4\.0"):
        load_images("huggingface:ann/pets", 16)
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(InputError, match="needs the library datasets: pip install datasets"):
        load_images("huggingface:ann/pets", 16)
