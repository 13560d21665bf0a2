"""Laws of every kind of condition."""

import json

import pytest
import torch
from hypothesis import given
from torch import Tensor

from condgan.conditions import Class, Codes, Condition, MultiLabel, Unlabelled, from_json, to_json
from condgan.errors import InputError
from known_conditions import DIGIT, FACE, FRUIT, ONE_OF_EACH, Case, batches, conditions, confident_logits, each


@given(conditions)
def test_sizes_sum_to_the_width_of_the_vector(condition: Condition) -> None:
    assert sum(condition.sizes) == condition.dim


@given(conditions)
def test_from_json_inverts_to_json(condition: Condition) -> None:
    assert from_json(json.loads(json.dumps(to_json(condition)))) == condition


@given(batches())
def test_encode_returns_floats_of_width_dim(case: Case) -> None:
    condition, c = case
    vector = condition.encode(c)
    assert vector.shape == (3, condition.dim)
    assert vector.dtype == torch.float32


@given(batches())
def test_different_conditions_have_different_vectors(case: Case) -> None:
    condition, c = case
    vector = condition.encode(c)
    for i in range(3):
        assert torch.equal(vector[0], vector[i]) == torch.equal(c[0], c[i])


@given(batches())
def test_parse_inverts_describe(case: Case) -> None:
    condition, c = case
    parsed = condition.parse_all(condition.describe_all(c))
    assert torch.equal(parsed.to(c.dtype), c)


@given(batches())
def test_predict_returns_the_condition_of_confident_logits(case: Case) -> None:
    condition, c = case
    predicted = condition.predict(confident_logits(condition, c, 1e6))
    torch.testing.assert_close(predicted.to(c.dtype), c, atol=1e-4, rtol=0)


@given(batches())
def test_confident_logits_hit_every_wanted_value_and_match_exactly(case: Case) -> None:
    condition, c = case
    logits = confident_logits(condition, c, 1e6)
    hits, wanted = condition.hits(logits, c), condition.wanted(c)
    assert hits.dtype == wanted.dtype == torch.bool
    assert hits.shape == wanted.shape == (3, len(condition.values))
    assert torch.equal(hits, wanted)
    assert condition.exact_match(condition.predict(logits), c).tolist() == [True] * 3


@given(batches())
def test_hits_are_wanted_values_whatever_the_logits(case: Case) -> None:
    condition, c = case
    logits = torch.randn(3, condition.num_logits, generator=torch.Generator().manual_seed(0))
    assert not (condition.hits(logits, c) & ~condition.wanted(c)).any()


@given(batches())
def test_value_logits_are_the_logits_of_the_values(case: Case) -> None:
    condition, c = case
    logits = confident_logits(condition, c, 3)
    assert torch.equal(condition.value_logits(logits) > 0, condition.wanted(c))


@given(batches())
def test_categories_name_the_wanted_values(case: Case) -> None:
    condition, c = case
    names = [
        ", ".join(name for name, wanted in zip(condition.values, row, strict=True) if wanted)
        for row in condition.wanted(c).tolist()
    ]
    empty = "nothing" if isinstance(condition, MultiLabel | Unlabelled) else ""
    assert condition.categories(c) == [name or empty for name in names]


@given(conditions)
def test_discrete_controls_have_all_values_and_continuous_ones_are_traversed(condition: Condition) -> None:
    controls = condition.controls
    assert len({control.name for control in controls}) == len(controls)
    assert sum(len(control.values) for control in controls) == len(condition.values)
    assert list(condition.traversals()) == [control.name for control in controls if not control.values]


@given(batches())
def test_choose_inverts_choices(case: Case) -> None:
    condition, c = case
    for value in c:
        choices = condition.choices(value)
        assert len(choices) == len(condition.controls)
        assert torch.equal(condition.choose(choices).to(c.dtype), value)


@given(conditions)
def test_each_value_has_every_value_of_the_first_control_once(condition: Condition) -> None:
    wanted = condition.wanted(condition.each_value())
    if not condition.controls:  # the only condition
        assert wanted.shape == (1, 0)
        return
    first = condition.controls[0]
    assert torch.equal(wanted[:, : len(first.values)], torch.eye(len(first.values)).bool())
    assert (wanted == wanted[:1])[:, len(first.values) :].all()


