"""Adds scenes of four and five objects to an i-CLEVR folder: objects of one training image pasted into another.

python examples/composites.py FOLDER OUT [NUMBER]

OUT gets the images of FOLDER at 64x64, NUMBER composites (6000 by default) and the files of labels. Each composite has
the union of the labels of two training images that share none. Its pasted objects are moved sideways, where their size
stays right, to where they cover no other object. The background is the same in all images of i-CLEVR up to the light,
so that objects are the pixels that differ from it. No held-out image is used.
"""

import json
import shutil
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter, grey_closing

from condgan import Images, load_images

RESOLUTION = 64
NUM_OBJECTS = (4, 5)
NUM_FOR_BACKGROUND = 400  # images
DIFFERENT = 14  # from the background, in levels of 255
MIN_SHIFT, MAX_SHIFT, NUM_TRIES = 6, 26, 6  # pixels to the left or right, drawn so many times
FIRST_SCENE = 900_000  # beyond those of the data set; every 20th scene is held out, and composites are in none of these


def background(pixels: np.ndarray) -> np.ndarray:
    """Returns the background of images (N, R, R, 3) as (R, R, 3).

    It is the median, except where more than 8 % of the images show something else: there it is a polynomial that is
    fitted to the rest.
    """
    median = np.median(pixels, axis=0)
    is_background = (np.abs(pixels - median).max(-1) > DIFFERENT).mean(0) < 0.08
    y, x = np.mgrid[-1 : 1 : RESOLUTION * 1j, -1 : 1 : RESOLUTION * 1j]
    terms = np.stack([x**i * y**j for i in range(5) for j in range(9 - 2 * i)], axis=-1)
    weights = np.linalg.lstsq(terms[is_background], median[is_background], rcond=None)[0]
    behind: np.ndarray = np.where(is_background[..., None], median, terms @ weights)
    return behind


def objects(image: np.ndarray, behind: np.ndarray) -> np.ndarray:
    """Returns a mask (R, R) in [0, 1] of the pixels that show an object, with soft edges."""
    difference = image - behind
    difference = np.abs(difference - np.median(difference, axis=(0, 1))).max(-1)  # the light is not the same
    mask: np.ndarray = np.clip((gaussian_filter(grey_closing(difference, size=5), 0.6) - 12) / DIFFERENT, 0, 1)
    return mask


def moved(image: np.ndarray, shift: int) -> np.ndarray:
    """Moves an image (R, R, ...) to the right by a number of pixels, to the left if it is negative; the rest is 0."""
    result, width = np.zeros_like(image), image.shape[1] - abs(shift)
    result[:, max(shift, 0) :][:, :width] = image[:, max(-shift, 0) :][:, :width]
    return result


def composites(images: Images) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yields pixels (R, R, 3) uint8 and labels (num_labels,) of composites of the training images, without end."""
    training, rng = images.part(held_out=False), np.random.default_rng(0)
    pixels = training.images.permute(0, 2, 3, 1).float().numpy()
    labels = training.labels.numpy()
    behind = background(pixels[rng.choice(len(pixels), NUM_FOR_BACKGROUND, replace=False)])
    mask = cache(lambda i: objects(pixels[i], behind))
    while True:
        below, above = rng.choice(len(pixels), 2)
        union = labels[below] | labels[above]
        if union.sum() not in NUM_OBJECTS or (labels[below] & labels[above]).any():
            continue
        image, covered = pixels[above], mask(above)
        if rng.random() < 0.5:
            image, covered = image[:, ::-1], covered[:, ::-1]
        around = gaussian_filter(mask(below), 1)
        for shift in (int(rng.integers(-MAX_SHIFT, MAX_SHIFT + 1)) for _ in range(NUM_TRIES)):
            leaving = covered[:, -shift - 1 :] if shift > 0 else covered[:, : 1 - shift]
            if abs(shift) < MIN_SHIFT or leaving.max() > 0.1:
                continue
            alpha = moved(covered, shift)
            if np.minimum(around, gaussian_filter(alpha, 1)).max() > 0.35:
                continue
            alpha = alpha[..., None]
            yield (pixels[below] * (1 - alpha) + moved(image, shift) * alpha).round().astype(np.uint8), union
            break


def main(folder: Path, out: Path, number: int = 6000) -> None:
    """Writes the images of `folder` and `number` composites to `out`, a new folder."""
    images = load_images(f"iclevr:{folder}", RESOLUTION)
    out.mkdir()
    for name in ("objects.json", "test.json", "new_test.json", "held_out.json"):
        if (folder / name).exists():
            shutil.copy(folder / name, out / name)
    train = json.loads((folder / "train.json").read_text())
    for name, pixels in zip(train, images.images.permute(0, 2, 3, 1).numpy(), strict=True):
        Image.fromarray(pixels).save(out / name)
    for i, (pixels, labels) in zip(range(number), composites(images), strict=False):
        scene = FIRST_SCENE + i // 19 * 20 + 1 + i % 19
        name = f"CLEVR_train_{scene:06d}_0.png"
        Image.fromarray(pixels).save(out / name)
        train[name] = [images.condition.values[label] for label in np.flatnonzero(labels).tolist()]
    (out / "train.json").write_text(json.dumps(train))


if __name__ == "__main__":
    main(*(kind(text) for kind, text in zip((Path, Path, int), sys.argv[1:], strict=False)))
