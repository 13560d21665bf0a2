import json
import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.distributions import Independent, Normal
from torch.nn.functional import binary_cross_entropy, cross_entropy

from condgan.conditions import Attributes, Class, Codes, Condition, MultiLabel, from_json, to_json
from condgan.errors import InputError

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
conditions = st.one_of(classes, multi_labels, attributes, codes)

FRUIT = ("apple", "pear", "plum", "quince")
FACE = Attributes({"hair": ("aqua", "dark red"), "eyes": ("red", "blue", "green")})
DIGIT = Codes({"digit": 10, "style": 3}, ("slant", "width"))
ONE_OF_EACH = [Class(FRUIT), MultiLabel(FRUIT), FACE, DIGIT]
each = pytest.mark.parametrize("condition", ONE_OF_EACH, ids=lambda condition: type(condition).__name__)


@st.composite
def with_values(draw: st.DrawFn, num: int = 3) -> tuple[Condition, torch.Tensor]:
    """A condition and a batch of values; sets of labels are not empty, continuous codes have three decimals."""
    condition = draw(conditions)
    if isinstance(condition, Class):
        rows: list[Any] = [draw(st.integers(0, condition.dim - 1)) for _ in range(num)]
        return condition, torch.tensor(rows)
    if isinstance(condition, MultiLabel):
        subset = st.lists(st.integers(0, 1), min_size=condition.dim, max_size=condition.dim).filter(any)
        return condition, torch.tensor([draw(subset) for _ in range(num)], dtype=torch.uint8)
    assert isinstance(condition, Attributes | Codes)
    sizes = condition.sizes if isinstance(condition, Attributes) else condition.categorical.values()
    rows = [[draw(st.integers(0, size - 1)) for size in sizes] for _ in range(num)]
    if isinstance(condition, Attributes):
        return condition, torch.tensor(rows)
    thousandths = st.integers(-1000, 1000).map(lambda n: n / 1000)
    return condition, torch.tensor([row + [draw(thousandths) for _ in condition.continuous] for row in rows]).float()


def saying(condition: Condition, c: torch.Tensor, strength: float) -> torch.Tensor:
    """Logits that say c, the more strongly the larger `strength`."""
    vector = condition.encode(c)
    if isinstance(condition, Codes):
        num = len(condition.continuous)
        hot, means = vector[:, : vector.shape[1] - num], vector[:, vector.shape[1] - num :]
        return torch.cat([strength * (2 * hot - 1), means + 1 / strength, torch.zeros_like(means)], dim=1)
    return strength * (2 * vector - 1)


@given(conditions)
def test_the_parts_of_a_vector_sum_to_its_width(condition: Condition) -> None:
    assert sum(condition.sizes) == condition.dim


def test_a_sweep_moves_one_continuous_code_and_names_each_category_in_a_row() -> None:
    codes = Codes({"class": 3, "style": 2}, ("c1", "c2"))
    c = codes.sweep("c2", num=5)
    assert c.shape == (15, 4)
    assert c[:, 0].tolist() == [0] * 5 + [1] * 5 + [2] * 5
    assert not c[:, 1:3].any()
    assert c[5:10, 3].tolist() == [-1, -0.5, 0, 0.5, 1]
    assert codes.name_categories(c[5:6]) == ["class=1, style=0"]


def test_codes_exhibit_sweeps_of_one_latent_and_labels_themselves() -> None:
    z = torch.randn(4, 6)
    codes = Codes({"class": 3}, ("c1", "c2"))
    latents, c = codes.sample_grid(z, torch.empty(4, 0))
    assert len(latents) == len(c) == 2 * 3 * 8
    assert latents.unique(dim=0).tolist() == z[:1].tolist()
    labels = torch.tensor([2, 0, 1, 1])
    assert all(torch.equal(a, b) for a, b in zip(Class("abc").sample_grid(z, labels), (z, labels), strict=True))


@given(with_values())
def test_what_is_described_is_read_back(case: tuple[Condition, torch.Tensor]) -> None:
    condition, c = case
    read = condition.parse_all(condition.describe_all(c))
    assert torch.equal(read.to(c.dtype), c)


@given(conditions)
def test_a_condition_survives_json(condition: Condition) -> None:
    assert from_json(json.loads(json.dumps(to_json(condition)))) == condition


