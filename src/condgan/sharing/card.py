"""The model card of a shared generator, in Markdown."""

import json
import re
from collections.abc import Mapping
from functools import partial
from typing import Any

import yaml
from torch import Tensor

from condgan.conditions import Condition, from_json
from condgan.config import Config
from condgan.errors import InputError
from condgan.evenly import evenly
from condgan.recipes import RECIPES
from condgan.scores import Scores, ScoreTable
from condgan.templates import template

SAMPLES, NUM_EXAMPLES = "samples.png", 16
ADVICE = "expected what `condgan evaluate` wrote, run it again"
METRICS = {
    "condition_accuracy": "share of the wanted labels that the judge recognises in the image",
    "exact_accuracy": "share of images in which the judge sees exactly the wanted labels",
    "code_accuracy": "share of images whose recognised label is the one matched to their code",
    "kid[judge]": "kernel distance to held-out real images in the features of the judge, lower is better; "
    "not comparable with KID in Inception features",
}


def model_card(
    config: Config, title: str, source: str, example: str, license: str | None, scores: Mapping[str, Any] | None
) -> str:
    """Returns a model card: how to use the model, its vocabulary, its data, its scores, its licence.

    `example` is a condition. Raises InputError for a licence that is no identifier, and for scores that are not those
    of `condgan evaluate`.
    """
    if license is not None and not re.fullmatch(r"[a-z0-9][a-z0-9.+-]*", license):
        raise InputError(f"license {license!r}: expected an identifier of the Hub, e.g. mit, apache-2.0, cc-by-4.0")
    facts = {
        "library_name": "condgan",
        **({"license": license} if license else {}),
        "tags": ["gan", "conditional-gan", "image-generation"],
    }
    found = None if scores is None else Scores.parse(scores, "scores", ADVICE)
    quoted = partial(json.dumps, ensure_ascii=False)
    card = template("condgan.sharing", "card.md.jinja", autoescape=False, text=escaped, quoted=quoted)
    return card.render(
        facts=yaml.safe_dump(facts, sort_keys=False),
        title=title,
        source=source,
        example=example,
        samples=SAMPLES,
        config=config,
        is_own_recipe=config.recipe not in RECIPES,
        condition=from_json(config.condition),
        license=license,
        scores=found,
        table=found and ScoreTable.of(found.rows),
        meanings=METRICS,
    )


def escaped(text: object) -> str:
    """Returns a text in which no character starts HTML, a link or a cell of a table: names come from data sets.

    >>> print(escaped("a|b <i>"))
    a\\|b \\<i\\>
    """
    return re.sub(r"([\\`*\[\]<>|#&~!])", r"\\\1", " ".join(str(text).split()))


def examples(condition: Condition) -> Tensor:
    """Returns the conditions of a card's picture: values in turn, or a traversal of the first continuous code."""
    c = condition.each_value()
    c = c if len(c) else next(iter(condition.traversals().values()))
    return c[evenly(len(c), NUM_EXAMPLES)]
