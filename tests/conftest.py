import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from hypothesis import settings
from PIL import Image

from batches import batches
from browsers import browser
from commands import condgan, finished
from condgan.rendering.scenes import LABELS
from packed_images import folder_of_cache, image_folder
from random_layouts import layout_file, layouts, random_layouts, save_generator
from report_runs import trained_runs
from saved_runs import uninterrupted
from trainings import images, log_every_two_steps

__all__ = [
    "batches",
    "browser",
    "condgan",
    "finished",
    "folder_of_cache",
    "image_folder",
    "images",
    "layout_file",
    "layouts",
    "log_every_two_steps",
    "trained_runs",
    "uninterrupted",
]

torch.set_num_threads(1)
settings.register_profile("laws", deadline=None, derandomize=True, database=None, max_examples=60)
settings.load_profile("laws")
os.environ["OMP_NUM_THREADS"] = "1"  # for the commands that tests start


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of a finished run are slow: it is trained and evaluated first."""
    for item in items:
        if "finished" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(autouse=True)
def fresh_accelerator() -> Iterator[None]:
    """Accelerate keeps its state for the whole process."""
    yield
    AcceleratorState._reset_state(reset_partial_state=True)


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONDGAN_CACHE", str(folder))
        yield folder


@pytest.fixture
def accelerator() -> Accelerator:
    return Accelerator(cpu=True)


@dataclass(frozen=True)
class Folder:
    """An i-CLEVR folder that a test may spoil."""

    path: Path

    def read(self, name: str) -> Any:
        return json.loads((self.path / name).read_text())

    def write(self, name: str, content: Any) -> None:
        (self.path / name).write_text(json.dumps(content))

    @property
    def first_frame(self) -> Path:
        return self.path / str(next(iter(self.read("train.json"))))


@pytest.fixture
def iclevr_folder(tmp_path: Path) -> Folder:
    """Twenty-two scenes of two frames, frames of 30x20 noise, two of the scenes held out."""
    folder = Folder(tmp_path / "iclevr")
    folder.path.mkdir()
    rng = np.random.default_rng(0)
    labels = {
        f"CLEVR_train_{scene:06d}_{frame}.png": [LABELS[(scene + 5 * i) % 24] for i in range(frame + 1)]
        for scene in range(22)
        for frame in range(2)
    }
    for name in labels:
        Image.fromarray(rng.integers(0, 256, (20, 30, 3), dtype=np.uint8)).save(folder.path / name)
    folder.write("objects.json", {name: i for i, name in enumerate(LABELS)})
    folder.write("train.json", labels)
    folder.write("test.json", [["gray cube"], ["red cube", "blue sphere"]])
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a generator with layouts of a set of shapes, untrained."""
    file = tmp_path_factory.mktemp("model") / "model.safetensors"
    save_generator(random_layouts(), file)
    return file
