"""The cache of what networks make of real images."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from condgan.data import Images
from condgan.judge import Judge, Samples, small_judge
from condgan.judged import classified
from condgan.judged_cache import cache_key
from contracts import tiny_images

ALL = torch.arange(40)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own for each test."""
    monkeypatch.setenv("CONDGAN_CACHE", str(tmp_path))
    return tmp_path


class Counting:
    """A network that counts the images it sees."""

    def __init__(self, judge: Judge):
        self.judge, self.fingerprint, self.num_seen = judge, judge.fingerprint, 0

    def classify(self, images: Tensor, c: Tensor) -> Samples:
        self.num_seen += len(images)
        return self.judge.classify(images, c)


def network(images: Images, seed: int = 0) -> Counting:
    torch.manual_seed(seed)
    return Counting(small_judge(images.condition, 16))


def same(a: Samples, b: Samples) -> bool:
    return torch.equal(a.logits, b.logits) and torch.equal(a.features, b.features)


def test_known_outputs_are_read_instead_of_computed() -> None:
    images = tiny_images("class")
    first, again = network(images), network(images)
    computed = classified(images, ALL, {"judge": first}, map)["judge"]
    read = classified(images, ALL, {"judge": again}, map)["judge"]
    assert (first.num_seen, again.num_seen) == (40, 0)
    assert same(computed, read)
    assert torch.equal(read.c, images.labels)


def test_only_unknown_networks_see_the_images() -> None:
    images = tiny_images("class")
    known, other = network(images), network(images, seed=1)
    classified(images, ALL, {"judge": known}, map)
    both = classified(images, ALL, {"judge": known, "second": other}, map)
    assert (known.num_seen, other.num_seen) == (40, 40)
    assert not same(both["judge"], both["second"])


def test_other_images_networks_and_choices_have_other_keys() -> None:
    images = tiny_images("class")
    pixels = images.images.clone()
    pixels[7, 1, 2, 3] ^= 1
    keys = [
        cache_key("a", images, ALL),
        cache_key("b", images, ALL),
        cache_key("a", replace(images, images=pixels), ALL),
        cache_key("a", images, ALL[1:]),
        cache_key("a", images, ALL.flip(0)),
    ]
    assert len(set(keys)) == len(keys)
    relabelled = replace(images, labels=images.labels.flip(0))
    assert cache_key("a", relabelled, ALL) == keys[0]


@pytest.mark.parametrize("damage", ["flipped", "cut", "empty", "other"])
def test_a_damaged_file_is_computed_again(folder: Path, damage: str) -> None:
    images = tiny_images("class")
    first = network(images)
    before = classified(images, ALL, {"judge": first}, map)["judge"]
    (file,) = folder.glob("*.outputs")
    content = file.read_bytes()
    middle = len(content) // 2
    flipped = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
    file.write_bytes({"flipped": flipped, "cut": content[:-9], "empty": b"", "other": b"PK"}[damage])
    after = classified(images, ALL, {"judge": first}, map)["judge"]
    assert first.num_seen == 80
    assert same(before, after)
    assert file.read_bytes() == content


def test_the_order_of_pixels_in_memory_does_not_matter() -> None:
    images = tiny_images("class")
    permuted = replace(images, images=images.images.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2))
    assert cache_key("a", permuted, ALL) == cache_key("a", images, ALL)
