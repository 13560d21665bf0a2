"""Signs of a failing training: measurements of G and D at every save, and rules over them and over the log.

diagnostics.jsonl has a line for each save with these measurements:

real_above_fake         share of pairs of a real image and one of G, not averaged, of which D scores the real one higher
own_condition[real]     share of real images whose own condition D prefers to that of another image; labels only
own_condition[fake]     the same of generated images by D's head, if it has one
latent_variety          variance of generated images of one condition, divided by that of real images
condition_variety       variance of generated images of one latent, divided by that of all real images

The training does not depend on them. docs/troubleshooting.md has the rules, and what their numbers were measured on.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch import Tensor

from condgan.conditions import Condition
from condgan.data.dataset import Images, to_float, to_uint8
from condgan.draws import fixed_seed
from condgan.log import read_lines
from condgan.networks.gan import Discriminator, DiscriminatorOutput
from condgan.state import TrainState

logger = logging.getLogger(__name__)

NUM_IMAGES = 128  # on which D is tried
NUM_REAL = 512  # whose variance that of generated images is divided by
NUM_CONDITIONS = NUM_LATENTS = 8  # of the images whose variance is measured

MIN_SAVES, MIN_STEPS = 3, 1000  # for which a rule has to hold
MIN_STEPS_OF_D = 3000  # at the start of healthy runs D may be at 0 or 1 for hundreds of steps
LAST_LINES, MIN_LINES = 5, 20  # of the log
MAX_GROWTH = 30.0

Line = Mapping[str, Any]  # of log.jsonl or diagnostics.jsonl


@torch.no_grad()
def measure(state: TrainState, images: Images) -> dict[str, float]:
    """Measures D, G and the averaged G on training images, always the same ones with the same latents and conditions.

    Leaves the state and the random numbers of the training as they are. One process may call it alone.
    """
    device, condition = state.accelerator.device, state.condition
    chosen = torch.randperm(len(images.training), generator=torch.Generator().manual_seed(0))[:NUM_REAL]
    real, labels = images.batch(images.training[chosen])
    with fixed_seed(0):
        c = condition.sample(labels)
    own = c[:NUM_IMAGES].to(device)
    z = torch.randn(len(own), state.generator.latent_dim, generator=torch.Generator().manual_seed(0)).to(device)
    # Evaluation mode, in which batch norm neither changes nor waits for other processes.
    generator, discriminator = state.generator_ema.eval(), state.discriminator.eval()
    fake_image, real_image = generator(z, condition.encode(own)), to_float(real[:NUM_IMAGES].to(device))
    opponent = state.generator.eval()(z, condition.encode(own))  # what D is trained against: G as it is
    state.generator.train()
    real_score, fake_score = (discriminator(image, condition.encode(own)).score for image in (real_image, opponent))
    values = {"real_above_fake": _share_above(real_score[:, None], fake_score)}
    terms = state.recipe.objective.discriminator
    # A relativistic game alone compares images of one condition, so that logits of different labels mean nothing.
    compares_conditions = "relativistic_labels" not in terms or "classification_real" in terms
    if condition.is_labelled and compares_conditions:
        values["own_condition[real]"] = _own_condition(discriminator, condition, real_image, own)
    # D's score of generated images does not count: it is trained to be low for their own condition, and for no other.
    if compares_conditions and discriminator(fake_image, condition.encode(own)).logits.shape[1]:
        values["own_condition[fake]"] = _own_condition(discriminator, condition, fake_image, own, score_weight=0)
    discriminator.train()
    distinct = torch.unique(own, dim=0)  # sorted, so that the first ones might have a value in common
    few = distinct[torch.randperm(len(distinct), generator=torch.Generator().manual_seed(0))[:NUM_CONDITIONS]]
    latents = z[:NUM_LATENTS].repeat(len(few), 1)
    pictures = to_uint8(generator(latents, condition.encode(few.repeat_interleave(len(z[:NUM_LATENTS]), 0)))).float()
    grid = pictures.unflatten(0, (len(few), -1))  # conditions x latents
    within = _variance(real.float(), c if condition.is_labelled else torch.zeros(len(c)))
    among = _variance(real.float(), torch.zeros(len(c)))
    if within > 0:  # otherwise there is nothing for the latent to vary
        values["latent_variety"] = grid.var(1).mean().item() / within
    if among > 0 and len(few) > 1:
        values["condition_variety"] = grid.var(0).mean().item() / among
    return values


def _share_above(a: Tensor, b: Tensor) -> float:
    """Share of pairs of which `a` is larger than `b`; equal ones count half."""
    return ((a > b).float() + 0.5 * (a == b)).mean().item()


def _own_condition(
    discriminator: Discriminator, condition: Condition, image: Tensor, c: Tensor, score_weight: float = 1
) -> float:
    """Share of images (N, C, R, R) whose condition D prefers to that of the next image, where they differ.

    D prefers the condition c with the higher score(image, c) + log p(c given image), as far as its head has logits.
    """

    def preference(c: Tensor) -> Tensor:
        output: DiscriminatorOutput = discriminator(image, condition.encode(c))
        score = score_weight * output.score
        return score - condition.nll(output.logits, c) if output.logits.shape[1] else score

    other = c.roll(1, dims=0)
    differ = (c != other).reshape(len(c), -1).any(1)
    return _share_above(preference(c)[differ], preference(other)[differ]) if differ.any() else 0.5


def _variance(images: Tensor, c: Tensor) -> float:
    """Mean variance of a pixel of images with equal conditions, or of all images if no condition repeats."""
    _, groups = torch.unique(c, dim=0, return_inverse=True)
    if groups.max() + 1 == len(images):
        groups = torch.zeros_like(groups)
    sizes = torch.bincount(groups)
    means = torch.zeros(len(sizes), *images.shape[1:]).index_add(0, groups, images) / sizes.view(-1, 1, 1, 1)
    squares = (images - means[groups]).square().mean((1, 2, 3)).sum()
    return squares.item() / max(len(images) - len(sizes), 1)


@dataclass(frozen=True)
class Rule:
    """A kind of failure: whether the measurements of a save show it, what that means, and what to try.

    If a save is `healthy` and the next one shows the failure, a single step has spoiled the networks, and there is no
    need to wait for more.
    """

    name: str
    shows: Callable[[Line], bool]
    meaning: str
    advice: str
    min_steps: int = MIN_STEPS
    healthy: Callable[[Line], bool] = lambda save: False


RULES = (
    Rule(
        "D too strong",
        lambda save: save.get("real_above_fake", 0.5) > 0.999,
        "D separates all generated from all real images, so G may learn little",
        "lower discriminator_learning_rate or raise generator_steps if the recipe has them, or lower learning_rate",
        MIN_STEPS_OF_D,
    ),
    Rule(
        "D too weak",
        lambda save: save.get("real_above_fake", 0.5) < 0.2,
        "D scores generated images higher than real ones",
        "raise discriminator_learning_rate or discriminator_steps if the recipe has them, or lower learning_rate",
        MIN_STEPS_OF_D,
    ),
    Rule(
        "mode collapse",
        lambda save: save.get("latent_variety", 1.0) < 0.05,
        "G ignores its latent: images of one condition hardly differ",
        "lower learning_rate, use a larger batch_size, or another recipe",
        healthy=lambda save: save.get("latent_variety", 0.0) > 0.5,
    ),
    Rule(
        "D ignores the condition",
        lambda save: save.get("own_condition[real]", 1.0) < 0.6,
        "D does not tell the condition of a real image from another",
        "train longer, raise the weight of the classification loss (aux_weight, of layout classification_weight), or "
        "check the labels with condgan data inspect",
        MIN_STEPS_OF_D,
        healthy=lambda save: save.get("own_condition[real]", 0.0) > 0.95,
    ),
    Rule(
        "G ignores the condition",
        lambda save: (
            save.get("condition_variety", 1.0) < 0.005
            or (save.get("own_condition[real]", 1.0) >= 0.75 and save.get("own_condition[fake]", 1.0) < 0.6)
        ),
        "images of one latent hardly differ, or D's head does not find their conditions in them",
        "raise the weight of the classification loss (aux_weight, of layout reader_weight), or use a recipe whose D "
        "sees the condition, such as projection",
    ),
)


@dataclass(frozen=True)
class Finding:
    """A failure that was found: its kind, and a text with values, the last save before it, and advice."""

    kind: str
    text: str


def findings(log: Sequence[Line], saves: Sequence[Line]) -> list[Finding]:
    """Returns the failures at the end of the lines of log.jsonl and of diagnostics.jsonl; none if there are too few."""
    found = [_growth(network, log, saves) for network in ("D", "G")] + [_lasting(rule, saves) for rule in RULES]
    return [finding for finding in found if finding]


def _growth(network: str, log: Sequence[Line], saves: Sequence[Line]) -> Finding | None:
    """Compares the last totals of a network's losses with all before, by medians, which outliers do not change."""
    totals = [abs(sum(loss or 0.0 for name, loss in line.items() if name.startswith(f"{network}/"))) for line in log]
    if len(totals) < MIN_LINES:
        return None
    before, now = median(totals[:-LAST_LINES]), median(totals[-LAST_LINES:])
    if now <= MAX_GROWTH * max(before, 1.0):
        return None
    first = log[-LAST_LINES]["step"]
    text = f"{network} loss {now:.3g} since step {first} or before, with a median of {before:.3g} until then"
    return Finding(f"growing loss of {network}", _with_advice(text, first, saves, "lower learning_rate"))


