"""What processes draw together for a batch is what a single process draws."""

from collections.abc import Callable
from functools import partial

import pytest
import torch
from torch import Tensor

from condgan.conditions import Attributes, Class, Codes, Condition, MultiLabel
from condgan.draws import fixed_seed, per_batch, per_sample, seeded_batch
from condgan.networks.augment import RandomAffine, RandomShift, with_noise
from condgan.networks.gan import DiscriminatorOutput
from condgan.networks.layers import Dropout
from condgan.objectives import Batch, gradient_penalty, target_game

SIZE = 7  # which two processes cannot share evenly
IMAGES = torch.rand(SIZE, 3, 8, 8, generator=torch.Generator().manual_seed(0))


def parts(function: Callable[[Tensor], Tensor], rows: Tensor, num_processes: int, seed: int = 5) -> list[Tensor]:
    """Applies a function to each process's rows of a batch, with the random numbers of that process."""
    results = []
    for process in range(num_processes):
        with seeded_batch(len(rows), process, num_processes, lambda number: seed + number, torch.device("cpu")):
            results.append(function(rows[process::num_processes]))
    return results


def assert_same_with_any_number_of_processes(function: Callable[[Tensor], Tensor], rows: Tensor) -> None:
    (whole,) = parts(function, rows, 1)
    assert not torch.equal(whole, parts(function, rows, 1, seed=6)[0])  # it is random
    for num_processes in (2, 3):
        for process, part in enumerate(parts(function, rows, num_processes)):
            assert torch.allclose(part, whole[process::num_processes], atol=1e-6)


CONDITIONS: list[tuple[Condition, Tensor]] = [
    (Class("abcdefgh"), torch.arange(SIZE)),
    (
        MultiLabel(["red cube", "blue cube", "red ball", "blue ball"]),
        (torch.arange(4 * SIZE) % 3 == 0).view(SIZE, 4).byte(),
    ),
    (Attributes({"hair": tuple("abcd"), "eyes": tuple("efgh")}), (torch.arange(2 * SIZE) % 4).view(SIZE, 2)),
    (Codes({"class": 9}, ("c1",), 1.0), torch.zeros(SIZE, 2)),
    (Codes({}, ("c1", "c2"), 1.0), torch.zeros(SIZE, 2)),
]


@pytest.mark.parametrize(("condition", "c"), CONDITIONS, ids=["class", "labels", "attributes", "codes", "continuous"])
def test_wrong_conditions_are_drawn_for_the_whole_batch(condition: Condition, c: Tensor) -> None:
    assert_same_with_any_number_of_processes(condition.mismatch, c)


def test_codes_are_drawn_for_the_whole_batch() -> None:
    assert_same_with_any_number_of_processes(CONDITIONS[3][0].sample, torch.zeros(SIZE, 0))


@pytest.mark.parametrize(
    "layer",
    [Dropout(0.5), RandomAffine(0.5), RandomShift(3), partial(with_noise, scale=0.5)],
    ids=["dropout", "affine", "shift", "noise"],
)
@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_random_layers_draw_for_the_whole_batch(
    layer: Callable[[Tensor], Tensor], memory_format: torch.memory_format
) -> None:
    assert_same_with_any_number_of_processes(layer, IMAGES.contiguous(memory_format=memory_format))


def test_noise_is_that_of_randn_like_in_any_memory_order() -> None:
    padded = torch.zeros(2, 3, 10, 10)
    for image in (IMAGES, IMAGES.contiguous(memory_format=torch.channels_last), padded[:, :, 1:9, 2:], IMAGES[:1]):
        torch.manual_seed(3)
        found = with_noise(image, 0.5)
        torch.manual_seed(3)
        assert torch.equal(found, image + 0.5 * torch.rand(len(image), 1, 1, 1) * torch.randn_like(image))


def test_terms_draw_for_the_whole_batch() -> None:
    def discriminator(image: Tensor, c: Tensor) -> DiscriminatorOutput:
        return DiscriminatorOutput((image**3).sum((1, 2, 3)), image.new_zeros(len(image), 4))

    def loss(image: Tensor) -> Tensor:
        c = torch.zeros(len(image), dtype=torch.long)
        batch = Batch(discriminator, Class("abcd"), c, image, image.flip(2))
        objective = gradient_penalty + target_game((0.7, 1), (0, 0.3), 0.5)
        return torch.stack([term(batch) for term in objective.discriminator.values()], dim=1).detach()

    assert_same_with_any_number_of_processes(loss, IMAGES)


def test_real_and_fake_images_in_one_batch_each_have_their_own_numbers() -> None:
    """D sees real and generated images of a process one after the other."""
    dropout = Dropout(0.5)

    def both(image: Tensor) -> Tensor:
        real, fake = dropout(torch.cat([image, image])).chunk(2)
        return torch.stack([real, fake], dim=1)

    assert_same_with_any_number_of_processes(both, IMAGES)
    (whole,) = parts(both, IMAGES, 1)
    assert not torch.equal(whole[:, 0], whole[:, 1])


def test_what_the_batch_has_in_common_is_equal_on_all_processes() -> None:
    def numbers(rows: Tensor) -> Tensor:
        return torch.stack([per_batch(lambda: torch.rand(2)), per_batch(lambda: torch.rand(2))])

    (expected,) = parts(numbers, IMAGES, 1)
    assert not torch.equal(expected[0], expected[1])
    assert all(torch.equal(part, expected) for part in parts(numbers, IMAGES, 3))


def test_other_draws_differ_between_processes_and_do_not_disturb_shared_ones() -> None:
    alone = [float(part) for part in parts(lambda rows: torch.rand(()), IMAGES, 3)]
    assert len(set(alone)) == 3

    def disturbed(rows: Tensor) -> Tensor:
        torch.rand(len(rows) % 2 + 1)
        return per_sample(lambda n: torch.rand(n, 2), len(rows))

    first, second = parts(disturbed, IMAGES, 2)
    undisturbed = parts(lambda rows: per_sample(lambda n: torch.rand(n, 2), len(rows)), IMAGES, 2)
    assert torch.equal(first, undisturbed[0])
    assert torch.equal(second, undisturbed[1])


def test_a_fixed_seed_gives_equal_draws_and_leaves_those_after_it_as_they_were() -> None:
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    drawn = []
    for seed in (0, 0, 2):
        with fixed_seed(seed):
            drawn.append(torch.rand(3))
    assert torch.equal(torch.rand(3), expected)
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])


def test_a_fixed_seed_leaves_gpus_alone_that_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise torch would initialise every GPU of the machine, and warn."""
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    with fixed_seed(0):
        torch.rand(3)


def test_after_a_batch_draws_are_no_longer_shared() -> None:
    with seeded_batch(SIZE, 0, 2, lambda number: number, torch.device("cpu")):
        pass
    assert per_sample(lambda n: torch.rand(n), 5).shape == (5,)
