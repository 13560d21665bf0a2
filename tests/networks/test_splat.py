"""Objects drawn onto maps."""

import pytest
import torch

from condgan.networks.splat import Layout as Objects
from condgan.networks.splat import Splat


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