@given(with_values())
def test_a_network_sees_a_vector_of_the_stated_width(case: tuple[Condition, torch.Tensor]) -> None:
    condition, c = case
    vector = condition.encode(c)
    assert vector.shape == (3, condition.dim)
    assert vector.dtype == torch.float32


@given(with_values())
def test_different_values_have_different_vectors(case: tuple[Condition, torch.Tensor]) -> None:
    condition, c = case
    vector = condition.encode(c)
    for i in range(3):
        assert torch.equal(vector[0], vector[i]) == torch.equal(c[0], c[i])


@given(with_values())
def test_nll_falls_as_the_logits_say_the_condition(case: tuple[Condition, torch.Tensor]) -> None:
    condition, c = case
    if condition.num_logits == 1 and isinstance(condition, Class | Attributes):
        return  # a vocabulary of one leaves nothing to say
    weak, strong = (condition.nll(saying(condition, c, strength), c) for strength in (0.5, 3.0))
    assert weak.shape == (3,)
    assert (strong <= weak).all()
    assert (strong < weak).all() or not isinstance(condition, MultiLabel | Codes)


@given(with_values())
def test_logits_that_say_a_condition_are_read_as_it(case: tuple[Condition, torch.Tensor]) -> None:
    condition, c = case
    read = condition.predict(saying(condition, c, 1e6))
    torch.testing.assert_close(read.to(c.dtype), c, atol=1e-4, rtol=0)
    hits, wanted = condition.hits(saying(condition, c, 1e6), c)
    assert hits.shape == wanted.shape == (3, len(condition.values))
    assert torch.equal(hits, wanted)


def test_class_nll_is_cross_entropy() -> None:
    logits, c = torch.randn(5, 4), torch.tensor([0, 3, 1, 1, 2])
    by_hand = -torch.stack([logits[i].softmax(0)[c[i]].log() for i in range(5)])
    torch.testing.assert_close(Class(FRUIT).nll(logits, c), by_hand)


def test_multi_label_nll_is_the_sum_of_binary_cross_entropies() -> None:
    logits, c = torch.randn(5, 4), torch.randint(0, 2, (5, 4), dtype=torch.uint8)
    by_hand = binary_cross_entropy(logits.sigmoid(), c.float(), reduction="none").sum(1)
    torch.testing.assert_close(MultiLabel(FRUIT).nll(logits, c), by_hand)


def test_attributes_nll_is_one_cross_entropy_for_each_attribute() -> None:
    logits, c = torch.randn(3, 5), torch.tensor([[0, 2], [1, 0], [1, 1]])
    hair, eyes = logits[:, :2], logits[:, 2:]
    by_hand = cross_entropy(hair, c[:, 0], reduction="none") + cross_entropy(eyes, c[:, 1], reduction="none")
    torch.testing.assert_close(FACE.nll(logits, c), by_hand)


def test_continuous_codes_have_a_gaussian_likelihood() -> None:
    codes = Codes({}, ("slant", "width"))
    c, mean, log_variance = torch.rand(6, 2) * 2 - 1, torch.randn(6, 2), torch.randn(6, 2)
    gaussian = Independent(Normal(mean, (log_variance / 2).exp()), 1)
    torch.testing.assert_close(codes.nll(torch.cat([mean, log_variance], 1), c), -gaussian.log_prob(c))


def test_the_variance_of_a_continuous_code_is_clipped() -> None:
    codes, c = Codes({}, ("slant",)), torch.tensor([[0.5]])
    at = {v: codes.nll(torch.tensor([[0.5, v]]), c).item() for v in (-100.0, -6.0, 6.0, 100.0)}
    assert at[-100.0] == at[-6.0] == pytest.approx(-Normal(0, math.exp(-3)).log_prob(torch.tensor(0.0)).item())
    assert at[100.0] == at[6.0] == pytest.approx(-Normal(0, math.exp(3)).log_prob(torch.tensor(0.0)).item())


