"""A generator that obeys, from nothing but the library: draws its data, trains for a minute, draws what it is told.

python examples/obey_shapes.py [KIMG] [OUT.png]
"""

import sys
from pathlib import Path

import torch
from accelerate import Accelerator

from condgan.data import shapes
from condgan.data.dataset import to_uint8
from condgan.grid import labelled_grid
from condgan.recipes import acgan
from condgan.state import TrainState
from condgan.train import train


def main(kimg: float = 60, out: Path = Path("shapes.png")) -> None:
    """Trains on `kimg` thousand images of 32x32 and writes eight draws of three conditions."""
    images = shapes("multi_label", resolution=32)
    recipe = acgan(width=32, dropout=0, batch_size=64, generator_steps=1, ema_half_life_kimg=1)
    players = TrainState(recipe, images, seed=0, accelerator=Accelerator())
    for progress in train(players, images):
        if progress.kimg >= kimg:
            break
    condition = images.condition
    c = condition.parse_all(["red square", "blue circle, yellow triangle", "cyan square, green circle, purple circle"])
    c = c.repeat_interleave(8, dim=0)
    with torch.no_grad():
        drawn = players.generator_ema.eval()(players.latents(len(c)), condition.encode(c))
    labelled_grid(to_uint8(drawn), [condition.describe(value) for value in c]).save(out)


if __name__ == "__main__":
    main(*(kind(text) for kind, text in zip((float, Path), sys.argv[1:], strict=False)))
