"""Random changes of structured content: values of other types and sizes, and names that lead elsewhere."""

import json
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from random import Random
from typing import Any

Path = tuple[Any, ...]  # keys and indices that lead to a value of a tree

TEXTS = (
    *(
        "",
        " ",
        "\0",
        "..",
        ".",
        "../../secret",
        "/etc/passwd",
        "a/../../b",
        "C:\\x",
        "a,b",
        "a=b",
        ";",
        "|",
        "\ufeff",
        "\ud800",
    ),
    *(
        "NaN",
        "inf",
        "-1",
        "1e999",
        "0x10",
        "1_000",
        "\u0661\u0662",
        "yes",
        "no",
        "null",
        "nothing",
        "é",
        "e\u0301",
        "\u202e",
        "\U0001f600",
    ),
    *("a" * 5_000, "\n", "\t", "%s%n", "{0.__class__}", "os:system", "__class__", "x" * 300 + "/y", "2020-01-01"),
)
NUMBERS = (
    *(
        0,
        1,
        -1,
        2,
        3,
        7,
        255,
        256,
        65_536,
        2**31 - 1,
        2**31,
        2**32,
        2**53,
        2**63 - 1,
        2**63,
        2**64,
        -(2**63) - 1,
        10**30,
        10**400,
    ),
    *(0.0, -0.0, 0.5, 1.0, 1e-320, 1e300, -1e300, float("nan"), float("inf"), float("-inf")),
)
SPECIAL: Sequence[Callable[[], Any]] = (
    *(lambda: None, lambda: True, lambda: False, list, dict, lambda: [[]], lambda: {"": None}, lambda: [None] * 3),
    *(lambda: nested(50), lambda: nested(200), lambda: list(range(2_000)), lambda: {str(i): i for i in range(300)}),
)


def nested(depth: int) -> list[Any]:
    """Returns lists in lists."""
    tree: list[Any] = []
    for _ in range(depth):
        tree = [tree]
    return tree


def any_value(random: Random) -> Any:
    """Returns a value that a file is unlikely to contain."""
    kind = random.randrange(3)
    if kind == 0:
        return random.choice(TEXTS)
    return random.choice(NUMBERS) if kind == 1 else random.choice(SPECIAL)()


def paths(tree: Any, path: Path = ()) -> Iterator[Path]:
    """Yields the place of every value of a tree of dicts and lists."""
    yield path
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in list(items)[:50]:
        yield from paths(value, (*path, key))


def at(tree: Any, path: Path) -> Any:
    """Returns the value at a place of a tree."""
    for key in path:
        tree = tree[key]
    return tree


def changed_tree(tree: Any, random: Random, value: Callable[[Random], Any] = any_value) -> Any:
    """Returns the tree after a few changes of its values and keys."""
    tree = deepcopy(tree)
    for _ in range(random.choice([1, 1, 1, 2, 3])):
        path = random.choice(list(paths(tree)))
        if not path:
            if not random.randrange(10):
                tree = value(random)
            continue
        holder, key = at(tree, path[:-1]), path[-1]
        change = random.randrange(8)
        if change == 0:
            del holder[key]
        elif change == 1:
            holder[key] = deepcopy(at(tree, random.choice(list(paths(tree)))))
        elif change == 2:
            holder[key] = [holder[key]]
        elif change == 3:
            holder[key] = str(holder[key])
        elif change == 4 and isinstance(holder, dict):
            name = random.choice([*TEXTS, "\u00e9", str(key) + "x"])
            holder[name] = holder.pop(key) if random.randrange(2) else holder[key]
        elif change == 5 and isinstance(holder, list):
            holder.insert(random.randint(0, len(holder)), deepcopy(random.choice(holder)))
        else:
            holder[key] = value(random)
    return tree


RAW = {  # texts that no tree gives
    "@deep@": "[" * 20_000,
    "@digits@": "9" * 5_000,
    "@exponent@": "1e99999",
    "@twice@": '{"a": 1, "a": 2}',
}


def to_text(tree: Any, random: Random) -> str:
    """Returns the JSON of a tree, sometimes with lists without end, or numbers of thousands of digits."""
    if not random.randrange(20):
        token = random.choice(list(RAW))
        tree = changed_tree(tree, random, lambda _: token)
        return json.dumps(tree, skipkeys=True).replace(f'"{token}"', RAW[token])
    return json.dumps(tree, skipkeys=True, ensure_ascii=bool(random.randrange(2)))


def changed_json(tree: Any, random: Random) -> bytes:
    """Returns the JSON of a tree after a few changes of its values."""
    return to_text(changed_tree(tree, random), random).encode(errors="surrogatepass")
