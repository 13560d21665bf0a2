"""Reads folders of images through the cache of decoded ones."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from condgan.data.image_files import ImageFiles
from condgan.data.listing import list_folder
from condgan.data.opening import open_folder
from condgan.data.packed import decode_images
from written import write_images


@pytest.fixture
def folder_of_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache."""
    monkeypatch.setenv("CONDGAN_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def image_folder(tmp_path: Path) -> Path:
    """A folder of twenty images."""
    write_images(tmp_path / "images", [f"{i}.bmp" for i in range(20)])
    return tmp_path / "images"


def read(path: Path, resolution: int = 16) -> Tensor:
    folder = open_folder(path)
    return decode_images(path, ImageFiles(folder, list_folder(folder).images), resolution)


def pixels(file: Path) -> Tensor:
    with Image.open(file) as image:
        return torch.from_numpy(np.asarray(image).transpose(2, 0, 1).copy())


def all_pixels(folder: Path) -> Tensor:
    return torch.stack([pixels(folder / name) for name in list_folder(folder).images])


def packed_file(folder: Path) -> Path:
    (file,) = folder.glob("*.pixels")
    return file
