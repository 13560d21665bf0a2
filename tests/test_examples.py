import math
import runpy
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest
import torch
from PIL import Image

from condgan import load_images, load_judge
from condgan.ablate import read
from condgan.conditions import Attributes, Class, Condition, MultiLabel
from condgan.errors import InputError
from condgan.networks.gan import DiscriminatorOutput
from condgan.objectives import Batch, label_r1_r2
from condgan.recipes import Recipe, build, resolve, use
from condgan.recipes.layout import GAMMA, PENALTY_EVERY
from condgan.recipes.presets import preset_options
from condgan.schedules import at
from conftest import Folder
from contracts import run_steps, state_of, tiny_images

EXAMPLES = Path(__file__).parents[1] / "examples"


def test_follow_shapes_writes_eight_images_of_each_condition(tmp_path: Path) -> None:
    out = tmp_path / "shapes.png"
    runpy.run_path(str(EXAMPLES / "follow_shapes.py"))["main"](0.128, out)
    with Image.open(out) as picture:
        assert picture.width > 8 * 128
        assert picture.height > 3 * 128


@pytest.mark.parametrize(("labels", "kind"), [("classes", Class), ("attributes", Attributes), ("sets", MultiLabel)])
def test_own_images_are_read_as_they_are_labelled(tmp_path: Path, labels: str, kind: type[Condition]) -> None:
    runpy.run_path(str(EXAMPLES / "own_images.py"))["main"](tmp_path, labels, 60)
    images = load_images(str(tmp_path), 16)
    assert len(images) == 60
    assert isinstance(images.condition, kind)
    assert images.notices == () or all("duplicates" in notice for notice in images.notices)


@pytest.mark.usefixtures("importable")
def test_the_recipe_of_the_tutorial_trains_with_every_term() -> None:
    use("examples.relativistic_resnet:relativistic_resnet")
    recipe = build("examples.relativistic_resnet:relativistic_resnet", {"width": "4", "batch_size": "8"})
    state = state_of(recipe, images := tiny_images("multi_label"))
    losses = run_steps(state, images, num_steps=4)
    assert all(map(math.isfinite, losses[-1].values()))
    assert {"D/relativistic", "D/classification_real", "D/r1", "G/relativistic", "G/classification_fake"} <= set(
        losses[-1]
    )


READ = ("acgan", "dcgan", "projection")
PARTS = ("concatenated", "cross_attention", "r1_of_scores", "finite_difference")
read_recipes = pytest.mark.parametrize("recipe", READ)


