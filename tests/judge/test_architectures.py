"""Judges of every architecture, the second judge, and what files of judges say about their training images."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from condgan.conditions import Class, MultiLabel
from condgan.data import Images
from condgan.data.image_hashes import image_hashes
from condgan.errors import InputError
from condgan.judge import (
    ARCHITECTURES,
    Judge,
    judge_to_bytes,
    load_judge,
    load_second_judge,
    num_seen,
    train_classifier,
    train_judge,
)
from condgan.rendering.scenes import LABELS
from condgan.weights import read_safetensors, to_safetensors
from contracts import tiny_images

each = pytest.mark.parametrize("architecture", ARCHITECTURES)


def judge_of(architecture: str, images: Images, seed: int = 0) -> Judge:
    torch.manual_seed(seed)
    return ARCHITECTURES[architecture](images.condition, 16).eval()


def written(judge: Judge, folder: Path, name: str = "judge.safetensors") -> Path:
    (folder / name).write_bytes(judge_to_bytes(judge))
    return folder / name


@each
def test_a_judge_is_named_by_its_architecture_and_loaded_bit_for_bit(architecture: str, tmp_path: Path) -> None:
    images = tiny_images("multi_label", num_images=80)
    judge = judge_of(architecture, images)
    for _ in train_judge(judge, images, num_epochs=1, seed=0, batch_size=16):
        pass
    loaded = load_judge(written(judge, tmp_path), images.condition)
    assert loaded.name == architecture
    assert loaded.fingerprint == judge.fingerprint
    assert loaded.trained_on is not None
    before, after = (each.classify(images.images, images.labels) for each in (judge, loaded))
    assert torch.equal(before.logits, after.logits)
    assert torch.equal(before.features, after.features)


@each
def test_every_architecture_learns(architecture: str) -> None:
    images = tiny_images("class", num_images=160)
    losses = [
        step.loss for step in train_judge(judge_of(architecture, images), images, num_epochs=5, seed=0, batch_size=32)
    ]
    assert sum(losses[-4:]) < 0.8 * sum(losses[:4])


def test_a_classifier_follows_from_its_images_and_its_seed() -> None:
    images = tiny_images("class", num_images=100)
    torch.manual_seed(5)
    state = torch.get_rng_state()
    first, again, other = (train_classifier(images, num_epochs=1, seed=seed) for seed in (0, 0, 1))
    assert first.fingerprint == again.fingerprint != other.fingerprint
    assert torch.equal(torch.get_rng_state(), state)


def test_a_file_without_an_architecture_is_of_the_first_one(tmp_path: Path) -> None:
    images = tiny_images("class")
    file = written(judge_of("small", images), tmp_path)
    header, weights = read_safetensors(file)
    described = json.loads(header["judge"])
    del described["architecture"]
    file.write_bytes(to_safetensors(weights, {"judge": json.dumps(described)}))
    assert load_judge(file, images.condition).name == "small"


@pytest.mark.parametrize(
    ("name", "problem"),
    [("dilate", "architecture: found 'dilate'; did you mean 'dilated'"), ("dilated", "weights do not fit")],
)
def test_an_architecture_that_does_not_fit_is_refused(tmp_path: Path, name: str, problem: str) -> None:
    images = tiny_images("class")
    file = written(judge_of("small", images), tmp_path)
    header, weights = read_safetensors(file)
    described = json.loads(header["judge"]) | {"architecture": name}
    file.write_bytes(to_safetensors(weights, {"judge": json.dumps(described)}))
    with pytest.raises(InputError, match=problem):
        load_judge(file, images.condition)


@pytest.mark.parametrize("wrong", [torch.zeros(3), torch.zeros(2, 2, dtype=torch.int64)])
def test_hashes_of_another_form_are_refused(tmp_path: Path, wrong: torch.Tensor) -> None:
    images = tiny_images("class")
    judge = judge_of("small", images)
    judge.trained_on = wrong
    with pytest.raises(InputError, match=r"trained_on: found .*expected hashes"):
        load_judge(written(judge, tmp_path), images.condition)


def test_the_embedded_judges_are_of_different_architectures_and_small() -> None:
    condition = MultiLabel(LABELS)
    first = load_judge(None, condition)
    second = load_second_judge(None, first, first_is_embedded=True)
    assert second is not None
    assert (first.name, second.name) == ("small", "dilated")
    assert len(judge_to_bytes(second)) < 1_500_000


def test_a_judge_of_ones_own_has_no_second_one_unless_it_is_named(tmp_path: Path) -> None:
    images = tiny_images("class")
    first, other = judge_of("small", images), judge_of("dilated", images)
    assert load_second_judge(None, first, first_is_embedded=False) is None
    found = load_second_judge(written(other, tmp_path), first, first_is_embedded=False)
    assert found is not None
    assert found.fingerprint == other.fingerprint
    with pytest.raises(InputError, match="found the weights of the first judge"):
        load_second_judge(written(first, tmp_path), first, first_is_embedded=False)
    with pytest.raises(InputError, match="recognises 2 values"):
        load_second_judge(written(ARCHITECTURES["small"](Class("ab"), 16), tmp_path), first, first_is_embedded=False)


def test_judges_of_other_weights_or_architectures_have_other_fingerprints() -> None:
    images = tiny_images("class")
    judges = [judge_of("small", images), judge_of("small", images, seed=1), judge_of("dilated", images)]
    assert len({judge.fingerprint for judge in judges}) == 3


def test_training_images_that_a_judge_saw_are_counted() -> None:
    images = tiny_images("class", num_images=80)
    judge = judge_of("small", images)
    assert num_seen(judge, images, images.training) is None  # before it is trained
    list(train_judge(judge, images, num_epochs=1, seed=0, batch_size=16))
    assert num_seen(judge, images, images.training) == images.num_training
    assert num_seen(judge, images, torch.nonzero(images.held_out).squeeze(1)) == 0
    assert num_seen(judge, images, images.training[:10]) == 10
    larger = tiny_images("class", resolution=32)
    assert num_seen(judge, larger, larger.training) is None


@each
def test_a_judge_knows_images_of_a_size_that_it_rounds_up(architecture: str, tmp_path: Path) -> None:
    images = tiny_images("class")
    small = replace(images, images=images.images[:, :, 1:15, 1:15].contiguous())
    judge = ARCHITECTURES[architecture](small.condition, small.resolution)
    list(train_judge(judge, small, num_epochs=1, seed=0, batch_size=16))
    loaded = load_judge(written(judge, tmp_path), small.condition)
    assert num_seen(loaded, small, small.training) == small.num_training
    assert num_seen(loaded, images, images.training) is None


def test_a_single_pixel_changes_the_hash_of_its_image_only() -> None:
    images = tiny_images("class")
    pixels = images.images.clone()
    pixels[3, 0, 0, 0] ^= 1
    before, after = (image_hashes(each, torch.arange(40)) for each in (images, replace(images, images=pixels)))
    assert (before != after).nonzero().tolist() == [[3]]
