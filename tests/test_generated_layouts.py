"""The layout of generated images belongs to the user: places and sizes can be read and changed."""

import pytest
import torch
from torch import Tensor

from condgan import Layout
from condgan.conditions import Codes
from condgan.config import Config
from condgan.errors import InputError
from condgan.generate import LoadedGenerator, untrained
from contracts import tiny_images, tiny_options
from random_layouts import random_layouts

TEXTS = ["red square, blue circle", "green triangle", "red square, blue circle, green triangle"]


@pytest.fixture(scope="module")
def generator() -> LoadedGenerator:
    return random_layouts()


@pytest.fixture(scope="module")
def c(generator: LoadedGenerator) -> Tensor:
    return generator.condition.parse_all(TEXTS)


@pytest.mark.parametrize("kind", ["class", "multi_label", "attributes"])
def test_an_unchanged_layout_gives_the_same_images_bit_for_bit(kind: str) -> None:
    generator = random_layouts(kind, num_free=1)
    c = generator.condition.sample(tiny_images(kind).labels[:20])
    images = generator.generate(c, seed=3)
    assert len(images.unique(dim=0)) == len(c)
    assert torch.equal(generator.generate(c, seed=3, layout=generator.layout(c, seed=3)), images)


def test_painting_in_small_batches_gives_the_same_images(generator: LoadedGenerator, c: Tensor) -> None:
    whole, layout = generator.generate(c), generator.layout(c)
    parts = generator.generate(c, batch_size=2, layout=layout)
    assert (whole.int() - parts.int()).abs().max() <= 1


def test_the_layout_has_an_object_for_each_name(generator: LoadedGenerator, c: Tensor) -> None:
    layout, names = generator.layout(c), [generator.token_names(value) for value in c]
    assert names == [["red square", "blue circle"], ["green triangle"], ["red square", "blue circle", "green triangle"]]
    assert layout.exists.sum(1).tolist() == [2, 1, 3]


def test_objects_are_in_the_order_of_their_names(generator: LoadedGenerator) -> None:
    """An object of a label has similar features whatever the other labels are."""

    def features(text: str) -> dict[str, Tensor]:
        value = generator.condition.parse(text)
        mean = generator.layout(value.expand(50, -1)).features.mean(0)
        return dict(zip(generator.token_names(value), mean, strict=True))

    three, two = features("red square, blue circle, green triangle"), features("green triangle, blue circle")
    for name, vector in two.items():
        assert min(three, key=lambda other: (vector - three[other]).norm().item()) == name


@pytest.mark.parametrize(
    ("kind", "text", "names"),
    [
        ("multi_label", "nothing", []),
        ("class", "blue circle", ["blue circle"]),
        ("attributes", "blue color, circle shape", ["blue color", "circle shape"]),
    ],
)
def test_names_are_those_of_the_tokens_for_every_kind_of_condition(kind: str, text: str, names: list[str]) -> None:
    generator = random_layouts(kind)
    assert generator.token_names(generator.condition.parse(text)) == names


def test_codes_have_a_name_each() -> None:
    options = tiny_options("infogan") | {"categorical": (3,), "continuous": 1}
    config = Config.of("infogan", options, "shapes:codes", tiny_images("codes"), seed=0, precision="no")
    generator = untrained(config)
    assert isinstance(generator.condition, Codes)
    assert generator.token_names(generator.condition.parse("class=2, c1=0.5")) == ["class=2", "c1=0.5"]


def test_another_seed_gives_other_places(generator: LoadedGenerator, c: Tensor) -> None:
    assert not torch.equal(generator.layout(c, seed=1).place, generator.layout(c, seed=2).place)
    assert torch.equal(generator.layout(c, seed=1).place, generator.layout(c, seed=1).place)


def test_the_layout_is_that_of_the_network_in_evaluation_mode(generator: LoadedGenerator, c: Tensor) -> None:
    place = generator.layout(c).place
    generator.train()
    assert torch.equal(generator.layout(c).place, place)


