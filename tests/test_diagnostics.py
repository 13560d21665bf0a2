import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from condgan import diagnostics
from condgan.budget import Budget
from condgan.config import Config
from condgan.data import Images
from condgan.diagnostics import MAX_GROWTH, MIN_LINES, RULES, Watch, findings, measure
from condgan.log import RunLog, read_lines
from condgan.networks.gan import DiscriminatorOutput
from condgan.run import Run
from contracts import leaves, run_steps, tiny_images, tiny_options, tiny_state

HEALTHY = {
    "real_above_fake": 0.8,
    "own_condition[real]": 0.9,
    "own_condition[fake]": 0.9,
    "latent_variety": 0.4,
    "condition_variety": 0.3,
}
FAILING = {
    "D too strong": {"real_above_fake": 1.0},
    "D too weak": {"real_above_fake": 0.1},
    "mode collapse": {"latent_variety": 0.01},
    "D ignores the condition": {"own_condition[real]": 0.5},
    "G ignores the condition": {"condition_variety": 0.001},
}
EVERY_STEP = 1e-9  # minutes


class Known(nn.Module):
    """A network that computes a given function."""

    latent_dim = 8

    def __init__(self, function: Callable[..., Any]):
        super().__init__()
        self.function = function

    def forward(self, x: Tensor, c: Tensor) -> Any:
        return self.function(x, c)


def grey(value: Tensor) -> Tensor:
    """Images (N, 3, 16, 16) in [-1, 1] of one grey value each, from values (N,) in [0, 24]."""
    return (value / 12 - 1)[:, None, None, None].expand(-1, 3, 16, 16)


def label_of(c: Tensor) -> Tensor:
    return c.argmax(1)


def value_of(image: Tensor) -> Tensor:
    return (image.mean((1, 2, 3)) + 1) * 12


@pytest.fixture(scope="module")
def grey_images() -> Images:
    """Images whose grey value is their class."""
    images = tiny_images("class", num_images=200)
    pixels = (images.labels * 255 / 24).round().to(torch.uint8)
    return replace(images, images=pixels[:, None, None, None].expand(-1, 3, 16, 16).contiguous())


def measured(
    images: Images, generator: Callable[[Tensor, Tensor], Tensor], score: Callable[[Tensor, Tensor], Tensor]
) -> dict[str, float]:
    """Measures known networks on images of classes."""
    state, _ = tiny_state("cdcgan", "class")

    def discriminator(image: Tensor, c: Tensor) -> DiscriminatorOutput:
        return DiscriminatorOutput(score(image, c), image.new_empty(len(image), 0))

    state.generator_ema, state.discriminator = Known(generator), Known(discriminator)  # type: ignore[assignment]
    state.generator = Known(generator)
    return measure(state, images)


def follows_the_condition(z: Tensor, c: Tensor) -> Tensor:
    return grey(label_of(c))


def compares_with_the_condition(image: Tensor, c: Tensor) -> Tensor:
    return -(value_of(image) - label_of(c)).abs()


@pytest.mark.parametrize("recipe", ["cdcgan", "acgan", "infogan", "layout"])
def test_measuring_changes_neither_the_training_nor_random_numbers(recipe: str) -> None:
    state, images = tiny_state(recipe, "multi_label")
    run_steps(state, images, 1)
    before, random = {name: leaf.clone() for name, leaf in leaves(state.state_dict()).items()}, torch.get_rng_state()
    first = measure(state, images)
    assert torch.equal(torch.get_rng_state(), random)
    assert [name for name, leaf in leaves(state.state_dict()).items() if not torch.equal(leaf, before[name])] == []
    assert state.discriminator.training
    assert state.generator.training
    torch.manual_seed(5)
    assert measure(state, images) == first
    assert all(0 <= first[name] <= 1 for name in first if name != "latent_variety")


def test_codes_are_not_looked_for_in_real_images() -> None:
    state, images = tiny_state("infogan", "class", categorical=(3,), continuous=1)
    assert measure(state, images).keys() == HEALTHY.keys() - {"own_condition[real]"}


@pytest.mark.parametrize("weight", [0, 1])
def test_conditions_are_not_compared_by_the_logits_of_a_relativistic_game_alone(weight: float) -> None:
    state, images = tiny_state("layout", "class", classification_weight=weight)
    shares = {"own_condition[real]", "own_condition[fake]"}
    assert measure(state, images).keys() == HEALTHY.keys() - (set() if weight else shares)


@pytest.mark.parametrize(("sign", "share"), [(1, 1.0), (-1, 0.0), (0, 0.5)])
def test_d_may_score_all_real_images_higher_or_lower_or_all_equal(grey_images: Images, sign: int, share: float) -> None:
    black = measured(grey_images, lambda z, c: grey(0 * z[:, 0] - 1), lambda image, c: sign * value_of(image))
    assert black["real_above_fake"] == share


