"""Judges that recognise no more than chance."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from condgan.conditions import Attributes, Class, Condition, MultiLabel
from condgan.data import Images
from condgan.errors import InputError
from condgan.judge import (
    HeldOut,
    Samples,
    formats,
    held_out_accuracy,
    judge_for,
    judge_to_bytes,
    load_judge,
    load_second_judge,
    read_judge,
    small_judge,
)

ABC = Class(("a", "b", "c"))


def images_of(condition: Condition, labels: Tensor) -> Images:
    """Images with these labels, the second half of which is held out."""
    n = len(labels)
    held_out = torch.arange(n) >= n // 2
    pixels = torch.zeros(n, 3, 8, 8, dtype=torch.uint8)
    return Images(pixels, labels, condition, torch.arange(n), held_out)


def seen(images: Images, c: Tensor) -> HeldOut:
    """What a judge that answers `c` reaches on the held-out images."""
    labels = images.labels[images.held_out]
    found = held_out_accuracy(Samples(labels, images.condition.encode(c), torch.empty(len(labels), 0)), images)
    assert found is not None
    return found


def test_chance_is_always_the_most_frequent_class_of_the_training_images() -> None:
    labels = torch.tensor([0] * 50 + [1] * 30 + [2] * 20 + [0] * 10 + [1] * 60 + [2] * 30)
    images = images_of(ABC, labels)
    right = labels[images.held_out]
    assert seen(images, right).chance[0] == pytest.approx(0.1)
    assert not seen(images, right).is_chance
    always = seen(images, torch.zeros(100, dtype=torch.int64))
    assert always.accuracy == always.chance
    assert always.is_chance
    assert seen(images, 2 - right.clamp(max=1) * 2).is_chance  # worse than chance


@pytest.mark.parametrize(("num_right", "is_chance"), [(50, True), (55, True), (75, False)])
def test_an_accuracy_within_the_interval_of_chance_is_chance(num_right: int, is_chance: bool) -> None:
    images = images_of(Class(("a", "b")), torch.arange(200) % 2)
    right = images.labels[images.held_out]
    answers = torch.where(torch.arange(100) < num_right, right, 1 - right)
    found = seen(images, answers)
    assert found.accuracy[0] == pytest.approx(num_right / 100)
    assert found.chance[0] == 0.5
    assert found.is_chance is is_chance


def test_chance_of_sets_is_the_most_frequent_labels_and_of_attributes_one_value_of_each() -> None:
    sets = torch.tensor([[1, 1, 0], [1, 0, 0], [1, 0, 1], [1, 1, 0]] * 10, dtype=torch.uint8)
    # Of 3 labels a, b, c in 70 places of 40 images: a is always guessed first, then b
    assert seen(images_of(MultiLabel("abc"), sets), sets[20:]).chance[0] == pytest.approx(30 / 35)
    pairs = torch.tensor([[0, 0], [0, 1], [0, 2], [1, 1]] * 10)
    images = images_of(Attributes({"hair": ("aqua", "red"), "eyes": ("red", "blue", "green")}), pairs)
    assert seen(images, pairs[20:]).chance[0] == pytest.approx((15 + 10) / 40)


def test_without_anything_to_recognise_nothing_is_known() -> None:
    images = images_of(MultiLabel("ab"), torch.zeros(4, 2, dtype=torch.uint8))
    labels = images.labels[images.held_out]
    assert held_out_accuracy(Samples(labels, labels.float(), torch.empty(2, 0)), images) is None


def write_judge(file: Path, held_out: HeldOut | None) -> Path:
    judge = small_judge(ABC, 8)
    judge.held_out = held_out
    file.write_bytes(judge_to_bytes(judge))
    return file


CHANCE = HeldOut((0.36, 0.30, 0.42), (0.33, 0.28, 0.39))
ABOVE = HeldOut((0.55, 0.48, 0.62), (0.33, 0.28, 0.39))


def test_a_judge_at_chance_is_refused_as_a_scorer_and_can_be_read(tmp_path: Path) -> None:
    file = write_judge(tmp_path / "judge.safetensors", CHANCE)
    message = (
        rf"{file}: it recognises 0\.36 \[0\.30, 0\.42\] .* no more than chance, 0\.33 \[0\.28, 0\.39\].*"
        r"more --epochs"
    )
    for load in (lambda: load_judge(file, ABC), lambda: judge_for(ABC, file)):
        with pytest.raises(InputError, match=message):
            load()
    first = load_judge(write_judge(tmp_path / "first.safetensors", ABOVE), ABC)
    with pytest.raises(InputError, match=message):
        load_second_judge(file, first, first_is_embedded=False)
    assert read_judge(file, ABC).held_out == CHANCE


def test_an_embedded_judge_that_cannot_score_is_not_taken_for_one_of_other_labels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(formats, "files", lambda package: tmp_path)
    embedded = write_judge(tmp_path / formats.EMBEDDED, ABOVE)
    assert judge_for(ABC, None)
    assert judge_for(Class(("a", "b")), None) is None
    write_judge(embedded, CHANCE)
    with pytest.raises(InputError, match="no more than chance"):
        judge_for(ABC, None)
    embedded.write_bytes(b"")
    with pytest.raises(InputError, match="broken file"):
        judge_for(ABC, None)


@pytest.mark.parametrize("held_out", [ABOVE, None])
def test_judges_above_chance_and_those_that_do_not_tell_are_loaded(tmp_path: Path, held_out: HeldOut | None) -> None:
    assert load_judge(write_judge(tmp_path / "judge.safetensors", held_out), ABC).held_out == held_out


def test_the_accuracy_does_not_change_the_fingerprint() -> None:
    judge = small_judge(ABC, 8)
    before = judge.fingerprint
    judge.held_out = ABOVE
    assert judge.fingerprint == before
