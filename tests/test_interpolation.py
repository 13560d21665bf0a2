import pytest
import torch

from condgan.interpolation import slerp, walk
from random_layouts import random_layouts


def test_a_walk_visits_the_image_of_every_setting() -> None:
    generator = random_layouts()
    settings = [("red square", 3), ("blue circle", 3), ("blue circle", 5)]
    images = walk(generator, settings, frames=4)
    assert len(images) == 9
    for i, (text, seed) in enumerate(settings):
        assert (images[4 * i].int() - generator.generate(text, seed)[0].int()).abs().max() <= 1
    assert len(images.unique(dim=0)) == 9


def test_latents_between_two_keep_their_norm() -> None:
    torch.manual_seed(0)
    a, b = torch.randn(2, 64)
    a, b = a / a.norm(), b / b.norm()
    between = slerp(a, b, torch.linspace(0, 1, 5)[:, None])
    torch.testing.assert_close(between.norm(dim=1), torch.ones(5))
    torch.testing.assert_close(between[[0, -1]], torch.stack([a, b]))


@pytest.mark.parametrize("sign", [1, -1])
def test_equal_and_opposite_latents_have_finite_latents_between_them(sign: int) -> None:
    a = torch.arange(1.0, 5)
    assert slerp(a, sign * a, torch.linspace(0, 1, 5)[:, None]).isfinite().all()
