"""Objects drawn onto maps."""

import pytest
import torch

from condgan.networks.splat import Layout as Objects
from condgan.networks.splat import Splat, keep_apart


def objects(n: int, k: int, features: int = 5, seed: int = 0) -> Objects:
    random = torch.Generator().manual_seed(seed)
    place, size = torch.rand(n, k, 2, generator=random) * 2 - 1, torch.rand(n, k, 1, generator=random) * 0.3 + 0.1
    return Objects(torch.randn(n, k, features, generator=random), place, size, torch.ones(n, k, dtype=torch.bool))


@pytest.mark.parametrize("axis", [0, 1])
def test_moving_all_objects_by_a_cell_moves_the_map_by_a_cell(axis: int) -> None:
    splat, layout = Splat(16, 5, 3), objects(2, 4)
    place = layout.place.clone()
    place[..., axis] += 2 / 16
    before, after = splat(layout), splat(layout._replace(place=place))
    across = 3 - axis  # x goes along the rows of maps (N, C, H, W)
    torch.testing.assert_close(after.narrow(across, 1, 15), before.narrow(across, 0, 15), atol=1e-5, rtol=1e-4)


def test_a_map_is_the_sum_of_its_objects_in_any_order() -> None:
    splat, layout = Splat(8, 5, 3), objects(2, 4)
    parts = [splat(Objects(*(part[:, i : i + 1] for part in layout))) for i in range(4)]
    torch.testing.assert_close(splat(layout), torch.stack(parts).sum(0), atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(splat(Objects(*(part.flip(1) for part in layout))), splat(layout))


def test_blur_multiplies_sizes() -> None:
    blurred, splat, layout = Splat(8, 5, 3, blur=2), Splat(8, 5, 3), objects(2, 4)
    splat.load_state_dict(blurred.state_dict())
    torch.testing.assert_close(blurred(layout), splat(layout._replace(size=2 * layout.size)))


@pytest.mark.parametrize(("term", "axis"), [(1, 3), (2, 2)])
def test_a_splat_may_grow_to_the_right_and_downwards(term: int, axis: int) -> None:
    splat, layout = Splat(8, 5, 1), objects(1, 1)
    with torch.no_grad():
        splat.values.weight.zero_()
        splat.values.bias.copy_(torch.eye(3)[term])
        drawn = splat(layout._replace(place=torch.zeros(1, 1, 2)))
    torch.testing.assert_close(drawn, -drawn.flip(axis))
    assert (drawn.narrow(axis, 4, 4) > 0).all()


def test_a_splat_has_its_peak_at_the_place_of_the_object() -> None:
    splat = Splat(16, 2, 1)
    with torch.no_grad():
        splat.values.weight.zero_()
        splat.values.bias.copy_(torch.tensor([1.0, 0.0, 0.0]))  # the spot alone
        objects = Objects(
            torch.zeros(1, 1, 2), torch.tensor([[[0.5, -0.5]]]), torch.full((1, 1, 1), 0.2), torch.ones(1, 1)
        )
        drawn = splat(objects)[0, 0]
    row, column = divmod(int(drawn.argmax()), 16)
    assert (row, column) in {(3, 11), (3, 12), (4, 11), (4, 12)}
    center = (torch.arange(16) + 0.5) / 8 - 1
    expected = torch.exp(-((center[column] - 0.5) ** 2 + (center[row] + 0.5) ** 2) / (2 * 0.2**2))
    torch.testing.assert_close(drawn[row, column], expected)


def test_pairs_end_at_the_distance_around_the_same_middle_in_the_same_direction() -> None:
    place = objects(200, 2).place / 2  # far enough from the borders
    exists = torch.ones(200, 2, dtype=torch.bool)
    apart = keep_apart(place, exists, 0.5)
    before, after = ((each[:, 1] - each[:, 0]) for each in (place, apart))
    near = before.norm(dim=1) < 0.5
    assert 20 < near.sum() < 180
    torch.testing.assert_close(after[near].norm(dim=1), torch.full((int(near.sum()),), 0.5))
    torch.testing.assert_close(apart[~near], place[~near])
    torch.testing.assert_close(apart.mean(1), place.mean(1))
    torch.testing.assert_close(torch.cosine_similarity(before, after), torch.ones(200))


def test_places_are_moved_alike_in_any_order_and_stay_in_the_image() -> None:
    place, exists = objects(50, 6).place, torch.ones(50, 6, dtype=torch.bool)
    apart = keep_apart(place, exists, 0.8)
    torch.testing.assert_close(keep_apart(place.flip(1), exists, 0.8), apart.flip(1))
    assert apart.abs().max() == 1


def test_padding_neither_moves_nor_moves_others() -> None:
    place, exists = objects(50, 4).place, torch.tensor([True, False, True, False]).expand(50, 4)
    apart = keep_apart(place, exists, 0.8)
    assert torch.equal(apart[:, 1::2], place[:, 1::2])
    torch.testing.assert_close(apart[:, ::2], keep_apart(place[:, ::2], exists[:, ::2], 0.8))


def test_objects_at_the_same_place_stay_there_and_have_finite_gradients() -> None:
    place = torch.zeros(1, 3, 2, requires_grad=True)
    apart = keep_apart(place, torch.ones(1, 3, dtype=torch.bool), 0.3)
    assert torch.equal(apart, place)
    apart.square().sum().backward()
    assert place.grad is not None
    assert place.grad.isfinite().all()
