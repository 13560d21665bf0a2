"""Generators with a layout and random weights, and the files of their runs."""

import json
from inspect import signature
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save
from torch import nn

from condgan.config import Config
from condgan.export import onnx_file
from condgan.generate import LoadedGenerator, untrained
from condgan.recipes.layout import layout
from contracts import TINY, tiny_images

RECIPE = f"{layout.__module__}:{layout.__name__}"


def random_layouts(kind: str = "multi_label", resolution: int = 32, **options: Any) -> LoadedGenerator:
    """Returns an untrained generator with larger weights, none of them zero, so that images differ visibly."""
    tiny = {name: size for name, size in TINY.items() if name in signature(layout).parameters}
    images = tiny_images(kind, resolution)
    config = Config.of(RECIPE, tiny | {"num_free": 0} | options, f"shapes:{kind}", images, seed=0, precision="no")
    generator = untrained(config)
    torch.manual_seed(0)
    for weight in generator.network.parameters():
        if not weight.any():
            nn.init.normal_(weight, 0, 0.1)
        if weight.ndim == 4:
            weight.data *= 2
    return generator


@pytest.fixture(scope="session")
def layouts() -> LoadedGenerator:
    """A generator of images of 16x16."""
    return random_layouts(resolution=16)


@pytest.fixture(scope="session")
def layout_file(layouts: LoadedGenerator, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ONNX file of `layouts`."""
    file = tmp_path_factory.mktemp("exported") / "model.onnx"
    file.write_bytes(onnx_file(layouts))
    return file


def save_generator(generator: LoadedGenerator, file: Path) -> None:
    """Writes the file that a run saves."""
    weights = {name: weight.contiguous() for name, weight in generator.network.state_dict().items()}
    file.write_bytes(save(weights, {"run": json.dumps(generator.config.to_json())}))


def write_run(generator: LoadedGenerator, folder: Path, conditions: list[str]) -> None:
    """Writes a folder of a run that was evaluated on some conditions, as far as a report needs it."""
    folder.mkdir()
    save_generator(generator, folder / "generator.safetensors")
    (folder / "run.json").write_text(json.dumps(generator.config.to_json()))
    per_condition: dict[str, Any] = {"pairs": {text: [[0.5, 0.4, 0.6]] * 2 for text in conditions}}
    metrics = {"judge": "small", "draws": 1, "seed": 0, "rows": {}, "per_condition": per_condition}
    (folder / "metrics.json").write_text(json.dumps(metrics))
