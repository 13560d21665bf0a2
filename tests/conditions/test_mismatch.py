import pytest
import torch
from hypothesis import assume, given

from condgan.conditions import Attributes, Class, Codes, Condition, MultiLabel
from known_conditions import DIGIT, FRUIT, ONE_OF_EACH, Case, batches, multi_labels

CLEVR = MultiLabel(("red cube", "red ball", "blue cube", "blue ball", "fog"))


def has_another(condition: Condition) -> bool:
    return len(condition.values) > len(condition.controls) or isinstance(condition, MultiLabel | Codes)


@given(batches())
def test_a_mismatch_differs_in_exactly_one_value(case: Case) -> None:
    condition, c = case
    assume(has_another(condition))
    torch.manual_seed(0)
    before = c.clone()
    wrong = condition.mismatch(c)
    assert torch.equal(c, before)
    assert wrong.shape == c.shape
    assert wrong.dtype == c.dtype
    assert all(not torch.equal(a, b) for a, b in zip(wrong, c, strict=True))
    if isinstance(condition, Attributes) or (isinstance(condition, Codes) and condition.categorical):
        assert (wrong != c).sum(1).tolist() == [1, 1, 1]
    if condition.values and not isinstance(condition, MultiLabel):
        assert (condition.wanted(wrong) & ~condition.wanted(c)).sum(1).tolist() == [1, 1, 1]
        assert not condition.exact_match(wrong, c).any()


@given(batches())
def test_a_mismatch_is_a_condition_of_the_vocabulary(case: Case) -> None:
    condition, c = case
    assume(has_another(condition))
    torch.manual_seed(0)
    wrong = condition.mismatch(c)
    parsed = condition.parse_all(condition.describe_all(wrong))
    torch.testing.assert_close(parsed.to(c.dtype), wrong)


@given(batches(multi_labels))
def test_a_set_keeps_its_size_unless_it_is_empty_or_full(case: Case) -> None:
    labels, c = case
    torch.manual_seed(0)
    wrong = labels.mismatch(c).int()
    for before, after in zip(c.int(), wrong, strict=True):
        size, changed = int(before.sum()), int((before != after).sum())
        if size == 0:
            assert after.sum() == changed == 1
        elif size == labels.dim:
            assert after.sum() == size - 1
        else:
            assert after.sum() == size
            assert changed == 2


@pytest.mark.parametrize(
    "condition", [Class(("only",)), Attributes({"hair": ("red",), "eyes": ("blue",)})], ids=["Class", "Attributes"]
)
def test_a_vocabulary_of_one_condition_has_no_mismatch(condition: Condition) -> None:
    with pytest.raises(ValueError, match="one value"):
        condition.mismatch(condition.each_value())


def test_an_attribute_of_one_value_is_never_replaced() -> None:
    condition = Attributes({"hair": ("red",), "eyes": ("blue", "green")})
    c = torch.zeros(50, 2, dtype=torch.int64)
    assert condition.mismatch(c).tolist() == [[0, 1]] * 50


def found(condition: Condition, text: str, num: int = 2000) -> dict[str, float]:
    """Share of each mismatch of a condition."""
    torch.manual_seed(0)
    c = condition.parse(text)
    texts = condition.describe_all(condition.mismatch(c.expand(num, *c.shape)))
    return {text: texts.count(text) / num for text in sorted(set(texts))}


def test_every_other_class_is_equally_likely() -> None:
    assert found(Class(FRUIT), "plum") == pytest.approx({"apple": 1 / 3, "pear": 1 / 3, "quince": 1 / 3}, abs=0.05)


def test_every_attribute_is_equally_likely_to_be_replaced() -> None:
    condition = Attributes({"hair": ("aqua", "red"), "eyes": ("red", "blue", "green")})
    shares = found(condition, "aqua hair, blue eyes")
    expected = {"red hair, blue eyes": 0.5, "aqua hair, green eyes": 0.25, "aqua hair, red eyes": 0.25}
    assert shares == pytest.approx(expected, abs=0.05)


def test_a_label_is_replaced_by_one_that_shares_a_word() -> None:
    assert found(CLEVR, "red cube") == pytest.approx({"red ball": 0.5, "blue cube": 0.5}, abs=0.05)


def test_a_label_that_shares_no_word_with_absent_ones_is_replaced_by_any() -> None:
    shares = found(CLEVR, "fog")
    assert shares == pytest.approx(dict.fromkeys(("red cube", "red ball", "blue cube", "blue ball"), 0.25), abs=0.05)


def test_a_label_is_not_replaced_by_a_present_one() -> None:
    shares = found(CLEVR, "red cube, red ball")
    expected = {"red ball, blue cube": 0.5, "red cube, blue ball": 0.5}
    assert shares == pytest.approx(expected, abs=0.05)


def test_the_empty_set_gains_any_label_and_the_full_set_loses_one() -> None:
    labels = MultiLabel(("red cube", "red ball", "fog"))
    assert found(labels, "nothing") == pytest.approx(dict.fromkeys(labels.names, 1 / 3), abs=0.05)
    pairs = ("red cube, red ball", "red cube, fog", "red ball, fog")
    assert found(labels, ", ".join(labels.names)) == pytest.approx(dict.fromkeys(pairs, 1 / 3), abs=0.05)


def test_a_set_of_one_possible_label_is_replaced_by_its_opposite() -> None:
    labels = MultiLabel(("only",))
    assert labels.mismatch(torch.tensor([[0], [1]], dtype=torch.uint8)).tolist() == [[1], [0]]


def test_continuous_codes_are_kept_if_there_are_categorical_ones() -> None:
    c = DIGIT.sample(torch.empty(200, 0))
    wrong = DIGIT.mismatch(c)
    assert torch.equal(wrong[:, 2:], c[:, 2:])
    assert {column for column, changed in enumerate((wrong != c).any(0).tolist()) if changed} == {0, 1}


def test_continuous_codes_alone_are_drawn_anew() -> None:
    codes = Codes({}, ("slant", "width"))
    torch.manual_seed(0)
    c = codes.sample(torch.empty(500, 0))
    wrong = codes.mismatch(c)
    assert (wrong != c).all()
    assert wrong.abs().max() <= 1
    correlation = torch.corrcoef(torch.stack([c[:, 0], wrong[:, 0]]))[0, 1]
    assert abs(correlation) < 0.15


@pytest.mark.parametrize("condition", [c for c in ONE_OF_EACH if c.values], ids=lambda c: type(c).__name__)
def test_mismatches_follow_from_the_global_generator(condition: Condition) -> None:
    c = condition.predict(torch.randn(200, condition.num_logits, generator=torch.Generator().manual_seed(0)))

    def mismatch(seed: int) -> torch.Tensor:
        torch.manual_seed(seed)
        return condition.mismatch(c)

    assert torch.equal(mismatch(0), mismatch(0))
    assert not torch.equal(mismatch(0), mismatch(1))
