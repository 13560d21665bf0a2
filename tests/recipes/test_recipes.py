import inspect
import re
from collections.abc import Callable
from itertools import islice
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor, nn

from condgan.conditions import Attributes, Class, Codes, MultiLabel
from condgan.errors import InputError
from condgan.networks.conditioning import ConcatAttributeEmbeddings
from condgan.networks.gan import DiscriminatorOutput
from condgan.objectives import (
    Batch,
    Objective,
    fake_likelihood,
    gradient_penalty,
    hinge,
    label_r1_r2,
    lazy,
    non_saturating,
    reader_classification,
    real_classification,
    real_likelihood,
    relativistic,
    relativistic_labels,
    wasserstein,
)
from condgan.recipes import RECIPES, build, find, use
from condgan.schedules import Schedule, cosine, trapezoid
from condgan.train import pretrain, train
from contracts import state_of, tiny_images, tiny_options

recipes = pytest.mark.parametrize("recipe", RECIPES)
CONDITION = Class("ab")
FACES = Attributes({"hair": ("red", "blue", "gray"), "eyes": ("red", "green")})


@recipes
def test_a_docstring_has_a_summary_a_source_and_a_command(recipe: str) -> None:
    text = inspect.getdoc(RECIPES[recipe]) or ""
    assert text.splitlines()[0].endswith(".")
    assert re.search(r"Report 00\d|et al\. \d{4}|and \w+ \d{4}", text)
    assert f"Command: condgan train {recipe} --data" in text


@recipes
def test_every_option_is_a_keyword_with_a_default(recipe: str) -> None:
    for option in inspect.signature(RECIPES[recipe]).parameters.values():
        assert option.kind is option.KEYWORD_ONLY
        assert option.default is not option.empty


class Training(NamedTuple):
    """How a recipe trains by default: what its report or paper prints, and where these are silent, its docstring."""

    generator_rates: list[float | Schedule]
    discriminator_rates: list[float | Schedule]
    betas: tuple[float, float]
    batch_size: int
    num_epochs: int
    discriminator_steps: int
    generator_steps: int
    ema_half_life_kimg: float = 0
    pretrained: tuple[str, ...] = ()


DEFAULTS = {
    "cdcgan": Training([1e-4], [1e-4], (0.5, 0.999), 32, 1000, 1, 1),
    "acgan": Training([2e-4], [2e-4], (0.5, 0.999), 100, 300, 1, 2),
    "acgan_attributes": Training([2e-4], [2e-4], (0.5, 0.999), 64, 36, 1, 1),
    "infogan": Training([1e-3], [2e-4, 1e-3], (0.5, 0.999), 100, 50, 1, 1),  # D, Q
    "sagan": Training([1e-4], [1e-4], (0.0, 0.9), 64, 300, 1, 1),
    "dcgan": Training([1e-4], [1e-4], (0.5, 0.999), 64, 300, 1, 1),
    "wgan_gp": Training([1e-4], [1e-4], (0.0, 0.9), 64, 300, 5, 1),
    "projection": Training([2e-4], [2e-4], (0.0, 0.9), 64, 300, 5, 1),
    "layout": Training(
        [trapezoid(1.2e-3, 1.6e-5)],
        [trapezoid(1.2e-3, 1.6e-5)],
        (0.0, 0.99),
        32,
        30,
        1,
        1,
        4,
        ("reader", "discriminator"),
    ),
}


@recipes
def test_defaults_of_training_are_those_of_the_source(recipe: str) -> None:
    built = build(recipe, tiny_options(recipe) | defaults_of(recipe, "batch_size", "discriminator_steps"))
    expected = DEFAULTS[recipe]
    state = state_of(built, tiny_images("class"))
    optimizers = state.generator_optimizer, state.discriminator_optimizer
    assert {group["betas"] for optimizer in optimizers for group in optimizer.param_groups} == {expected.betas}
    assert all(type(optimizer.optimizer) is torch.optim.Adam for optimizer in optimizers)
    assert all(group["weight_decay"] == 0 for optimizer in optimizers for group in optimizer.param_groups)
    assert expected == Training(
        list(state.generator_rates),
        list(state.discriminator_rates),
        expected.betas,
        built.batch_size,
        built.num_epochs,
        built.discriminator_steps,
        built.generator_steps,
        built.ema_half_life_kimg,
        tuple(phase.name for phase in state.phases),
    )