def test_d_that_compares_with_the_condition_prefers_the_own_one(grey_images: Images) -> None:
    values = measured(grey_images, follows_the_condition, compares_with_the_condition)
    assert values["own_condition[real]"] == 1
    assert "own_condition[fake]" not in values  # D has no head


def test_an_ignored_condition_is_preferred_at_chance(grey_images: Images) -> None:
    blank = measured(grey_images, follows_the_condition, lambda image, c: value_of(image))
    assert blank["own_condition[real]"] == 0.5


def test_logits_count_as_a_preference(grey_images: Images) -> None:
    state, _ = tiny_state("acgan", "class")
    classes = torch.arange(24.0)

    def discriminator(image: Tensor, c: Tensor) -> DiscriminatorOutput:
        return DiscriminatorOutput(0 * image[:, 0, 0, 0], -(value_of(image)[:, None] - classes).abs())

    state.discriminator = Known(discriminator)
    state.generator_ema = Known(follows_the_condition)  # type: ignore[assignment]
    values = measure(state, grey_images)
    assert values["own_condition[real]"] == values["own_condition[fake]"] == 1
    state.generator_ema = Known(lambda z, c: grey(label_of(c.roll(1, dims=0))))  # type: ignore[assignment]
    assert measure(state, grey_images)["own_condition[fake]"] < 0.6


def test_images_that_do_not_depend_on_the_latent_have_no_variety() -> None:
    images = tiny_images("class", num_images=200)
    values = measured(images, follows_the_condition, compares_with_the_condition)
    assert values["latent_variety"] == 0
    assert values["condition_variety"] > 0.1


def test_images_that_do_not_depend_on_the_condition_have_no_variety() -> None:
    images = tiny_images("class", num_images=200)
    values = measured(images, lambda z, c: grey(24 * z[:, 0].sigmoid()), compares_with_the_condition)
    assert values["condition_variety"] == 0
    assert values["latent_variety"] > 0.1


def test_the_variety_over_conditions_is_that_of_all_discrete_values() -> None:
    """Of conditions in order, the first ones may have a value in common, here the only one that images follow."""
    state, images = tiny_state("infogan", "codes", categorical=[3], continuous=2)
    state.generator = Known(lambda z, c: grey(8 * label_of(c[:, :3])))
    state.generator_ema = state.generator
    assert measure(state, images)["condition_variety"] > 0.1


def test_images_as_varied_as_real_ones_have_a_variety_of_one() -> None:
    """Noise whose pixels have the mean variance of real images of a class."""
    images = tiny_images("class", num_images=400)
    of_class = [images.images[images.labels == label].float() for label in range(24)]
    deviation = torch.cat([pixels.var(0) for pixels in of_class]).mean().sqrt() / 127.5

    def noise(z: Tensor, c: Tensor) -> Tensor:
        return deviation * torch.randn(len(z), 3, 16, 16, generator=torch.Generator().manual_seed(0))

    assert measured(images, noise, compares_with_the_condition)["latent_variety"] == pytest.approx(1, rel=0.1)


def test_variety_is_unknown_where_real_images_of_a_condition_are_equal(grey_images: Images) -> None:
    assert "latent_variety" not in measured(grey_images, follows_the_condition, compares_with_the_condition)


STEPS = {rule.name: rule.min_steps for rule in RULES}


def saves(*values: dict[str, float], every: int = 1000) -> list[dict[str, float]]:
    """Lines of diagnostics.jsonl, the first one at step 0; what is not given is healthy."""
    return [{"step": i * every, "kimg": i * every / 100, **HEALTHY, **value} for i, value in enumerate(values)]


def kinds(log: Sequence[dict[str, float]], lines: Sequence[dict[str, float]]) -> list[str]:
    return [finding.kind for finding in findings(log, lines)]


def test_every_rule_has_a_case() -> None:
    assert FAILING.keys() == STEPS.keys()


@pytest.mark.parametrize("kind", FAILING)
def test_what_the_last_saves_show_is_found_with_the_last_save_before_and_advice(kind: str) -> None:
    failing, steps = FAILING[kind], STEPS[kind]
    (finding,) = findings([], saves({}, {}, failing, failing, failing, every=steps))
    assert finding.kind == kind
    assert f"{kind} since step {2 * steps}: " in finding.text
    assert f"the last save before is step {steps}. Try: " in finding.text
    assert f"{next(iter(failing))} {next(iter(failing.values())):.2g}" in finding.text