@pytest.fixture
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Recipes of examples/ can be imported, as where commands are started in the folder above, and are named."""
    monkeypatch.syspath_prepend(EXAMPLES.parent)
    for recipe in READ:
        use(f"examples.readers:{recipe}")
    for part in PARTS:
        use(f"examples.layout_parts:{part}")


def described(recipe: Recipe) -> list[str]:
    """Layers, sizes of weights, optimizers and numbers of a recipe."""
    with torch.device("meta"):
        networks = recipe.generator(Class("ab"), 16, 3), recipe.discriminator(Class("ab"), 16, 3)
    optimizers = recipe.generator_optimizer(networks[0]), recipe.discriminator_optimizer(networks[1])
    shapes = [tuple(parameter.shape) for network in networks for parameter in network.parameters()]
    groups = [{**group, "params": None} for optimizer in optimizers for group in optimizer.param_groups]
    numbers = {name: value for name, value in vars(recipe).items() if isinstance(value, int | float)}
    return [str(part) for part in (*networks, shapes, groups, numbers)]


@read_recipes
@pytest.mark.usefixtures("importable")
def test_recipes_with_a_reader_are_the_laptop_presets_and_a_reader(recipe: str) -> None:
    plain, found = build(recipe, preset_options(recipe, "laptop")), build(f"examples.readers:{recipe}", {})
    assert described(found) == described(plain)
    assert list(found.objective.generator) == [*plain.objective.generator, "reader"]
    assert list(found.objective.discriminator) == list(plain.objective.discriminator)


@read_recipes
@pytest.mark.usefixtures("importable")
def test_recipes_with_a_reader_are_trained_with_their_options(recipe: str) -> None:
    losses = []
    for weight in ("0.5", "2"):
        options = {"reader_weight": weight, "reader_kimg": "0.128"}
        state = state_of(build(f"examples.readers:{recipe}", options), images := tiny_images("multi_label"))
        (step,) = run_steps(state, images, num_steps=1)
        assert all(map(math.isfinite, step.values()))
        assert [(phase.name, phase.step) for phase in state.phases] == [("reader", 4)]
        losses.append(step["G/reader"])
    assert losses[1] == pytest.approx(4 * losses[0])


@pytest.mark.parametrize("option", ["reader_weight", "reader_kimg"])
@pytest.mark.usefixtures("importable")
def test_a_reader_that_would_not_count_is_refused(option: str) -> None:
    with pytest.raises(InputError, match=f"option {option}: found '0'"):
        build("examples.readers:acgan", {option: "0"})


@pytest.mark.usefixtures("importable")
def test_the_ablation_of_layout_compares_laptop_presets_with_and_without_a_reader() -> None:
    variants = read(EXAMPLES / "layout.yaml").variants
    for recipe in READ:
        plain, with_reader = variants[recipe], variants[f"{recipe}_with_reader"]
        assert resolve(plain.recipe, plain.options) == resolve(recipe, preset_options(recipe, "laptop"))
        assert with_reader.recipe == f"examples.readers:{recipe}"


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.usefixtures("importable")
def test_layout_without_one_part_trains_and_keeps_the_others(part: str) -> None:
    plain, changed = build("layout", {}), build(f"examples.layout_parts:{part}", {})
    assert set(plain.objective.generator) == set(changed.objective.generator)
    assert len(plain.objective.discriminator) == len(changed.objective.discriminator)
    assert (changed.reader is None, changed.batch_size) == (plain.reader is None, plain.batch_size)
    assert changed.reader is not None
    pretraining = replace(changed.reader.pretraining, kimg=0.128)
    short = replace(changed, discriminator_pretraining=None, reader=replace(changed.reader, pretraining=pretraining))
    state = state_of(short, images := tiny_images("multi_label"))
    assert all(map(math.isfinite, run_steps(state, images, num_steps=2)[-1].values()))


@pytest.mark.usefixtures("importable")
def test_the_finite_difference_estimates_the_squared_gradient_norms() -> None:
    """A linear D has the same gradient everywhere, so that only the random direction is left to average over."""
    condition, n, side = MultiLabel("ab"), 4000, 4
    weights = torch.randn(3, 3 * side**2) * 0.3

    def linear(image: torch.Tensor, c: torch.Tensor) -> DiscriminatorOutput:
        outputs = image.flatten(1) @ weights.T
        return DiscriminatorOutput(outputs[:, 0], outputs[:, 1:])

    c = torch.tensor([[1, 0]]).repeat(n, 1)
    images = [torch.randn(n, 3, side, side).requires_grad_() for _ in range(2)]
    b = Batch(linear, condition, c, *images)
    (exact,) = label_r1_r2.discriminator.values()
    estimate = build("examples.layout_parts:finite_difference", {}).objective.discriminator["finite_difference"]
    weight = PENALTY_EVERY * at(GAMMA, 0) / 2
    assert estimate(b).mean() / weight == pytest.approx(float(exact(b).mean().detach()), rel=0.1)


def test_composites_are_written_beside_the_images_of_a_rendered_folder(iclevr_folder: Folder, tmp_path: Path) -> None:
    for name in ("test.json", "new_test.json"):
        (iclevr_folder.path / name).unlink(missing_ok=True)
    iclevr_folder.write("held_out.json", [7])
    runpy.run_path(str(EXAMPLES / "composites.py"))["main"](iclevr_folder.path, tmp_path / "out", 0)
    before, after = (load_images(f"iclevr:{path}") for path in (iclevr_folder.path, tmp_path / "out"))
    assert int(after.held_out.sum()) == 2
    assert after.content_hash == before.content_hash


def test_composites_show_the_objects_of_two_training_images() -> None:
    images = load_images("sample")
    composites = runpy.run_path(str(EXAMPLES / "composites.py"))["composites"](images)
    pixels, labels = (torch.stack([*map(torch.from_numpy, part)]) for part in zip(*islice(composites, 24), strict=True))
    assert set(labels.sum(1).tolist()) == {4, 5}
    judge = load_judge(None, images.condition)
    samples = judge.classify(pixels.permute(0, 3, 1, 2), labels)
    assert images.condition.hits(samples.logits, labels).sum() > 0.8 * labels.sum()
