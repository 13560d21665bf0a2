"""Texts that a person types or writes: conditions, options, places, specs, and the labels of scenes to render."""

import re
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import yaml

from condgan import recipes
from condgan.ablate import read
from condgan.cli.options import parse_options
from condgan.cli.places import parse_places
from condgan.conditions import Attributes, Class, Codes, Condition, MultiLabel, parse_conditions
from condgan.data import Images, shapes
from condgan.rendering.folder import read_entries
from condgan.rendering.scenes import LABELS
from condgan.state import check_trainable
from fuzz.bytes import changed
from fuzz.case import Case, Target
from fuzz.values import NUMBERS, TEXTS, any_value, changed_json, changed_tree

CONDITIONS: tuple[Condition, ...] = (
    Class(("cat", "dog", "röt")),
    MultiLabel(LABELS),
    MultiLabel(("nothing", "a", "b c")),
    Attributes({"hair": ("aqua", "dark red"), "eyes": ("blue", "red")}),
    Codes({"digit": 10, "style": 2}, ("slant", "width")),
)
EXAMPLES = [condition.describe_all(condition.each_value()) for condition in CONDITIONS]


def _mixed(examples: list[str], random: Random) -> str:
    """Joins parts of the examples and texts of no use, or changes the bytes of an example."""
    if not random.randrange(4):
        words = [random.choice(examples) for _ in range(random.randint(1, 4))]
        return random.choice([",", ", ", " ,  "]).join(words) + random.choice(["", "", " ", ","])
    if random.randrange(3):
        text = changed(", ".join(random.choices(examples, k=random.randint(1, 3))).encode(), random)
        return text.decode(errors=random.choice(["replace", "ignore"]))
    words = [*(word for example in examples for word in re.split("[ ,]", example)), *TEXTS, *map(repr, NUMBERS[:8])]
    return random.choice([",", ", ", " ", "=", "\n"]).join(random.choices(words, k=random.randint(0, 6)))


def _conditions(folder: Path) -> Callable[[Random], Case]:
    def make(random: Random) -> Case:
        number = random.randrange(len(CONDITIONS))
        condition, text = CONDITIONS[number], _mixed(EXAMPLES[number], random)

        def call() -> None:
            c = condition.parse(text)
            again = condition.parse(condition.describe(c))
            assert condition.encode(c[None]).equal(condition.encode(again[None])), (text, c, again)

        return Case(text.encode(errors="replace"), call)

    return make


def _condition_lists(folder: Path) -> Callable[[Random], Case]:
    def make(random: Random) -> Case:
        number = random.randrange(len(CONDITIONS))
        condition = CONDITIONS[number]
        examples = [text.split(", ") if random.randrange(2) else text for text in EXAMPLES[number]]
        content = changed_json(examples[: random.randint(1, 5)], random)
        if not random.randrange(3):
            content = changed(content, random)
        text = content.decode(errors="replace")
        return Case(content, lambda: parse_conditions(text, "conditions.json", condition))

    return make


def _options(folder: Path) -> Callable[[Random], Case]:
    names = {name: recipes.resolve(name, {}) for name in recipes.RECIPES}
    kinds: list[Images] = [shapes("multi_label", 16, num_images=40), shapes("class", 16, num_images=40)]

    def text(value: Any) -> str:
        return ",".join(map(str, value)) if isinstance(value, list) else str(value)

    def make(random: Random) -> Case:
        name = random.choice(list(names))
        options = []
        for _ in range(random.choice([1, 1, 2, 3])):
            option = random.choice(list(names[name]))
            value = text(names[name][option])
            kind = random.randrange(5)
            if kind == 0:
                value = changed(value.encode(), random).decode(errors="replace")
            elif kind == 1:
                value = text(random.choice([*NUMBERS, *TEXTS]))
            elif kind == 2:
                shape, start, end = (
                    random.choice(["linear", "cosine", "late", "final", "exponential", "x"]),
                    random.choice(NUMBERS),
                    random.choice(NUMBERS),
                )
                value = f"{shape}:{start}:{end}"
            elif kind == 3:
                value = text(random.choice(list(names[name].values())))
            option = option if random.randrange(12) else random.choice([*TEXTS, option + "s"])
            options.append(f"{option}={value}" if random.randrange(15) else option)

        images = random.choice(kinds)

        def call() -> None:
            chosen = parse_options(options)
            resolved = recipes.resolve(name, chosen)
            assert recipes.resolve(name, resolved) == resolved, resolved
            built = recipes.build(name, chosen)
            check_trainable(built, images)
            assert built.num_epochs * images.num_training / 1000 > 0

        return Case("\n".join([name, *options]).encode(errors="replace"), call)

    return make


