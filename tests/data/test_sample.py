"""The embedded sample and the embedded judge have the properties that docs/sample.md states."""

import runpy
from importlib.resources import files
from pathlib import Path

import pytest
import torch

from condgan.data import Images, iclevr, sample
from condgan.judge import load_judge
from condgan.metrics import condition_accuracy, exact_accuracy
from condgan.rendering import HELD_OUT_TRIPLES
from conftest import Folder

PACK = Path(__file__).parents[2] / "scripts" / "pack-sample"


@pytest.fixture(scope="module")
def images() -> Images:
    return sample()


def test_the_sample_has_2000_scenes_of_three_frames_in_ten_megabytes(images: Images) -> None:
    assert (len(images), len(images.scenes.unique()), int(images.held_out.sum())) == (6000, 2000, 600)
    assert len((files("condgan.data") / "sample.zip").read_bytes()) <= 10_000_000


def test_training_images_never_contain_a_held_out_triple(images: Images) -> None:
    triples = images.condition.parse_all(map(", ".join, HELD_OUT_TRIPLES))
    labels = images.part(held_out=False).labels
    assert (labels.float() @ triples.float().T).max() == 2
    assert set(images.condition_lists) == {"test", "new_test"}
    assert ((images.condition_lists["new_test"].float() @ triples.float().T).amax(1) == 3).all()


def test_the_embedded_judge_classifies_held_out_images(images: Images) -> None:
    judge, held_out = load_judge(None, images.condition), images.part(held_out=True)
    samples = judge.classify(held_out.images, held_out.labels)
    assert condition_accuracy(samples, samples, images.condition).value >= 0.98
    assert exact_accuracy(samples, samples, images.condition).value >= 0.95
    assert len((files("condgan") / "judge.safetensors").read_bytes()) <= 5_000_000


def test_packing_keeps_labels_and_holds_out_every_tenth_scene(iclevr_folder: Folder, tmp_path: Path) -> None:
    out = tmp_path / "packed.zip"
    runpy.run_path(str(PACK))["pack"](iclevr_folder.path, out)
    packed, original = iclevr(out, 32), iclevr(iclevr_folder.path, 32)
    assert torch.equal(packed.labels, original.labels)
    assert packed.scenes[packed.held_out].unique().tolist() == [0, 10, 20]
