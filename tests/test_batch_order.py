"""Which images are in which batch, and the seeds of everything random."""

from types import SimpleNamespace

import pytest
import torch

import condgan.train as train_module
from condgan.draws import derived_seed
from condgan.state import TrainState
from condgan.train import batch_indices, real_batch
from contracts import run_steps, tiny_state
from small_networks import (
    equal,
    weights,
)


def process(index: int = 0, num_processes: int = 1, seed: int = 0) -> TrainState:
    accelerator = SimpleNamespace(process_index=index, num_processes=num_processes)
    return SimpleNamespace(seed=seed, accelerator=accelerator)  # type: ignore[return-value]


def epoch(number: int, num_images: int = 22, batch_size: int = 4, seed: int = 0) -> list[int]:
    steps = num_images // batch_size
    batches = [batch_indices(num_images, batch_size, number * steps + i, process(seed=seed)) for i in range(steps)]
    assert {len(batch) for batch in batches} == {batch_size}
    return torch.cat(batches).tolist()


def test_an_epoch_shows_no_image_twice_and_leaves_out_less_than_a_batch() -> None:
    shown = epoch(0)
    assert len(shown) == len(set(shown)) == 20
    assert set(shown) <= set(range(22))


def test_an_epoch_shows_every_image_once_if_batches_divide_them() -> None:
    assert sorted(epoch(3, num_images=20)) == list(range(20))


def test_epochs_and_seeds_differ_in_order() -> None:
    assert epoch(0) != epoch(1)
    assert epoch(0) != epoch(0, seed=1)
    assert epoch(1) == epoch(1)


@pytest.mark.parametrize(("num_images", "shown"), [(4, 4), (7, 4), (3, 3)])
def test_every_batch_is_an_epoch_if_images_do_not_fill_two(num_images: int, shown: int) -> None:
    batches = [batch_indices(num_images, 4, number, process()).tolist() for number in range(6)]
    assert [len(set(batch)) for batch in batches] == [shown] * 6
    assert len(set(map(tuple, batches))) > 1


def test_processes_share_a_batch_without_overlap() -> None:
    whole = batch_indices(22, 4, 7, process()).tolist()
    parts = [batch_indices(22, 4, 7, process(index, 2)).tolist() for index in (0, 1)]
    assert [len(part) for part in parts] == [2, 2]
    assert sorted(parts[0] + parts[1]) == sorted(whole)


def test_seeds_of_weights_steps_epochs_and_pretraining_differ() -> None:
    small = range(3)
    weights_and_steps = [(seed, step, process) for seed in small for step in small for process in small]
    epochs = [(seed, epoch, 0, 1) for seed in small for epoch in small]
    pretraining = [
        (seed, step + 1, process, 2, phase) for seed in small for step in small for process in small for phase in (0, 1)
    ]
    numbers = [*weights_and_steps, *epochs, *pretraining]
    seeds = [derived_seed(*each) for each in numbers]
    assert len(set(seeds)) == len(numbers)
    assert seeds == [derived_seed(*each) for each in numbers]
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_real_images_are_floats_with_their_labels() -> None:
    state, images = tiny_state("cdcgan", "class")
    image, c = real_batch(state, images)
    indices = images.training[batch_indices(len(images.training), 4, 0, state)]
    torch.testing.assert_close((image + 1) * 127.5, images.images[indices].float(), atol=1e-4, rtol=0)
    assert torch.equal(c, images.labels[indices])


def test_held_out_images_are_not_trained_on() -> None:
    state, images = tiny_state("cdcgan", "class")
    images.images.clamp_(max=254)[images.held_out] = 255
    for _ in range(2 * len(images) // state.recipe.batch_size):
        image, _ = real_batch(state, images)
        assert image.max() < 1
        state.step += 1


def test_the_first_weights_follow_from_the_seed_alone() -> None:
    first, _ = tiny_state("cdcgan", "class")
    torch.manual_seed(999)
    again, _ = tiny_state("cdcgan", "class")
    assert equal(weights(first.generator), weights(again.generator))


def test_a_step_follows_from_seed_and_step_alone() -> None:
    (a, images), (b, _) = tiny_state("acgan", "codes"), tiny_state("acgan", "codes")
    first = []
    for _ in range(2):
        torch.manual_seed(1)
        first += run_steps(a, images, 1)
    assert run_steps(b, images, 2) == first


def test_a_step_shows_a_batch_for_each_step_of_the_discriminator(monkeypatch: pytest.MonkeyPatch) -> None:
    state, images = tiny_state("wgan_gp", "class", discriminator_steps=3)
    shown: list[int] = []

    def noted(num_images: int, batch_size: int, number: int, state: TrainState) -> torch.Tensor:
        shown.append(number)
        return batch_indices(num_images, batch_size, number, state)

    monkeypatch.setattr(train_module, "batch_indices", noted)
    run_steps(state, images, 2)
    assert shown == [0, 1, 2, 3, 4, 5]
    assert state.kimg == pytest.approx(2 * 3 * 4 / 1000)