@pytest.mark.parametrize("kind", FAILING)
def test_a_rule_has_to_hold_at_all_last_saves_for_a_while(kind: str) -> None:
    failing, steps = FAILING[kind], STEPS[kind]
    assert kinds([], saves({}, {}, {}, {}, every=steps)) == []
    assert kinds([], saves({}, failing, failing, every=steps)) == []
    assert kinds([], saves({}, failing, failing, failing, {}, every=steps)) == []
    assert kinds([], saves({}, failing, {}, failing, failing, every=steps)) == []
    assert kinds([], saves(failing, failing, failing, every=steps)) == []  # step 0 does not count
    assert kinds([], saves(*[failing] * 21, every=steps // 20)) == []
    assert kinds([], saves(*[failing] * 22, every=steps // 20)) == [kind]


@pytest.mark.parametrize(
    ("kind", "before"),
    [("mode collapse", {"latent_variety": 0.9}), ("D ignores the condition", {"own_condition[real]": 1})],
)
def test_a_failure_at_the_save_after_a_healthy_one_is_found_at_once(kind: str, before: dict[str, float]) -> None:
    failing = FAILING[kind]
    assert kinds([], saves({}, before, failing, every=1)) == [kind]
    assert kinds([], saves({}, before, failing, failing, every=1)) == [kind]
    assert kinds([], saves({}, before, failing, before, every=1)) == []
    assert kinds([], saves(before, failing, every=1)) == []  # step 0 does not count


def test_g_ignores_conditions_that_d_finds_in_real_images_only() -> None:
    unread = {"own_condition[fake]": 0.5}
    assert kinds([], saves({}, unread, unread, unread)) == ["G ignores the condition"]
    both = unread | FAILING["D ignores the condition"]
    assert kinds([], saves({}, both, both, both, every=3000)) == ["D ignores the condition"]


def log_of(*totals: float, network: str = "D") -> list[dict[str, float]]:
    halves = [{f"{network}/real": total / 2, f"{network}/fake": total / 2} for total in totals]
    return [{"step": 50 * (i + 1), "kimg": 1.6 * (i + 1), **half} for i, half in enumerate(halves)]


@pytest.mark.parametrize("network", ["D", "G"])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_lasting_growth_of_losses_is_found(network: str, sign: int) -> None:
    start, large = [2.0 * sign] * MIN_LINES, 2.5 * MAX_GROWTH * sign
    (finding,) = findings(log_of(*start, *[large] * 5, network=network), [])
    assert finding.kind == f"growing loss of {network}"
    assert "there is no save before" in finding.text
    assert "Try: lower learning_rate" in finding.text
    assert kinds(log_of(*start, *[large] * 2, *start[:3], network=network), []) == []  # passing spikes
    assert kinds(log_of(*[0.01 * sign] * MIN_LINES, *[0.9 * sign] * 5, network=network), []) == []  # still small
    assert kinds(log_of(*[2.0 * sign] * 5, *[large] * 5, network=network), []) == []  # too few lines to compare with


def test_each_kind_is_warned_of_once_also_after_a_resume(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    log = RunLog(tmp_path, {}, True)
    watch, messages = Watch(log.log, log.diagnostics), []
    for line in saves({}, *[FAILING["mode collapse"]] * 5, {}, *[FAILING["mode collapse"]] * 3):
        log.diagnose({name: line[name] for name in HEALTHY}, int(line["step"]), line["kimg"])
        with caplog.at_level(logging.WARNING):
            watch.look()
        messages.append(len(caplog.messages))
    assert messages == [0, 0, 0, *[1] * 7]
    assert "mode collapse since step 1000" in caplog.messages[0]
    Watch(log.log, log.diagnostics).look()
    assert len(caplog.messages) == 1


def test_every_save_is_measured(tmp_path: Path) -> None:
    images = tiny_images("multi_label")
    run = Run(tmp_path, Config.of("cdcgan", tiny_options("cdcgan"), "shapes", images, seed=0, precision="no"))
    list(run.train(images, Budget(kimg=3 * 0.004), save_minutes=EVERY_STEP))
    lines = read_lines(tmp_path / "diagnostics.jsonl")
    assert [line["step"] for line in lines] == [0, 1, 2, 3]
    assert all(line.keys() == {"step", "kimg", *HEALTHY} - {"own_condition[fake]"} for line in lines)


def test_a_training_without_latent_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    short = [replace(rule, min_steps=2) for rule in RULES]
    monkeypatch.setattr(diagnostics, "RULES", short)
    images = tiny_images("class")
    config = Config.of("faulty:without_latent", {}, "shapes", images, seed=0, precision="no")
    list(Run(tmp_path, config).train(images, Budget(kimg=4 * 0.004), save_minutes=EVERY_STEP))
    assert [message for message in caplog.messages if "mode collapse since step 1" in message]