def test_codes_nll_adds_the_categorical_to_the_continuous() -> None:
    c = torch.tensor([[3.0, 1.0, -0.5, 0.25]])
    logits = torch.randn(1, DIGIT.num_logits)
    parts = Codes({"digit": 10, "style": 3}).nll(logits[:, :13], c[:, :2]) + Codes({}, ("slant", "width")).nll(
        logits[:, 13:], c[:, 2:]
    )
    torch.testing.assert_close(DIGIT.nll(logits, c), parts)


def test_labels_are_drawn_as_they_are() -> None:
    labels = torch.tensor([2, 0, 1])
    assert torch.equal(Class(FRUIT).draw(labels), labels)


def test_codes_are_drawn_from_their_prior() -> None:
    torch.manual_seed(0)
    c = DIGIT.draw(torch.empty(4000, 0))
    assert c.shape == (4000, 4)
    assert [int(n) for n in torch.bincount(c[:, 1].long())] == pytest.approx([4000 / 3] * 3, rel=0.1)
    assert c[:, 0].unique().tolist() == list(range(10))
    assert c[:, 2:].abs().max() <= 1
    assert c[:, 2:].mean().item() == pytest.approx(0, abs=0.05)
    assert c[:, 2:].var().item() == pytest.approx(1 / 3, rel=0.05)


def test_the_official_score_looks_at_the_k_largest_logits() -> None:
    # wanted apple and pear; the two largest are pear and quince: one hit of two, though three logits are positive
    logits, c = torch.tensor([[0.1, 2.0, -1.0, 0.3]]), torch.tensor([[1, 1, 0, 0]], dtype=torch.uint8)
    hits, wanted = MultiLabel(FRUIT).hits(logits, c)
    assert hits.tolist() == [[False, True, False, False]]
    assert wanted.tolist() == [[True, True, False, False]]
    assert MultiLabel(FRUIT).read(logits).tolist() == [[1, 1, 0, 1]]


def test_the_official_score_counts_for_each_image_its_own_number_of_labels() -> None:
    logits = torch.tensor([[4.0, 3.0, 2.0, 1.0]]).repeat(3, 1)
    c = torch.tensor([[0, 1, 0, 0], [0, 1, 1, 0], [0, 1, 1, 1]], dtype=torch.uint8)
    assert MultiLabel(FRUIT).hits(logits, c)[0].sum(1).tolist() == [0, 1, 2]


def test_attributes_hit_each_by_each() -> None:
    hits, wanted = FACE.hits(torch.tensor([[1.0, 0.0, 0.0, 5.0, 0.0]]), torch.tensor([[0, 0]]))
    assert wanted.tolist() == [[True, False, True, False, False]]
    assert hits.tolist() == [[True, False, False, False, False]]


def test_parsing_ignores_order_and_spaces() -> None:
    assert MultiLabel(FRUIT).parse(" plum ,apple").tolist() == [1, 0, 1, 0]
    assert FACE.parse("green eyes,  dark  red hair").tolist() == [1, 2]
    assert DIGIT.parse("width=1, slant = -0.5, digit=3, style=2").tolist() == [3, 2, -0.5, 1]