def _places(folder: Path) -> Callable[[Random], Case]:
    examples = ["red cube=0.2,-0.4", "blue cylinder=1,1", "digit=3=0,0"]

    def make(random: Random) -> Case:
        texts = [_mixed(examples, random) for _ in range(random.randint(1, 2))]
        names = ["red cube", "blue cylinder"]
        return Case("\n".join(texts).encode(errors="replace"), lambda: parse_places(texts, names, LABELS))

    return make


SPEC: dict[str, Any] = {
    "title": "two widths",
    "data": "shapes",
    "variants": {
        "plain": {"recipe": "cdcgan", "options": {"width": 4, "learning_rate": "2e-4"}},
        "second": {"recipe": "acgan", "options": {"width": 4, "real_target": [0.7, 1]}, "small": {"num_epochs": 2}},
    },
    "grid": {"latent_dim": [8, 16]},
    "seeds": [0, 3],
    "minutes": 5,
    "kimg": 1,
    "precision": "no",
    "resolution": 16,
    "draws": 2,
    "judge": "judge.safetensors",
    "baseline": {"variant": "plain"},
}
YAML_TEXTS = (
    *("&a [*a]", "!!python/object/apply:os.system [true]", "!!binary x", "2020-01-01", "2020-13-45", "1:2:3", "0o7"),
    *(".inf", ".nan", "~", "? [a]\n: b", "{a: b, a: c}", "*b", "&x y", "!!set {a, b}", "!!int x", "<<: {a: 1}"),
    *("|\n  x", "'", "- - - -", "0b1", "1_000", "[" * 3_000, "{a: " * 500, "!!timestamp x", "!!float x"),
    *("!<tag:yaml.org,2002:omap> [a: 1]", "%YAML 9", "---\n---", "1e400", "9" * 5_000),
)


def _specs(folder: Path) -> Callable[[Random], Case]:
    file = folder / "spec.yaml"

    def value(random: Random) -> Any:
        return (
            random.choice(["..", "a/b", "os:system", "x" * 300, 2**70, ["a"] * 50, list(range(40))])
            if random.randrange(2)
            else any_value(random)
        )

    def make(random: Random) -> Case:
        tree = changed_tree(SPEC, random, value) if random.randrange(6) else SPEC
        try:
            text = yaml.safe_dump(
                tree,
                sort_keys=False,
                allow_unicode=bool(random.randrange(2)),
                default_flow_style=random.choice([None, False, True]),
            )
        except (yaml.YAMLError, RecursionError, UnicodeError):
            text = yaml.safe_dump(SPEC)
        if not random.randrange(3):
            text = text.replace(
                random.choice(["two widths", "plain", "cdcgan", "shapes", "8", "0.7", "grid", "judge", "5", "variant"]),
                random.choice(YAML_TEXTS),
                1,
            )
        content = text.encode(errors="replace")
        if not random.randrange(4):
            content = changed(content, random)

        def call() -> None:
            file.write_bytes(content)
            spec = read(file)
            for cell in spec.cells:
                assert Path(cell.name).name == cell.name, cell
                assert cell.name not in ("", ".", ".."), cell
                spec.compared_with(cell)
            assert spec.full.cells

        return Case(content, call)

    return make


def _render_labels(folder: Path) -> Callable[[Random], Case]:
    entries = {
        f"CLEVR_train_{scene:06d}_{frame}.png": list(LABELS[scene : scene + frame + 1])
        for scene in range(3)
        for frame in range(2)
    }

    def make(random: Random) -> Case:
        content = changed_json(entries, random)
        if not random.randrange(3):
            content = changed(content, random)
        text = content.decode(errors="replace")
        return Case(content, lambda: read_entries(text, "labels.json"))

    return make


TARGETS = (
    Target("conditions", 40_000, _conditions),
    Target("condition-lists", 25_000, _condition_lists),
    Target("options", 2_000, _options),
    Target("places", 15_000, _places),
    Target("specs", 3_000, _specs),
    Target("render-labels", 15_000, _render_labels),
)
