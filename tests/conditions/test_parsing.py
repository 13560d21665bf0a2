from collections.abc import Callable
from typing import Any

import pytest
import torch

from condgan.conditions import Attributes, Class, Codes, Condition, MultiLabel, from_json, parse_conditions
from condgan.errors import InputError
from known_conditions import DIGIT, FACE, FRUIT, each


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
def test_an_unknown_name_is_refused_with_the_most_similar_one(condition: Condition, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        condition.parse(text)


@pytest.mark.parametrize(
    ("condition", "text", "message"),
    [
        (MultiLabel(FRUIT), "plum, plum", "'plum' is named twice"),
        (FACE, "aqua hair, dark red hair", "'hair' is given twice"),
        (DIGIT, "digit=1, digit=2", "'digit' is given twice"),
        (FACE, "aqua hair", "attribute 'eyes' is missing; expected all, such as 'aqua hair, .* eyes'"),
        (
            DIGIT,
            "digit=1, style=0, slant=0",
            "code 'width' is missing; expected all, such as 'digit=0, style=0, slant=0, width=0'",
        ),
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
def test_capitals_make_no_difference(condition: Condition) -> None:
    c = condition.sample(condition.each_value()[:1])[0]
    text = condition.describe(c)
    assert text.upper() != text
    assert torch.equal(condition.parse(text.upper()), condition.parse(text))


def test_names_that_differ_in_capitals_only_are_told_apart() -> None:
    labels = MultiLabel(("us", "US", "Nothing"))
    assert labels.parse("US").tolist() == [0, 1, 0]
    assert labels.parse("us, nothing".replace("nothing", "NOTHING")).tolist() == [1, 0, 1]
    assert labels.parse("nothing").tolist() == [0, 0, 0]
    with pytest.raises(InputError, match="unknown label 'Us'"):
        labels.parse("Us")


def test_a_name_is_given_twice_in_whatever_capitals() -> None:
    with pytest.raises(InputError, match="'hair' is given twice"):
        FACE.parse("aqua hair, dark red HAIR, blue eyes")
    with pytest.raises(InputError, match="named twice"):
        MultiLabel(FRUIT).parse("plum, PLUM")


def test_of_several_conditions_the_wrong_one_is_named() -> None:
    with pytest.raises(InputError, match=r"^condition 'aqua hair': attribute 'eyes' is missing"):
        FACE.parse_all(["aqua hair, blue eyes", "aqua hair"])
    with pytest.raises(InputError, match=r"^condition 'plum,,pear': found an empty name"):
        MultiLabel(FRUIT).parse_all(["plum,,pear"])


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
def test_a_vocabulary_needs_distinct_plain_names(kind: Any, bad: tuple[str, ...]) -> None:
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
def test_a_name_that_cannot_be_parsed_is_refused(make: Callable[[], Condition]) -> None:
    with pytest.raises(InputError):
        make()


def test_the_empty_set_is_called_nothing() -> None:
    labels = MultiLabel(FRUIT)
    empty = torch.zeros(4, dtype=torch.uint8)
    assert labels.describe(empty) == "nothing"
    assert torch.equal(labels.parse(" nothing "), empty)


def test_a_label_called_nothing_is_the_label_and_the_empty_set_has_another_name() -> None:
    labels = MultiLabel(("cat", "nothing"))
    for c in torch.tensor([[0, 0], [0, 1], [1, 1]], dtype=torch.uint8):
        assert torch.equal(labels.parse(labels.describe(c)), c)
    assert labels.parse("nothing").tolist() == [0, 1]
    assert labels.describe(torch.zeros(2, dtype=torch.uint8)) == "no labels"


def test_an_unknown_kind_of_condition_is_refused_with_the_most_similar_one() -> None:
    with pytest.raises(InputError, match="did you mean 'Class'"):
        from_json({"kind": "Clas", "names": ["a"]})


def test_a_list_of_conditions_has_texts_or_lists_of_names() -> None:
    c = parse_conditions('[["plum", "apple"], "pear", "nothing"]', "test.json", MultiLabel(FRUIT))
    assert c.tolist() == [[1, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 0]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[["pear"]\n', "test.json, line 2: .*expected valid JSON"),
        ("[]", "test.json: expected a non-empty list of conditions"),
        ('{"a": 1}', "test.json: expected a non-empty list of conditions"),
        ('["pear", []]', "test.json, entry 1: found .*expected a non-empty list of names"),
        ('["pear", [["plum"]]]', r"test.json, entry 1: found \[\['plum'\]\], expected a non-empty list of names"),
        ('["pear", [{"plum": 1}]]', "test.json, entry 1: found .*expected a non-empty list of names"),
        ('["pear", [null]]', r"test.json, entry 1: found \[None\], expected"),
        ("[" * 100_000, "test.json: .*expected valid JSON"),
        ("[" + "[]," * 100_001 + "[]]", "test.json: found 100002 conditions, expected at most 100000"),
        ('["pear", 3]', "test.json, entry 1: found 3"),
        ('["pear", "plumb"]', "test.json, entry 1: unknown label 'plumb'; did you mean 'plum'"),
    ],
)
def test_a_wrong_list_of_conditions_is_refused_naming_file_and_entry(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_conditions(text, "test.json", MultiLabel(FRUIT))


def test_names_are_compared_in_one_unicode_form() -> None:
    composed, decomposed = "caf\u00e9", "cafe\u0301"
    assert Class((decomposed, "tea")) == Class((composed, "tea"))
    assert MultiLabel((composed, "tea")).parse(decomposed).tolist() == [1, 0]