def defaults_of(recipe: str, *names: str) -> dict[str, Any]:
    parameters = inspect.signature(RECIPES[recipe]).parameters
    return {name: parameters[name].default for name in names if name in parameters}


@recipes
def test_optimizers_have_every_parameter_of_their_network_once(recipe: str) -> None:
    state = state_of(build(recipe, tiny_options(recipe)), tiny_images("class"))
    for network, optimizer in (
        (state.generator, state.generator_optimizer),
        (state.discriminator, state.discriminator_optimizer),
    ):
        optimized = [id(parameter) for group in optimizer.param_groups for parameter in group["params"]]
        assert len(optimized) == len(set(optimized))
        assert set(optimized) == {id(parameter) for parameter in network.parameters()}


def test_the_second_rate_of_infogan_is_that_of_q() -> None:
    recipe = build("infogan", tiny_options("infogan"))
    discriminator = recipe.discriminator(CONDITION, 16, 1)
    _, q = recipe.discriminator_optimizer(discriminator).param_groups
    expected = [parameter for name, parameter in discriminator.named_parameters() if name.startswith("head.logits.")]
    assert [id(parameter) for parameter in q["params"]] == [id(parameter) for parameter in expected]
    assert len(expected) == 5


# The groups of both optimizers, G, D and for infogan Q, whose rate an option is; otherwise G and D.
GROUPS = {
    ("infogan", "learning_rate"): (True, False, True),
    ("infogan", "discriminator_learning_rate"): (False, True, False),
    ("sagan", "discriminator_learning_rate"): (False, True),
}


@pytest.mark.parametrize(("recipe", "option"), [*((recipe, "learning_rate") for recipe in RECIPES), *list(GROUPS)[1:]])
def test_a_schedule_of_a_rate_reaches_the_optimizers(recipe: str, option: str) -> None:
    images, text, schedule = tiny_images("class"), "cosine:8e-4:0", cosine(8e-4, 0)
    built = build(recipe, tiny_options(recipe) | {option: text})
    state = state_of(built, images, planned_kimg=4 * built.batch_size * built.discriminator_steps / 1000)
    scheduled = GROUPS.get((recipe, option), (True, True))
    constants = [*DEFAULTS[recipe].generator_rates, *DEFAULTS[recipe].discriminator_rates]
    rates = [*state.generator_rates, *state.discriminator_rates]
    assert rates == [schedule if yes else rate for yes, rate in zip(scheduled, constants, strict=True)]
    optimizers = state.generator_optimizer, state.discriminator_optimizer

    def assert_rates_at(progress: float) -> None:
        found = [group["lr"] for optimizer in optimizers for group in optimizer.param_groups]
        now = schedule(progress)
        assert found == pytest.approx([now if yes else rate for yes, rate in zip(scheduled, constants, strict=True)])

    assert_rates_at(0)  # before the first step
    list(pretrain(state, images))
    for step, _ in enumerate(islice(train(state, images), 3)):
        assert_rates_at(step / 4)


@pytest.mark.parametrize(
    ("recipe", "options", "objective"),
    [
        ("dcgan", {}, non_saturating),
        ("wgan_gp", {}, wasserstein + 10 * gradient_penalty + real_classification),
        ("projection", {}, hinge),
        (
            "layout",
            {},
            relativistic
            + relativistic_labels
            + real_likelihood
            + 0.15 * lazy(label_r1_r2, 4)
            + 0.5 * reader_classification,
        ),
        (
            "layout",
            {"reader_weight": 0, "head_weight": 2, "gamma": 1},
            relativistic + relativistic_labels + real_likelihood + 0.5 * lazy(label_r1_r2, 4) + 2 * fake_likelihood,
        ),
    ],
)
def test_objectives_without_a_printed_listing_are_those_of_the_cited_papers(
    recipe: str, options: dict[str, float], objective: Objective
) -> None:
    def discriminator(image: Tensor, c: Tensor) -> DiscriminatorOutput:
        return DiscriminatorOutput((image**3).sum((1, 2, 3)), image[:, :2, 0, 0])

    found, expected = (losses(each, discriminator) for each in (build(recipe, options).objective, objective))
    assert found == expected


