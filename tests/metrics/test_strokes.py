import pytest
import torch
from torch import Tensor

from condgan.metrics.strokes import slant, stroke_width


def line(columns_per_row: float, width: int = 3, size: int = 33) -> Tensor:
    """A bright line through the middle that moves right by so many columns in each row upwards, (1, 1, R, R)."""
    row, column = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    middle = size // 2
    distance = (column - middle - columns_per_row * (middle - row)).abs()
    inside = (distance <= width / 2) & ((row - middle).abs() < size // 4)
    return (255 * inside).to(torch.uint8)[None, None]


@pytest.mark.parametrize("expected", [-0.5, 0.0, 0.5, 1.0])
def test_slant_is_the_columns_to_the_right_per_row_upwards(expected: float) -> None:
    assert slant(line(expected)).item() == pytest.approx(expected, abs=0.05)


def test_slant_changes_sign_in_the_mirror_and_ignores_position() -> None:
    image = line(0.5)
    torch.testing.assert_close(slant(image.flip(3)), -slant(image))
    torch.testing.assert_close(slant(image.roll((2, -3), (2, 3))), slant(image))


@pytest.mark.parametrize("axis", [2, 3])
def test_slant_does_not_depend_on_empty_rows_and_columns_around_the_ink(axis: int) -> None:
    image = line(0.5)
    torch.testing.assert_close(slant(image.narrow(axis, 7, 20)), slant(image))


def test_slant_agrees_with_a_hand_computed_case() -> None:
    """Ink of 1, 1 and 2 at columns 1, 2, 3 and heights 1, 0, 0: a covariance of -0.3125 over a variance of 0.1875."""
    image = torch.zeros(1, 1, 4, 4, dtype=torch.uint8)
    image[0, 0, 1, 1], image[0, 0, 2, 2], image[0, 0, 2, 3] = 100, 100, 200
    assert slant(image).item() == pytest.approx(-5 / 3)


def test_stroke_width_is_the_share_of_ink() -> None:
    images = torch.zeros(3, 1, 8, 8, dtype=torch.uint8)
    images[1, :, :2], images[2] = 255, 255
    assert stroke_width(images).tolist() == [0, 0.25, 1]


def test_thicker_strokes_are_wider_and_slanted_alike() -> None:
    thin, thick = line(0.5, width=1), line(0.5, width=5)
    assert stroke_width(thick) > 2 * stroke_width(thin)
    assert slant(thick).item() == pytest.approx(slant(thin).item(), abs=0.05)


def test_an_image_without_ink_is_measured() -> None:
    black = torch.zeros(1, 1, 8, 8, dtype=torch.uint8)
    assert stroke_width(black).item() == 0
    assert slant(black).item() == pytest.approx(0)


def test_images_are_measured_one_by_one() -> None:
    images = torch.cat([line(0), line(0.5), line(-0.5)])
    torch.testing.assert_close(slant(images), torch.cat([slant(image[None]) for image in images]))
