"""Small images that are saved to files and decoded."""

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from condgan.data.decode import decode, pillow_warnings

SIDE = 16


def decoded(file: Path) -> np.ndarray:
    """Decodes a file to (SIDE, SIDE, 3)."""
    with pillow_warnings():
        return decode(file, SIDE)[0].transpose(1, 2, 0)


def saved(folder: Path, image: Image.Image, name: str = "image.png", **options: Any) -> Path:
    image.save(folder / name, **options)
    return folder / name


def noise(seed: int = 0) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8))