def losses(
    objective: Objective, discriminator: Callable[[Tensor, Tensor], DiscriminatorOutput]
) -> dict[str, list[float]]:
    torch.manual_seed(0)
    real_image, fake_image = torch.randn(2, 4, 3, 2, 2, requires_grad=True)
    c = torch.tensor([0, 1, 1, 0])
    batch = Batch(discriminator, CONDITION, c, real_image, fake_image, reader=lambda image: image[:, 1:, 1, 1])
    by_network = {"G": objective.generator, "D": objective.discriminator}
    return {
        f"{name}/{term}": loss(batch).tolist() for name, terms in by_network.items() for term, loss in terms.items()
    }


def test_the_discriminator_of_wgan_gp_has_layer_norm_and_no_bias_of_the_score() -> None:
    discriminator = build("wgan_gp", {"width": 4}).discriminator(CONDITION, 32, 3)
    norms = [m for m in discriminator.modules() if isinstance(m, nn.GroupNorm | nn.BatchNorm2d)]
    assert [str(norm) for norm in norms] == [str(nn.GroupNorm(1, channels)) for channels in (8, 16)]
    assert [name for name, _ in discriminator.head.named_parameters() if "score" in name] == ["score.weight"]


@pytest.mark.parametrize("recipe", ["acgan", "acgan_attributes"])
def test_classify_fakes_decides_whether_d_is_trained_to_classify_fakes(recipe: str) -> None:
    for classify_fakes, classified in ((True, {"real", "fake"}), (False, {"real"})):
        objective = build(recipe, {"classify_fakes": classify_fakes}).objective
        assert set(objective.generator) == {"fake", "classification_fake"}
        assert set(objective.discriminator) == {"real", "fake", *(f"classification_{images}" for images in classified)}


def test_an_embedding_of_zero_concatenates_the_one_hot_vectors() -> None:
    c = FACES.encode(torch.tensor([[0, 1], [2, 0]]))
    z = torch.randn(2, 100)
    conditioning = build("acgan_attributes", {"width": 4, "embedding_dim": 0}).generator(FACES, 16, 3).conditioning
    assert torch.equal(conditioning(z, c), torch.cat([z, c], 1))
    conditioning = build("acgan_attributes", {"width": 4}).generator(FACES, 16, 3).conditioning
    assert isinstance(conditioning, ConcatAttributeEmbeddings)
    assert conditioning(z, c).shape == (2, 110)


def test_infogan_has_the_codes_of_its_options() -> None:
    def condition(**options: object) -> object:
        return build("infogan", options).condition(CONDITION)

    assert condition() == Codes({"class": 10}, ("c1", "c2"), 0.1)
    assert condition(categorical="3,4", continuous="0") == Codes({"class1": 3, "class2": 4}, (), 0.1)
    assert condition(categorical="", continuous=1, continuous_weight=0.5) == Codes({}, ("c1",), 0.5)
    assert condition(categorical="", continuous=0) == CONDITION


@pytest.mark.parametrize("recipe", [recipe for recipe in RECIPES if recipe != "infogan"])
@pytest.mark.parametrize("labels", [CONDITION, MultiLabel("abc"), FACES], ids=["class", "labels", "attributes"])
def test_other_recipes_have_the_condition_of_the_labels(recipe: str, labels: Class | MultiLabel | Attributes) -> None:
    assert build(recipe, {}).condition(labels) == labels


def test_a_recipe_of_your_own_is_found_by_module_and_function() -> None:
    for name in ("condgan.recipes.acgan:acgan", "faulty:steady"):
        use(name)
    assert find("condgan.recipes.acgan:acgan") is RECIPES["acgan"]
    assert build("faulty:steady", {"num_epochs": 3}).num_epochs == 3


@pytest.mark.parametrize("name", ["cdcgn", "nowhere:recipe", "condgan.recipes:nothing"])
def test_an_unknown_recipe_is_refused_by_name(name: str) -> None:
    for look_up in (use, find):
        with pytest.raises(InputError, match=name):
            look_up(name)


def test_an_unknown_recipe_gets_a_suggestion() -> None:
    with pytest.raises(InputError, match="unknown recipe 'cdcgn'; did you mean 'cdcgan'"):
        find("cdcgn")