def test_layouts_record_no_gradients(generator: LoadedGenerator, c: Tensor) -> None:
    assert not any(part.requires_grad for part in generator.layout(c))


def moved(layout: Layout, k: int, x: float, y: float) -> Layout:
    place = layout.place.clone()
    place[:, k] = torch.tensor([x, y])
    return layout._replace(place=place)


def within(radius: float, resolution: int, place: tuple[float, float]) -> Tensor:
    """Which pixels are near a place, (resolution, resolution)."""
    center = (torch.arange(resolution) + 0.5) / resolution * 2 - 1
    y, x = torch.meshgrid(center, center, indexing="ij")
    return (x - place[0]) ** 2 + (y - place[1]) ** 2 < radius**2


def test_moving_an_object_changes_the_image_where_it_was_and_where_it_is_and_little_elsewhere() -> None:
    generator = random_layouts(resolution=64)
    c = generator.condition.parse_all([TEXTS[0]] * 20)
    layout = moved(generator.layout(c), 0, -0.6, 0.6)
    before = generator.generate(c, layout=moved(layout, 1, -0.5, -0.5)).float()
    after = generator.generate(c, layout=moved(layout, 1, 0.5, 0.5)).float()
    change = (after - before).square().mean((0, 1))
    old, new = within(0.5, 64, (-0.5, -0.5)), within(0.5, 64, (0.5, 0.5))
    assert change.mean() > 100
    assert change[old].sum() > 0.3 * change.sum()
    assert change[new].sum() > 0.3 * change.sum()
    assert change[~(old | new)].sum() < 0.05 * change.sum()  # of three fifths of the pixels


def test_the_size_of_an_object_can_be_changed(generator: LoadedGenerator) -> None:
    c = generator.condition.parse_all([TEXTS[1]])
    layout = moved(generator.layout(c), 0, 0, 0)
    none, small, large = (
        generator.generate(c, layout=layout._replace(size=torch.full((1, 1, 1), size))).float()
        for size in (1e-3, 0.1, 0.4)
    )
    assert (large - none).square().mean() > 4 * (small - none).square().mean()


@pytest.mark.parametrize("call", ["layout", "generate", "paint"])
def test_recipes_without_a_layout_are_refused(generator: LoadedGenerator, call: str) -> None:
    images = tiny_images("multi_label")
    config = Config.of("acgan", tiny_options("acgan"), "shapes", images, seed=0, precision="no")
    other = untrained(config)
    c = other.condition.parse_all(TEXTS)
    assert (other.has_layout, generator.has_layout) == (False, True)
    layout = generator.layout(c)
    calls = {
        "layout": lambda: other.layout(c),
        "generate": lambda: other.generate(c, layout=layout),
        "paint": lambda: other.paint(layout, other.latents(3)),
    }
    with pytest.raises(InputError, match="recipe acgan places no objects; use a run of `layout`"):
        calls[call]()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"place": torch.zeros(3, 2)}, r"place has shape \(3, 2\), expected \(3, 3, 2\)"),
        ({"size": torch.ones(3, 3)}, r"size has shape \(3, 3\), expected \(3, 3, 1\)"),
        ({"exists": torch.ones(3, 2)}, r"exists has shape \(3, 2\), expected \(3, 3\)"),
        ({"size": torch.zeros(3, 3, 1)}, "found a size that is not positive"),
        ({"size": torch.full((3, 3, 1), torch.nan)}, "found a size that is not positive"),
        ({"place": torch.full((3, 3, 2), torch.inf)}, "found a place that is not finite"),
    ],
)
def test_layouts_that_cannot_be_painted_are_refused(
    generator: LoadedGenerator, c: Tensor, changes: dict[str, Tensor], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        generator.generate(c, layout=generator.layout(c)._replace(**changes))


def test_a_layout_of_another_number_of_images_is_refused(generator: LoadedGenerator, c: Tensor) -> None:
    with pytest.raises(InputError, match="layout: found 2 images, expected 3, one for each condition"):
        generator.generate(c, layout=generator.layout(c[:2]))
