"""Conditions and batches of them that tests share: strategies for laws, and one small example of each kind."""

from typing import Any

import pytest
import torch
from hypothesis import strategies as st
from torch import Tensor

from condgan.conditions import Attributes, Class, Codes, Condition, MultiLabel, Unlabelled

word = st.text("abcdefgh", min_size=1, max_size=6)
phrase = st.lists(word, min_size=1, max_size=3).map(" ".join)
names = st.lists(phrase, min_size=1, max_size=6, unique=True)
words = st.lists(word, min_size=1, max_size=4, unique=True)

classes = names.map(Class)
multi_labels = names.map(MultiLabel)
attributes = st.dictionaries(word, names, min_size=1, max_size=3).map(Attributes)
codes = words.flatmap(
    lambda all_words: st.builds(
        lambda sizes, num: Codes(dict(zip(all_words[:num], sizes, strict=False)), all_words[num:]),
        st.lists(st.integers(2, 5), min_size=4, max_size=4),
        st.integers(0, len(all_words)),
    )
)
conditions = st.one_of(classes, multi_labels, attributes, codes, st.just(Unlabelled()))

FRUIT = ("apple", "pear", "plum", "quince")
FACE = Attributes({"hair": ("aqua", "dark red"), "eyes": ("red", "blue", "green")})
DIGIT = Codes({"digit": 10, "style": 3}, ("slant", "width"))
ONE_OF_EACH = [Class(FRUIT), MultiLabel(FRUIT), FACE, DIGIT, Unlabelled()]
each = pytest.mark.parametrize("condition", ONE_OF_EACH, ids=lambda condition: type(condition).__name__)

Case = tuple[Condition, Tensor]


@st.composite
def batches(draw: st.DrawFn, kinds: st.SearchStrategy[Condition] = conditions, num: int = 3) -> Case:
    """A condition and a batch of it. Sets of labels may be empty; continuous codes have three decimals."""
    condition = draw(kinds)
    if isinstance(condition, Class):
        rows: list[Any] = [draw(st.integers(0, condition.dim - 1)) for _ in range(num)]
        return condition, torch.tensor(rows)
    if isinstance(condition, MultiLabel):
        subset = st.lists(st.integers(0, 1), min_size=condition.dim, max_size=condition.dim)
        return condition, torch.tensor([draw(subset) for _ in range(num)], dtype=torch.uint8)
    if isinstance(condition, Unlabelled):
        return condition, torch.zeros(num, dtype=torch.int64)
    assert isinstance(condition, Attributes | Codes)
    sizes = condition.sizes if isinstance(condition, Attributes) else condition.categorical.values()
    rows = [[draw(st.integers(0, size - 1)) for size in sizes] for _ in range(num)]
    if isinstance(condition, Attributes):
        return condition, torch.tensor(rows)
    thousandths = st.integers(-1000, 1000).map(lambda n: n / 1000)
    return condition, torch.tensor([row + [draw(thousandths) for _ in condition.continuous] for row in rows]).float()


def confident_logits(condition: Condition, c: Tensor, strength: float) -> Tensor:
    """Logits whose most likely condition is `c`, the more likely the larger `strength`."""
    vector = condition.encode(c)
    if isinstance(condition, Codes):
        num = len(condition.continuous)
        hot, means = vector[:, : vector.shape[1] - num], vector[:, vector.shape[1] - num :]
        return torch.cat([strength * (2 * hot - 1), means + 1 / strength, torch.zeros_like(means)], dim=1)
    return strength * (2 * vector - 1)
