"""Each recipe at its defaults against the networks and losses that its report prints, with the same weights.

Equal outputs pin what shapes do not: activations, their order, strides, paddings and epsilons.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import ModuleType

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import is_parametrized

from condgan.conditions import Attributes, Class, Condition, MultiLabel
from condgan.networks.gan import Discriminator, DiscriminatorOutput, Generator
from condgan.networks.layers import Dropout
from condgan.objectives import Batch, Term
from condgan.recipes import Recipe, build
from condgan.rendering.scenes import LABELS
from printed import Noise, Outputs, report_000, report_001, report_002, report_003, report_004
from same_weights import assert_close, copy_of, unsettle

OBJECTS = MultiLabel(LABELS)
DIGITS = Class([str(digit) for digit in range(10)])
FACES = Attributes({"hair": [f"h{i}" for i in range(12)], "eyes": [f"e{i}" for i in range(10)]})

States = Iterable[tuple[str, Tensor]]


def unchanged(state: States) -> list[Tensor]:
    """The entries of a state in their order."""
    return [tensor for _, tensor in state]


def embeddings_as_rows(state: States) -> list[Tensor]:
    """Embeddings of indices have a row for each value; linear layers on one-hot vectors have a column."""
    return [tensor.T if "label_embeds" in name else tensor for name, tensor in state]


def logits_by_attribute(state: States) -> list[Tensor]:
    """Report 002 prints a layer for each attribute; the recipe has one layer for the logits of both."""
    named = dict(state)
    weight, bias = named.pop("head.logits.weight"), named.pop("head.logits.bias")
    return [*named.values(), weight[:12], bias[:12], weight[12:], bias[12:]]


def probability_only(output: DiscriminatorOutput) -> Outputs:
    return (output.score.sigmoid(),)


def multi_label_probabilities(output: DiscriminatorOutput) -> Outputs:
    return output.score.sigmoid(), output.logits.sigmoid()


def attribute_probabilities(output: DiscriminatorOutput) -> Outputs:
    hair, eyes = output.logits[:, :12], output.logits[:, 12:]
    return output.score.sigmoid(), hair.softmax(1), eyes.softmax(1)


def code_parameters(output: DiscriminatorOutput) -> Outputs:
    return output.score.sigmoid(), output.logits[:, :10], output.logits[:, 10:12], output.logits[:, 12:]


def score_only(output: DiscriminatorOutput) -> Outputs:
    return (output.score,)


@dataclass(frozen=True)
class Report:
    """What a report prints, its data, and how to rewrite the recipe's weights and outputs as the report has them."""

    recipe: str
    labels: Condition
    resolution: int
    channels: int
    printed: ModuleType
    as_printed: Callable[[DiscriminatorOutput], Outputs]
    generator_state: Callable[[States], list[Tensor]] = unchanged
    discriminator_state: Callable[[States], list[Tensor]] = unchanged


REPORTS = {
    "000": Report("cdcgan", OBJECTS, 64, 3, report_000, probability_only),
    "001": Report("acgan", OBJECTS, 64, 3, report_001, multi_label_probabilities),
    "002": Report(
        "acgan_attributes", FACES, 64, 3, report_002, attribute_probabilities, embeddings_as_rows, logits_by_attribute
    ),
    "003": Report("infogan", DIGITS, 28, 1, report_003, code_parameters),
    "004": Report("sagan", OBJECTS, 64, 3, report_004, score_only),
}


@dataclass(frozen=True)
class Pair:
    """The networks of a recipe and those of its report, with the same weights in double precision; inputs for them."""

    report: Report
    recipe: Recipe
    condition: Condition
    generator: Generator
    discriminator: Discriminator
    printed_generator: nn.Module
    printed_discriminator: nn.Module
    z: Tensor
    c: Tensor
    real_image: Tensor
    fake_image: Tensor

    @property
    def vector(self) -> Tensor:
        """The encoded conditions."""
        return self.condition.encode(self.c).double()

    def set_mode(self, training: bool) -> None:
        """Sets the mode of all four networks, always without dropout."""
        for network in (self.generator, self.discriminator, self.printed_generator, self.printed_discriminator):
            network.train(training)
            for module in network.modules():
                if isinstance(module, nn.Dropout | Dropout):
                    module.eval()

    def batch(self) -> Batch:
        """The batch that the recipe's terms see."""

        def discriminator(image: Tensor, c: Tensor) -> DiscriminatorOutput:
            return self.discriminator(image, c.double())  # type: ignore[no-any-return]

        return Batch(discriminator, self.condition, self.c, self.real_image, self.fake_image)


