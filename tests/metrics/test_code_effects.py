from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from condgan.config import Config
from condgan.data import Images
from condgan.generate import LoadedGenerator, untrained
from condgan.metrics import code_effects
from contracts import tiny_images, tiny_options


class StrokePainter(nn.Module):
    """Paints a vertical stroke whose width follows a continuous code, among categories and a latent that matter too."""

    def __init__(self, code: int, sign: int = 1, noise: float = 0.0):
        super().__init__()
        self.latent_dim, self.code, self.sign, self.noise = 4, code, sign, noise
        self.weight = nn.Parameter(torch.zeros(()))

    def forward(self, z: Tensor, c: Tensor) -> Tensor:
        width = 6 + c[:, 1] + z[:, 0].clamp(-1, 1) + 3 * self.sign * c[:, self.code] + self.noise * z[:, 1]
        column = torch.arange(24.0)
        ink = (width[:, None] / 2 + 0.5 - (column - 11.5).abs()).clamp(0, 1)
        return (2 * ink - 1)[:, None, None, :].expand(-1, 1, 24, -1)


@pytest.fixture(scope="module")
def grey() -> Images:
    images = tiny_images("class")
    return replace(images, images=images.images[:, :1])


def generator_of(images: Images, continuous: int = 2, categorical: str = "3") -> LoadedGenerator:
    options = tiny_options("infogan") | {"categorical": categorical, "continuous": continuous}
    return untrained(Config.of("infogan", options, "shapes:class", images, seed=0, precision="no"))


def painter(images: Images, **options: int) -> LoadedGenerator:
    generator = generator_of(images)
    generator.network = StrokePainter(**options)  # type: ignore[assignment]
    return generator


def test_the_effect_of_a_code_that_controls_the_width_is_one(grey: Images) -> None:
    effects = code_effects(painter(grey, code=3))
    assert list(effects) == ["c1", "c2"]
    assert all(list(row) == ["width", "slant"] for row in effects.values())
    assert effects["c1"]["width"].value == pytest.approx(1, abs=0.01)
    assert effects["c1"]["slant"].value == pytest.approx(0, abs=0.01)
    assert effects["c2"]["width"].value == pytest.approx(0, abs=0.01)


def test_each_code_has_its_own_effects(grey: Images) -> None:
    effects = code_effects(painter(grey, code=4))
    assert effects["c1"]["width"].value == pytest.approx(0, abs=0.01)
    assert effects["c2"]["width"].value == pytest.approx(1, abs=0.01)


def test_a_code_that_reduces_a_property_has_the_same_effect(grey: Images) -> None:
    up, down = (code_effects(painter(grey, code=3, sign=sign))["c1"]["width"] for sign in (1, -1))
    assert down.value == pytest.approx(up.value, abs=0.01)
    assert down.low <= down.value <= down.high


def test_effects_follow_from_the_seed_and_lie_in_their_intervals(grey: Images) -> None:
    generator = generator_of(grey)
    effects = code_effects(generator, seed=1)
    torch.manual_seed(5)
    assert code_effects(generator, seed=1) == effects
    for estimate in (estimate for row in effects.values() for estimate in row.values()):
        assert 0 <= estimate.value <= 1
        assert estimate.low <= estimate.value <= estimate.high


def test_codes_without_categories_are_traversed_too(grey: Images) -> None:
    assert list(code_effects(generator_of(grey, continuous=1, categorical=""))) == ["c1"]


def test_colour_images_and_conditions_without_continuous_codes_have_no_effects(grey: Images) -> None:
    assert code_effects(generator_of(tiny_images("class"))) == {}
    assert code_effects(generator_of(grey, continuous=0)) == {}
    labelled = Config.of("cdcgan", tiny_options("cdcgan"), "shapes", grey, seed=0, precision="no")
    assert code_effects(untrained(labelled)) == {}
