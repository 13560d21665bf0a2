from types import SimpleNamespace

import pytest
import torch

from condgan.state import TrainState
from condgan.train import batch_indices, train
from contracts import run_steps, tiny_state


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


def test_an_epoch_shows_every_image_once_where_batches_divide_them() -> None:
    assert sorted(epoch(3, num_images=20)) == list(range(20))


def test_epochs_and_seeds_differ_in_order() -> None:
    assert epoch(0) != epoch(1)
    assert epoch(0) != epoch(0, seed=1)
    assert epoch(1) == epoch(1)


def test_processes_share_a_batch_without_overlap() -> None:
    whole = batch_indices(22, 4, 7, process()).tolist()
    parts = [batch_indices(22, 4, 7, process(index, 2)).tolist() for index in (0, 1)]
    assert [len(part) for part in parts] == [2, 2]
    assert sorted(parts[0] + parts[1]) == sorted(whole)


def test_without_memory_the_average_is_the_generator() -> None:
    state, images = tiny_state("cdcgan", "class", ema_half_life_kimg=0)
    run_steps(state, images, 3)
    averaged = state.generator_ema.module.state_dict()
    for name, weight in state.generator.state_dict().items():
        assert torch.equal(averaged[name], weight), name


def test_the_average_lies_behind_the_generator_and_its_buffers_do_not() -> None:
    state, images = tiny_state("cdcgan", "class", ema_half_life_kimg=100)
    run_steps(state, images, 5)
    averaged, current = state.generator_ema.module, state.generator
    assert not any(torch.equal(a, b) for a, b in zip(averaged.parameters(), current.parameters(), strict=True))
    for a, b in zip(averaged.buffers(), current.buffers(), strict=True):
        assert torch.equal(a, b)
        assert a.data_ptr() != b.data_ptr()


def test_old_weights_have_half_faded_after_a_half_life() -> None:
    state, _ = tiny_state("cdcgan", "class", ema_half_life_kimg=0.04)  # ten batches of four
    state.step = 10**6  # so that the memory no longer grows
    averaged, current = torch.zeros(3), torch.ones(3)
    for _ in range(10):
        state._average([averaged], [current], None)
    torch.testing.assert_close(averaged, torch.full((3,), 0.5))


def test_early_weights_fade_sooner_than_the_half_life() -> None:
    state, _ = tiny_state("cdcgan", "class", ema_half_life_kimg=1000)
    state.step = 100  # 0.4 kimg, hence a half-life of 0.04
    averaged = torch.zeros(1)
    for _ in range(10):
        state._average([averaged], [torch.ones(1)], None)
    assert averaged.item() == pytest.approx(0.5)


def test_the_discriminator_learns_nothing_from_the_generators_step() -> None:
    state, images = tiny_state("cdcgan", "class")
    run_steps(state, images, 1)
    assert all(parameter.requires_grad for parameter in state.discriminator.parameters())
    assert not any(parameter.grad is not None for parameter in state.discriminator.parameters())


def test_kimg_counts_real_images() -> None:
    state, images = tiny_state("cdcgan", "class")
    steps = train(state, images)
    assert [(p.step, p.kimg) for p, _ in zip(steps, range(3), strict=False)] == [(1, 0.004), (2, 0.008), (3, 0.012)]


def test_the_generator_descends_as_often_as_the_recipe_says() -> None:
    state, images = tiny_state("acgan", "class", generator_steps=3)
    run_steps(state, images, 2)
    _, _, generator, discriminator = (part.state_dict() for part in state.prepared)
    assert next(iter(generator["state"].values()))["step"] == 6
    assert next(iter(discriminator["state"].values()))["step"] == 2


def test_the_first_weights_follow_from_the_seed_alone() -> None:
    first, _ = tiny_state("cdcgan", "class")
    torch.manual_seed(999)
    again, _ = tiny_state("cdcgan", "class")
    assert all(map(torch.equal, first.generator.parameters(), again.generator.parameters()))


def test_a_step_follows_from_seed_and_step_alone() -> None:
    (a, images), (b, _) = tiny_state("acgan", "codes"), tiny_state("acgan", "codes")
    first = []
    for _ in range(2):
        torch.manual_seed(1)
        first += run_steps(a, images, 1)
    assert run_steps(b, images, 2) == first


def test_beliefs_are_probabilities_of_both_players_last_verdicts() -> None:
    state, images = tiny_state("sagan", "class")
    beliefs = next(train(state, images)).beliefs
    assert list(beliefs) == ["D(x)", "D(G(z))", "D(G(z)) for G"]
    assert all(0 < belief < 1 for belief in beliefs.values())


def test_a_step_shows_a_batch_for_each_turn_of_the_discriminator(monkeypatch: pytest.MonkeyPatch) -> None:
    state, images = tiny_state("wgan_gp", "class", discriminator_steps=3)
    shown: list[int] = []

    def noted(num_images: int, batch_size: int, number: int, state: TrainState) -> torch.Tensor:
        shown.append(number)
        return batch_indices(num_images, batch_size, number, state)

    monkeypatch.setattr("condgan.train.batch_indices", noted)
    run_steps(state, images, 2)
    assert shown == [0, 1, 2, 3, 4, 5]
    assert state.kimg == pytest.approx(2 * 3 * 4 / 1000)


def test_codes_of_a_recipe_take_the_place_of_the_labels() -> None:
    state, images = tiny_state("infogan", "class", categorical=(3,), continuous=1)
    assert state.condition.describe(torch.tensor([2.0, 0.5])) == "class=2, c1=0.5"
    run_steps(state, images, 1)
    assert state.generator.conditioning.channels == 8 + 3 + 1
