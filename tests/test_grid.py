import io

import numpy as np
import torch
from PIL import Image

from condgan.grid import grid, labelled_grid, png


def test_a_grid_has_as_many_rows_as_needed() -> None:
    images = torch.zeros(10, 3, 16, 16, dtype=torch.uint8)
    assert grid(images, columns=4).size == (4 * 18 + 2, 3 * 18 + 2)


def test_images_are_unchanged_and_in_rows() -> None:
    images = torch.randint(0, 256, (6, 3, 8, 8), dtype=torch.uint8)
    picture = np.asarray(grid(images, columns=3))
    for i, image in enumerate(images):
        x, y = 2 + i % 3 * 10, 2 + i // 3 * 10
        assert np.array_equal(picture[y : y + 8, x : x + 8], image.permute(1, 2, 0).numpy())


def test_a_grid_of_one_image_is_the_image() -> None:
    image = torch.randint(0, 256, (1, 3, 8, 8), dtype=torch.uint8)
    assert np.array_equal(np.asarray(grid(image, 1)), image[0].permute(1, 2, 0).numpy())


def test_a_png_has_the_pixels_of_the_picture() -> None:
    picture = grid(torch.randint(0, 256, (4, 3, 8, 8), dtype=torch.uint8))
    with Image.open(io.BytesIO(png(picture))) as loaded:
        assert np.array_equal(np.asarray(loaded), np.asarray(picture))


def test_small_images_are_enlarged_above_their_captions() -> None:
    images = torch.full((3, 3, 16, 16), 90, dtype=torch.uint8)
    plain = np.asarray(labelled_grid(images, ["", "", ""]))
    captioned = np.asarray(labelled_grid(images, ["red cube", "red cube, blue sphere", "one"]))
    assert (plain == 90).all(2).sum() == 3 * 128 * 128
    assert (captioned == 90).all(2).sum() >= 3 * 128 * 128
    assert (captioned < 80).any()  # letters
    assert captioned.shape[0] > plain.shape[0]


def test_captions_do_not_touch_the_images() -> None:
    images = torch.full((9, 3, 128, 128), 90, dtype=torch.uint8)
    captions = ["a very long name indeed that must be wrapped, red cube, blue sphere"] * 9
    picture = np.asarray(labelled_grid(images, captions, columns=8))
    margin, side = 6, 128
    cell = (picture.shape[0] - margin) // 2
    for i in range(9):
        x, y = margin + i % 8 * (side + margin), margin + i // 8 * cell
        assert (picture[y : y + side, x : x + side] == 90).all()
