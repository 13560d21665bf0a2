import pytest
import torch
from torch import Tensor

from condgan.reproduce.codes import inked, slant


def bar(shear: float, breadth: int = 3, resolution: int = 28) -> Tensor:
    """An upright bar whose rows are moved to the right by `shear` columns for each row upwards."""
    image = torch.zeros(1, 1, resolution, resolution, dtype=torch.uint8)
    for row in range(4, resolution - 4):
        left = round((resolution - breadth) / 2 + shear * (resolution / 2 - row))
        image[0, 0, row, left : left + breadth] = 255
    return image


@pytest.mark.parametrize("shear", [-0.5, -0.25, 0, 0.25, 0.5])
def test_slant_is_the_shear_of_a_bar(shear: float) -> None:
    assert slant(bar(shear)).item() == pytest.approx(shear, abs=0.02)


def test_slant_ignores_where_a_bar_stands_and_how_broad_it_is() -> None:
    moved = bar(0.25).roll((2, 3), (2, 3))
    assert slant(moved).item() == pytest.approx(slant(bar(0.25)).item(), abs=1e-6)
    assert slant(bar(0.25, breadth=5)).item() == pytest.approx(0.25, abs=0.02)


def test_a_mirrored_bar_slants_the_other_way() -> None:
    assert slant(bar(0.3).flip(3)).item() == pytest.approx(-slant(bar(0.3)).item(), abs=1e-6)


def test_ink_is_its_share_of_the_image() -> None:
    assert inked(bar(0, breadth=4)).item() == pytest.approx(4 * 20 / 28**2)