@given(conditions)
def test_a_traversal_changes_one_part_of_the_vector_from_minus_one_to_one(condition: Condition) -> None:
    for position, (name, c) in enumerate(condition.traversals(num=5).items()):
        assert isinstance(condition, Codes)
        rows = condition.encode(c).view(-1, 5, condition.dim)
        assert len(rows) == max(1, next(iter(condition.categorical.values()), 1))
        column = condition.dim - len(condition.continuous) + position
        assert rows[:, :, column].tolist() == [[-1, -0.5, 0, 0.5, 1]] * len(rows), name
        others = [i for i in range(condition.dim) if i != column]
        assert (rows[:, :, others] == rows[:, :1, others]).all()


@given(batches())
def test_only_codes_and_nothing_are_not_labelled_and_labels_are_returned_as_they_are(case: Case) -> None:
    condition, c = case
    assert condition.is_labelled == (not isinstance(condition, Codes | Unlabelled))
    if condition.is_labelled:
        assert torch.equal(condition.sample(c), c)
        z = torch.zeros(3, 5)
        assert all(torch.equal(a, b) for a, b in zip(condition.sample_grid(z, c), (z, c), strict=True))


@given(batches())
def test_loss_falls_as_the_logits_become_more_confident(case: Case) -> None:
    condition, c = case
    weak, strong = (condition.nll(confident_logits(condition, c, strength), c) for strength in (0.5, 3.0))
    assert weak.shape == (3,)
    if len(condition.values) < 2 and condition.is_labelled and not isinstance(condition, MultiLabel):
        assert (strong == weak).all()  # there is one condition only, and it is certain
    elif all(size > 1 for size in condition.sizes) or isinstance(condition, MultiLabel | Codes):
        assert (strong < weak).all()


@each
def test_nll_is_the_negative_log_of_the_probabilities(condition: Condition) -> None:
    torch.manual_seed(0)
    logits = 3 * torch.randn(50, condition.num_logits)
    c = condition.predict(torch.randn(50, condition.num_logits))
    probability, wanted = condition.probabilities(logits), condition.wanted(c)
    assert probability.shape == (50, len(condition.values))
    nats = -probability.log().where(wanted, torch.zeros(())).sum(1)
    if isinstance(condition, MultiLabel):  # absent labels count too
        nats -= (1 - probability).log().where(~wanted, torch.zeros(())).sum(1)
    if not isinstance(condition, Codes):  # a continuous code has a density and no probability
        torch.testing.assert_close(nats, condition.nll(logits, c), atol=1e-4, rtol=1e-4)
    if not isinstance(condition, MultiLabel):  # the values of one control exclude each other
        torch.testing.assert_close(probability.sum(1), wanted.sum(1).float())


@each
def test_a_larger_logit_of_a_value_makes_it_more_probable(condition: Condition) -> None:
    logits = torch.zeros(1, condition.num_logits)
    for value in range(len(condition.values)):
        raised = logits.clone()
        raised[0, value] = 1
        more = condition.probabilities(raised) > condition.probabilities(logits)
        assert more.nonzero().tolist() == [[0, value]]


@each
def test_an_empty_batch_is_encoded_described_and_predicted(condition: Condition) -> None:
    c = condition.predict(torch.zeros(0, condition.num_logits))
    assert condition.encode(c).shape == (0, condition.dim)
    assert condition.describe_all(c) == condition.categories(c) == []
    assert condition.nll(torch.zeros(0, condition.num_logits), c).shape == (0,)


def test_controls_describe_a_form() -> None:
    labelled = [[(c.name, tuple(c.values), c.multiple) for c in condition.controls] for condition in ONE_OF_EACH[:3]]
    assert labelled == [
        [("class", FRUIT, False)],
        [("labels", FRUIT, True)],
        [("hair", ("aqua", "dark red"), False), ("eyes", ("red", "blue", "green"), False)],
    ]
    digit, style, slant, width = ONE_OF_EACH[3].controls
    assert list(digit.values) == list("0123456789")
    assert (style.name, list(style.values), style.multiple) == ("style", ["0", "1", "2"], False)
    assert [slant, width] == [("slant", (), False), ("width", (), False)]


