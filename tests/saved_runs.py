"""Runs of a few steps that are saved after each, and everything in their folders."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

import trainings
from condgan import run as run_module
from condgan.config import Config
from condgan.data import Images
from condgan.files import read_json
from condgan.generate import LoadedGenerator
from condgan.run import Run
from contracts import leaves, tiny_images
from trainings import EVERY_STEP


def train(folder: Path, images: Images, steps: int = 5, recipe: str = "faulty:steady", **options: Any) -> Run:
    """Trains a run up to a step and saves every step; continues it if it exists."""
    run = Run(folder, Config.of(recipe, options, "shapes", images, 0, "no"), data="shapes", resume=True)
    trainings.train(run, images, steps, EVERY_STEP, score)
    return run


def score(generator: LoadedGenerator) -> dict[str, float]:
    return {"weight": next(generator.parameters()).sum().item()}


def content_of(folder: Path) -> dict[str, Any]:
    """Returns the content of every file of a run, without times."""
    return {str(file.relative_to(folder)): parsed(file) for file in sorted(folder.rglob("*")) if is_compared(file)}


def is_compared(file: Path) -> bool:
    return file.is_file() and "tensorboard" not in file.parts


def parsed(file: Path) -> Any:
    if file.suffix == ".pt":
        saved = torch.load(file, weights_only=True)
        return {name: tensor.tolist() for name, tensor in leaves(saved).items()}, saved["state"]["step"]
    if file.name == "saves.json":
        entries = read_json(file)["saves"]  # the hash of a checkpoint, which holds times, differs
        return [(e["checkpoint"], {n: h for n, h in e["files"].items() if n != e["checkpoint"]}) for e in entries]
    if file.suffix == ".jsonl":
        return [
            {name: value for name, value in json.loads(line).items() if name not in ("seconds", "images_per_second")}
            for line in file.read_text().splitlines()
        ]
    return file.read_bytes()


@pytest.fixture(scope="session")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of five steps that was never interrupted."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_module, "LOG_STEPS", 2)
        train(folder, tiny_images("multi_label"))
    return folder