@pytest.fixture(scope="module", params=REPORTS)
def pair(request: pytest.FixtureRequest) -> Pair:
    report = REPORTS[request.param]
    recipe = build(report.recipe, {})
    condition = recipe.condition(report.labels)
    torch.manual_seed(0)
    shape = condition, report.resolution, report.channels
    generator, discriminator = recipe.generator(*shape), recipe.discriminator(*shape)
    for network in (generator, discriminator):
        unsettle(network.double())
    real_image, fake_image = torch.rand(2, 2, report.channels, report.resolution, report.resolution).double() * 2 - 1
    return Pair(
        report,
        recipe,
        condition,
        generator,
        discriminator,
        copy_of(report.printed.Generator, report.generator_state(generator.state_dict().items())),
        copy_of(report.printed.Discriminator, report.discriminator_state(discriminator.state_dict().items())),
        torch.randn(2, generator.latent_dim).double(),
        condition.sample(conditions_of(report.labels)),
        real_image,
        fake_image,
    )


def conditions_of(labels: Condition) -> Tensor:
    """Two different conditions."""
    if isinstance(labels, MultiLabel):
        return torch.eye(24, dtype=torch.uint8)[[3, 7]] + torch.eye(24, dtype=torch.uint8)[[5, 20]]
    return torch.tensor([[3, 7], [11, 2]]) if isinstance(labels, Attributes) else torch.tensor([3, 8])


def assert_same_weights_and_statistics(pair: Pair) -> None:
    report = pair.report
    generator = report.generator_state(pair.generator.state_dict().items())
    discriminator = report.discriminator_state(pair.discriminator.state_dict().items())
    assert_close(generator, list(pair.printed_generator.state_dict().values()))
    assert_close(discriminator, list(pair.printed_discriminator.state_dict().values()))


@torch.no_grad()
def test_generators_equal_the_printed_ones(pair: Pair) -> None:
    """In evaluation and in training, and in the statistics that training leaves behind, which show the momentum."""
    for training in (False, True):
        pair.set_mode(training)
        image = pair.generator(pair.z, pair.vector)
        assert image.shape == pair.fake_image.shape
        assert image.std() > 0.01
        assert_close(image, pair.printed_generator(pair.z, pair.vector))
    assert_same_weights_and_statistics(pair)


@torch.no_grad()
def test_discriminators_equal_the_printed_ones(pair: Pair) -> None:
    for training in (False, True):
        pair.set_mode(training)
        output = pair.discriminator(pair.real_image, pair.vector)
        assert output.score.shape == (2,)
        assert output.score[0] != output.score[1]
        assert output.score.abs().max() < 8  # where the sigmoid is not yet flat
        assert_close(pair.report.as_printed(output), pair.printed_discriminator(pair.real_image, pair.vector))
    assert_same_weights_and_statistics(pair)


@torch.no_grad()
def test_losses_equal_the_printed_ones(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the same random targets, and on both sides of the probability with which report 001 flips them."""
    pair.set_mode(training=False)
    c, objective, batch = pair.vector, pair.recipe.objective, pair.batch()
    real, fake = (pair.printed_discriminator(image, c) for image in (pair.real_image, pair.fake_image))
    assert_close(mean_of_sum(objective.generator.values(), batch), pair.report.printed.generator_loss(fake, c))
    for uniform, flip in ((0.0999, True), (0.1001, False), (0.9, False)):
        noise = Noise(torch.tensor([0.2, 0.7]).double(), torch.tensor([0.4, 0.9]).double(), flip)
        draws = iter(noise[:2])  # the term of real images comes first
        monkeypatch.setattr("condgan.objectives.games.per_sample", lambda draw, n, draws=draws: next(draws))
        batch.__dict__["uniform"] = uniform
        expected = pair.report.printed.discriminator_loss(real, fake, c, noise)
        assert_close(mean_of_sum(objective.discriminator.values(), batch), expected)


def mean_of_sum(terms: Iterable[Term], batch: Batch) -> Tensor:
    return torch.stack([term(batch) for term in terms]).sum(0).mean()


def test_dropout_is_where_report_001_prints_it_and_nowhere_else(pair: Pair) -> None:
    """Outputs are compared without dropout, which is random."""

    def layers(network: nn.Module) -> list[tuple[str, float]]:
        kinds = (nn.Conv2d, nn.BatchNorm2d, nn.LeakyReLU, nn.Dropout, Dropout)
        return [(type(m).__name__, getattr(m, "p", 0.0)) for m in network.modules() if isinstance(m, kinds)]

    if pair.report.recipe == "acgan":
        assert layers(pair.discriminator) == layers(pair.printed_discriminator)
    else:
        assert not any(isinstance(m, Dropout) for m in pair.discriminator.modules())
    assert not any(isinstance(m, Dropout) for m in pair.generator.modules())


def test_the_state_of_report_004_has_the_listed_names_and_shapes() -> None:
    with torch.device("meta"):
        parameters = dict(report_004.Generator().named_parameters())
    assert {name: tuple(parameter.shape) for name, parameter in parameters.items()} == report_004.STATE


def test_only_the_discriminator_of_report_004_has_spectral_norm() -> None:
    recipe = build("sagan", {"width": 8})
    generator, discriminator = recipe.generator(OBJECTS, 64, 3), recipe.discriminator(OBJECTS, 64, 3)
    layers = [m for m in discriminator.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    assert len(layers) == 12
    assert all(is_parametrized(layer, "weight") for layer in layers)
    assert not any(is_parametrized(module) for module in generator.modules())