def test_each_value_keeps_everything_else_at_its_first_value() -> None:
    assert FACE.each_value().tolist() == [[0, 0], [1, 0]]
    assert Class(FRUIT).each_value().tolist() == [0, 1, 2, 3]
    assert MultiLabel("ab").each_value().tolist() == [[1, 0], [0, 1]]
    assert Codes({"a": 2, "b": 3}, ("c",)).each_value().tolist() == [[0, 0, 0], [1, 0, 0]]
    assert Codes({}, ("c",)).each_value().shape == (0, 1)


@pytest.mark.parametrize(
    ("condition", "summary"),
    [
        (Class(FRUIT), "one of 4 classes"),
        (MultiLabel(FRUIT), "a set of 4 labels"),
        (FACE, "hair (2 values) x eyes (3 values)"),
        (Unlabelled(), "nothing, as there are no labels"),
        (DIGIT, "codes digit (10 values), style (3 values), slant in [-1, 1], width in [-1, 1]"),
    ],
)
def test_summary_has_the_kind_and_the_size_of_the_vocabulary(condition: Condition, summary: str) -> None:
    assert condition.summary == summary


def test_hits_of_labels_are_among_the_k_largest_logits() -> None:
    # Wanted are apple and pear; the two largest are pear and quince: one hit of two, though three logits are positive.
    logits, c = torch.tensor([[0.1, 2.0, -1.0, 0.3]]), torch.tensor([[1, 1, 0, 0]], dtype=torch.uint8)
    labels = MultiLabel(FRUIT)
    assert labels.hits(logits, c).tolist() == [[False, True, False, False]]
    assert labels.wanted(c).tolist() == [[True, True, False, False]]
    assert labels.predict(logits).tolist() == [[1, 1, 0, 1]]


def test_without_labels_nothing_can_be_asked_for() -> None:
    condition = Unlabelled()
    assert condition.describe(condition.parse(" Nothing ")) == "nothing"
    with pytest.raises(InputError, match=r"found 'cat', but the images have no labels; expected 'nothing'"):
        condition.parse("cat")
    with pytest.raises(ValueError, match="no wrong condition"):
        condition.mismatch(torch.zeros(2, dtype=torch.int64))
    assert condition.sample(torch.empty(3, 0)).tolist() == [0, 0, 0]


def test_k_is_the_number_of_labels_of_each_image() -> None:
    logits = torch.tensor([[4.0, 3.0, 2.0, 1.0]]).repeat(3, 1)
    c = torch.tensor([[0, 1, 0, 0], [0, 1, 1, 0], [0, 1, 1, 1]], dtype=torch.uint8)
    assert MultiLabel(FRUIT).hits(logits, c).sum(1).tolist() == [0, 1, 2]


def test_attributes_are_hit_one_by_one() -> None:
    logits, c = torch.tensor([[1.0, 0.0, 0.0, 5.0, 0.0]]), torch.tensor([[0, 0]])
    assert FACE.wanted(c).tolist() == [[True, False, True, False, False]]
    assert FACE.hits(logits, c).tolist() == [[True, False, False, False, False]]


def is_exact(condition: Condition, predicted: list[float], c: list[float]) -> bool:
    match: Tensor = condition.exact_match(torch.tensor([predicted]), torch.tensor([c]))
    return bool(match)


def test_an_exact_match_is_right_in_every_value() -> None:
    codes = Codes({"digit": 10}, ("slant",))
    assert is_exact(FACE, [1, 2], [1, 2])
    assert not is_exact(FACE, [1, 1], [1, 2])
    assert not is_exact(MultiLabel(FRUIT), [1, 1, 0, 0], [1, 0, 0, 0])
    assert is_exact(codes, [3.0, -0.2], [3.0, 0.9])  # continuous codes are not compared
    assert not is_exact(codes, [4.0, 0.9], [3.0, 0.9])
