from collections.abc import Callable
from dataclasses import replace
from math import sqrt

import pytest
import torch
from torch import Tensor, nn

from condgan.config import Config
from condgan.data import Images
from condgan.generate import LoadedGenerator, untrained
from condgan.metrics import code_effects
from condgan.metrics.estimate import mean
from contracts import tiny_images, tiny_options

CATEGORIES, FIRST, SECOND = slice(0, 3), 3, 4  # columns of encoded conditions with one categorical and two other codes


class StrokePainter(nn.Module):
    """Paints a vertical stroke whose width is a function of (z, c)."""

    def __init__(self, width: Callable[[Tensor, Tensor], Tensor]):
        super().__init__()
        self.latent_dim, self.width = 4, width
        self.weight = nn.Parameter(torch.zeros(()))

    def forward(self, z: Tensor, c: Tensor) -> Tensor:
        column = torch.arange(24.0)
        ink = (self.width(z, c)[:, None] / 2 + 0.5 - (column - 11.5).abs()).clamp(0, 1)
        return (2 * ink - 1)[:, None, None, :].expand(-1, 1, 24, -1)


@pytest.fixture(scope="module")
def grey() -> Images:
    images = tiny_images("class")
    return replace(images, images=images.images[:, :1])


def generator_of(images: Images, continuous: int = 2, categorical: str = "3") -> LoadedGenerator:
    options = tiny_options("infogan") | {"categorical": categorical, "continuous": continuous}
    return untrained(Config.of("infogan", options, "shapes:class", images, seed=0, precision="no"))


def painter(images: Images, width: Callable[[Tensor, Tensor], Tensor]) -> LoadedGenerator:
    generator = generator_of(images)
    generator.network = StrokePainter(width)  # type: ignore[assignment]
    return generator


def follows(code: int, sign: int = 1) -> Callable[[Tensor, Tensor], Tensor]:
    """A width that follows a continuous code, and depends on the category and on a latent too."""
    return lambda z, c: 6 + c[:, 1] + z[:, 0].clamp(-1, 1) + 3 * sign * c[:, code]


def test_the_effect_of_a_code_that_controls_the_width_is_one(grey: Images) -> None:
    effects = code_effects(painter(grey, follows(FIRST)))
    assert list(effects) == ["c1", "c2"]
    assert all(list(row) == ["width", "slant"] for row in effects.values())
    assert effects["c1"]["width"].value == pytest.approx(1, abs=0.01)
    assert effects["c1"]["slant"].value == pytest.approx(0, abs=0.01)
    assert effects["c2"]["width"].value == pytest.approx(0, abs=0.01)


def test_each_code_has_its_own_effects(grey: Images) -> None:
    effects = code_effects(painter(grey, follows(SECOND)))
    assert effects["c1"]["width"].value == pytest.approx(0, abs=0.01)
    assert effects["c2"]["width"].value == pytest.approx(1, abs=0.01)


def test_a_code_that_reduces_a_property_has_the_same_effect(grey: Images) -> None:
    up, down = (code_effects(painter(grey, follows(FIRST, sign)))["c1"]["width"] for sign in (1, -1))
    assert down.value == pytest.approx(up.value, abs=0.01)
    assert down.low <= down.value <= down.high


@pytest.mark.parametrize("sign", [1, -1])
def test_a_code_that_acts_on_two_of_three_categories_has_the_effect_of_a_hand_computed_case(
    grey: Images, sign: int
) -> None:
    """Rows a·p, a·p and 0 for positions p: their correlation with (p, p, p) is 2 / sqrt(2 * 3)."""
    width = code_effects(painter(grey, lambda z, c: 6 + 3 * sign * c[:, FIRST] * (1 - c[:, 1])))["c1"]["width"]
    assert width.value == pytest.approx(sqrt(2 / 3), abs=0.01)


@pytest.mark.parametrize("sign", [1, -1])
def test_the_effect_is_the_mean_over_latents_with_its_interval(grey: Images, sign: int) -> None:
    """The code increases the width with some latents, where its correlation is 1, and decreases it with others."""
    generator = painter(grey, lambda z, c: 6 + c[:, 1] + 3 * sign * z[:, 0].sign() * c[:, FIRST])
    correlations = generator.latents(8, seed=3)[:, 0].sign()
    assert 0 < abs(correlations.sum()) < 8
    expected = mean((correlations * correlations.sum().sign()).tolist())
    assert code_effects(generator, seed=3)["c1"]["width"] == pytest.approx(expected, abs=0.01)


def test_eight_latents_and_each_category_are_combined_with_eight_positions(
    grey: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    generator, calls = painter(grey, follows(FIRST)), list[tuple[Tensor, Tensor]]()

    def recorded(z: Tensor, c: Tensor) -> Tensor:
        calls.append((z, c))
        return LoadedGenerator.from_latents(generator, z, c)

    monkeypatch.setattr(generator, "from_latents", recorded)
    code_effects(generator, seed=2)
    for (z, c), code in zip(calls, (FIRST, SECOND), strict=True):
        assert torch.equal(z[:: 3 * 8], generator.latents(8, seed=2))
        positions = c[:, code]
        torch.testing.assert_close(positions.unique(), torch.linspace(-1, 1, 8))
        combined = torch.column_stack([z, c[:, CATEGORIES], positions])
        assert len(combined) == len(set(map(tuple, combined.tolist()))) == 8 * 3 * 8


def test_effects_follow_from_the_seed_and_lie_in_their_intervals(grey: Images) -> None:
    generator = generator_of(grey)
    effects = code_effects(generator, seed=1)
    torch.manual_seed(5)
    assert code_effects(generator, seed=1) == effects
    assert code_effects(generator) == code_effects(generator, seed=0) != effects
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
