import io

import numpy as np
import torch
from PIL import Image

from condgan.grid import grid, labelled_grid, png


def test_a_grid_has_as_many_rows_as_needed() -> None:
    images = torch.zeros(10, 3, 16, 16, dtype=torch.uint8)
    assert grid(images, columns=4).size == (4 * 18 + 2, 3 * 18 + 2)


def test_images_stand_in_reading_order_unchanged() -> None:
    images = torch.randint(0, 256, (6, 3, 8, 8), dtype=torch.uint8)
    picture = np.asarray(grid(images, columns=3))
    for i, image in enumerate(images):
        x, y = 2 + i % 3 * 10, 2 + i // 3 * 10
        assert np.array_equal(picture[y : y + 8, x : x + 8], image.permute(1, 2, 0).numpy())


def test_a_grid_of_one_image_is_the_image() -> None:
    image = torch.randint(0, 256, (1, 3, 8, 8), dtype=torch.uint8)
    assert np.array_equal(np.asarray(grid(image, 1)), image[0].permute(1, 2, 0).numpy())


def test_a_png_is_read_back_pixel_for_pixel() -> None:
    picture = grid(torch.randint(0, 256, (4, 3, 8, 8), dtype=torch.uint8))
    with Image.open(io.BytesIO(png(picture))) as read:
        assert np.array_equal(np.asarray(read), np.asarray(picture))


def test_small_images_are_enlarged_over_their_captions() -> None:
    images = torch.full((3, 3, 16, 16), 90, dtype=torch.uint8)
    bare = np.asarray(labelled_grid(images, ["", "", ""]))
    words = np.asarray(labelled_grid(images, ["red cube", "red cube, blue sphere", "one"]))
    assert (bare == 90).all(2).sum() == 3 * 128 * 128
    assert (words == 90).all(2).sum() >= 3 * 128 * 128
    assert (words < 80).any()  # the letters
    assert words.shape[0] > bare.shape[0]


def test_captions_do_not_touch_the_images() -> None:
    images = torch.full((9, 3, 128, 128), 90, dtype=torch.uint8)
    captions = ["a very long name indeed that must be wrapped, red cube, blue sphere"] * 9
    picture = np.asarray(labelled_grid(images, captions, columns=8))
    margin, side = 6, 128
    cell = (picture.shape[0] - margin) // 2
    for i in range(9):
        x, y = margin + i % 8 * (side + margin), margin + i // 8 * cell
        assert (picture[y : y + side, x : x + side] == 90).all()