@pytest.mark.parametrize(
    ("condition", "text", "message"),
    [
        (Class(FRUIT), "aple", "unknown class 'aple'; did you mean 'apple'"),
        (MultiLabel(FRUIT), "pear, plumb", "unknown label 'plumb'; did you mean 'plum'"),
        (FACE, "aqua hair, blu eyes", "unknown eyes 'blu'; did you mean 'blue'"),
        (FACE, "aqua hiar, blue eyes", "unknown attribute 'hiar'; did you mean 'hair'"),
        (DIGIT, "digits=1, style=0, slant=0, width=0", "unknown code 'digits'; did you mean 'digit'"),
    ],
)
def test_an_unknown_name_suggests_the_nearest(condition: Condition, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        condition.parse(text)


@pytest.mark.parametrize(
    ("condition", "text", "message"),
    [
        (MultiLabel(FRUIT), "plum, plum", "'plum' is named twice"),
        (FACE, "aqua hair, dark red hair", "'hair' is given twice"),
        (DIGIT, "digit=1, digit=2", "'digit' is given twice"),
        (FACE, "aqua hair", "attribute 'eyes' is missing"),
        (DIGIT, "digit=1, style=0, slant=0", "code 'width' is missing"),
        (DIGIT, "digit=10, style=0, slant=0, width=0", "code 'digit': found '10', expected a whole number from 0 to 9"),
        (DIGIT, "digit=1.5, style=0, slant=0, width=0", "code 'digit': found '1.5'"),
        (DIGIT, "digit=1, style=0, slant=2, width=0", r"code 'slant': found '2', expected a number in \[-1, 1\]"),
        (DIGIT, "digit=1, style=0, slant=nan, width=0", "code 'slant': found 'nan'"),
        (DIGIT, "digit, style=0", "code 'digit': found ''"),
    ],
)
def test_a_repeated_missing_or_impossible_value_is_refused(condition: Condition, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        condition.parse(text)


@each
@pytest.mark.parametrize("text", ["", "  ", ",", "apple,,pear"])
def test_an_empty_name_is_refused(condition: Condition, text: str) -> None:
    with pytest.raises(InputError):
        condition.parse(text)


@pytest.mark.parametrize("bad", [(), ("a", "a"), ("a", ""), ("a", " b"), ("a,b", "c"), ("a=b", "c")])
@pytest.mark.parametrize(
    "kind",
    [Class, MultiLabel, lambda names: Attributes({"x": names}), lambda names: Codes({}, names)],
    ids=["Class", "MultiLabel", "Attributes", "Codes"],
)
def test_a_vocabulary_must_be_some_distinct_plain_names(kind: Any, bad: tuple[str, ...]) -> None:
    with pytest.raises(InputError):
        kind(bad)


@pytest.mark.parametrize(
    "make",
    [
        lambda: MultiLabel(("red  cube", "b")),
        lambda: MultiLabel(("red\tcube",)),
        lambda: Attributes({"hair dye": "ab"}),
    ],
    ids=["two spaces", "tab", "attribute of two words"],
)
def test_a_name_that_no_text_could_say_is_refused(make: Callable[[], Condition]) -> None:
    with pytest.raises(InputError):
        make()


@each
def test_the_likelihood_is_that_of_the_probabilities(condition: Condition) -> None:
    torch.manual_seed(0)
    logits = 3 * torch.randn(50, condition.num_logits)
    c = condition.predict(torch.randn(50, condition.num_logits))
    probability, wanted = condition.probabilities(logits), condition.hits(logits, c)[1]
    assert probability.shape == (50, len(condition.values))
    nats = -probability.log().where(wanted, torch.zeros(())).sum(1)
    if isinstance(condition, MultiLabel):  # what is absent is a statement too
        nats -= (1 - probability).log().where(~wanted, torch.zeros(())).sum(1)
    if not isinstance(condition, Codes):  # a continuous code has a density and no probability
        torch.testing.assert_close(nats, condition.nll(logits, c), atol=1e-4, rtol=1e-4)
    if not isinstance(condition, MultiLabel):  # one of the alternatives is wanted, and all together are certain
        torch.testing.assert_close(probability.sum(1), wanted.sum(1).float())


@pytest.mark.parametrize(
    ("condition", "outline"),
    [
        (Class(FRUIT), "one of 4 classes"),
        (MultiLabel(FRUIT), "a set of 4 labels"),
        (FACE, "hair (2 values) x eyes (3 values)"),
        (DIGIT, "codes digit (10 values), style (3 values), slant in [-1, 1], width in [-1, 1]"),
    ],
)
def test_a_vocabulary_is_outlined_in_a_few_words(condition: Condition, outline: str) -> None:
    assert condition.summary == outline


def test_a_drawn_code_is_read_back_exactly() -> None:
    torch.manual_seed(0)
    c = DIGIT.draw(torch.empty(100, 0))
    assert torch.equal(DIGIT.parse_all(DIGIT.describe_all(c)), c)


def test_the_empty_set_is_read_back() -> None:
    labels = MultiLabel(FRUIT)
    empty = torch.zeros(4, dtype=torch.uint8)
    assert torch.equal(labels.parse(labels.describe(empty)), empty)


def test_a_categorical_code_needs_two_values() -> None:
    with pytest.raises(InputError, match="'digit': expected at least 2"):
        Codes({"digit": 1})


def test_an_unknown_kind_of_condition_suggests_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean 'Class'"):
        from_json({"kind": "Clas", "names": ["a"]})