def _lasting(rule: Rule, saves: Sequence[Line]) -> Finding | None:
    """A failure counts if the last saves show it: MIN_SAVES over its `min_steps`, or any number after a healthy one."""
    start = len(saves)
    while start and saves[start - 1]["step"] and rule.shows(saves[start - 1]):
        start -= 1
    showing = saves[start:]
    lasts = len(showing) >= MIN_SAVES and showing[-1]["step"] - showing[0]["step"] >= rule.min_steps
    is_sudden = showing and start and saves[start - 1]["step"] and rule.healthy(saves[start - 1])
    if not lasts and not is_sudden:
        return None
    step, values = showing[0]["step"], {**showing[-1], "step": 0}
    measured = ", ".join(f"{name} {value:.2g}" for name, value in values.items() if name not in ("step", "kimg"))
    text = f"{rule.name} since step {step}: {rule.meaning} ({measured})"
    return Finding(rule.name, _with_advice(text, step, saves, rule.advice))


def _with_advice(text: str, step: int, saves: Sequence[Line], advice: str) -> str:
    before = [save["step"] for save in saves if 0 < save["step"] < step]
    good = f"the last save before is step {before[-1]}" if before else "there is no save before"
    return f"{text}; {good}. Try: {advice}"


class Watch:
    """Warns of each kind of failure once, also if the run is resumed."""

    def __init__(self, log: Path, diagnostics: Path):
        self.files = log, diagnostics
        self.known = {finding.kind for finding in self._findings()}

    def _findings(self) -> list[Finding]:
        return findings(*map(read_lines, self.files))

    def look(self) -> None:
        """Logs a warning for each kind of failure that is new."""
        for finding in self._findings():
            if finding.kind not in self.known:
                self.known.add(finding.kind)
                logger.warning("warning: %s", finding.text)
