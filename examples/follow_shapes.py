"""Trains a generator of coloured shapes with the library alone, and saves eight images of each of three conditions.

python examples/follow_shapes.py [KIMG] [OUT.png]
"""

import sys
from pathlib import Path

import torch
from accelerate import Accelerator

from condgan import TrainState
from condgan.data import shapes
from condgan.grid import labelled_grid
from condgan.recipes import layout
from condgan.train import pretrain, train


def main(kimg: float = 30, out: Path = Path("shapes.png")) -> None:
    """Trains on `kimg` thousand images of 32x32 and writes a grid of generated images to `out`."""
    images = shapes("multi_label", resolution=32)
    recipe = layout(reader_kimg=kimg, discriminator_kimg=kimg / 3, ema_half_life_kimg=2)
    state = TrainState(recipe, images, seed=0, accelerator=Accelerator(), planned_kimg=kimg)
    for _ in pretrain(state, images):
        pass
    for progress in train(state, images):
        if progress.kimg >= kimg:
            break
    condition = images.condition
    c = condition.parse_all(["red square", "blue circle, yellow triangle", "cyan square, green circle, purple circle"])
    c = c.repeat_interleave(8, dim=0)
    with torch.no_grad():
        fake_image = state.generator_ema.eval()(state.latents(len(c)), condition.encode(c))
    pixels = (127.5 * (fake_image + 1)).round().to(torch.uint8)  # from [-1, 1] to 0, ..., 255
    labelled_grid(pixels, condition.describe_all(c)).save(out)


if __name__ == "__main__":
    main(*(kind(text) for kind, text in zip((float, Path), sys.argv[1:], strict=False)))
