from itertools import combinations

import pytest
import torch
from torch import Tensor

from condgan.conditions import Attributes, Class, Condition, MultiLabel
from condgan.data import shapes
from condgan.errors import InputError
from condgan.metrics import HOLD_OUTS, Split, hold_out, never_together

IMAGES = shapes(resolution=8, num_images=1500)
LABELS, CONDITION = IMAGES.labels, IMAGES.condition
FACE = Attributes({"hair": ("aqua", "red", "blue"), "eyes": ("red", "blue", "green")})


def sets(c: Tensor, condition: Condition = CONDITION) -> list[set[str]]:
    wanted = condition.wanted(c)
    return [{condition.values[i] for i in row.nonzero().flatten().tolist()} for row in wanted]


def words(c: Tensor) -> set[str]:
    return {word for labels in sets(c) for label in labels for word in label.split()}


@pytest.mark.parametrize("what", HOLD_OUTS)
def test_unseen_conditions_show_a_held_out_combination_and_seen_ones_do_not(what: str) -> None:
    split = hold_out(what, LABELS, CONDITION)
    held_out = [set(part) for part in split.combinations]

    def is_unseen(labels: set[str]) -> bool:
        return any(part <= labels for part in held_out)

    assert all(is_unseen(labels) for labels in sets(split.unseen))
    assert not any(is_unseen(labels) for labels in sets(split.seen))
    assert [is_unseen(labels) for labels in sets(LABELS)] == split.held_out.tolist()


@pytest.mark.parametrize("what", HOLD_OUTS)
def test_the_parts_of_what_is_held_out_are_still_shown(what: str) -> None:
    split = hold_out(what, LABELS, CONDITION)
    left = sets(LABELS[~split.held_out])
    shown = words(LABELS[~split.held_out])
    for part in split.combinations:
        if what == "triples":
            assert all(any(set(pair) <= labels for labels in left) for pair in combinations(part, 2))
        elif what == "colour-shape":
            assert all(word in shown for label in part for word in label.split())
            assert not any(set(part) <= labels for labels in left)
        else:
            assert all(any(label in labels for labels in left) for label in part)


@pytest.mark.parametrize(("what", "size"), [("triples", 3), ("pairs", 2), ("colour-shape", 1), ("count", 3)])
def test_combinations_have_the_size_of_their_name(what: str, size: int) -> None:
    assert {len(part) for part in hold_out(what, LABELS, CONDITION).combinations} == {size}


@pytest.mark.parametrize(("what", "share"), [("pairs", 0.1), ("pairs", 0.3), ("colour-shape", 0.25)])
def test_the_share_of_the_combinations_is_held_out(what: str, share: float) -> None:
    total = {"pairs": 276, "colour-shape": 24}[what]
    assert len(hold_out(what, LABELS, CONDITION, share=share).combinations) == round(share * total)


def test_count_holds_out_the_images_with_the_most_labels() -> None:
    split = hold_out("count", LABELS, CONDITION)
    assert torch.equal(split.held_out, LABELS.sum(1) == 3)


@pytest.mark.parametrize("what", HOLD_OUTS)
def test_conditions_are_distinct_and_equally_many(what: str) -> None:
    split = hold_out(what, LABELS, CONDITION)
    for c in (split.seen, split.unseen):
        assert len(c.unique(dim=0)) == len(c)
    assert len(split.seen) == min(len(split.unseen), len(LABELS[~split.held_out].unique(dim=0)))


def equal(a: Split, b: Split) -> bool:
    return a.combinations == b.combinations and torch.equal(a.seen, b.seen)


def test_equal_seeds_give_equal_splits_and_others_do_not() -> None:
    first, again, other = (hold_out("pairs", LABELS, CONDITION, seed=seed) for seed in (3, 3, 4))
    assert equal(first, again)
    assert not equal(first, other)


def test_the_split_does_not_depend_on_the_order_or_the_number_of_images() -> None:
    order = torch.randperm(len(LABELS), generator=torch.Generator().manual_seed(0))
    assert equal(hold_out("pairs", LABELS, CONDITION), hold_out("pairs", LABELS[order].repeat(2, 1), CONDITION))


def test_pairs_of_attributes_are_held_out() -> None:
    c = torch.cartesian_prod(torch.arange(3), torch.arange(3))
    split = hold_out("pairs", c, FACE, share=0.3)
    assert int(split.held_out.sum()) == 3
    assert torch.equal(split.unseen, c[split.held_out])
    left = c[~split.held_out]
    assert all(len(column.unique()) == 3 for column in left.T)


def test_a_value_that_only_one_pair_has_is_not_held_out() -> None:
    c = FACE.parse_all(["aqua hair, red eyes", "red hair, red eyes", "red hair, blue eyes", "aqua hair, blue eyes"])
    for seed in range(5):
        more = torch.cat([c, FACE.parse_all(["blue hair, green eyes"])])
        assert hold_out("pairs", more, FACE, seed=seed).combinations != (("blue hair", "green eyes"),)


@pytest.mark.parametrize("what", ["triples", "pairs", "count"])
def test_a_class_has_nothing_to_hold_out(what: str) -> None:
    with pytest.raises(InputError, match=f"hold out {what}: found no combination"):
        hold_out(what, torch.arange(24), Class(CONDITION.values))


def test_names_without_factors_have_no_colour_and_shape() -> None:
    with pytest.raises(InputError, match="expected names that are all combinations"):
        hold_out("colour-shape", torch.arange(2), Class(("cat", "dog")))


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean 'triples'"):
        hold_out("triple", LABELS, CONDITION)


@pytest.mark.parametrize("size", [2, 3])
def test_labels_that_never_occur_together_are_found(size: int) -> None:
    few = LABELS[:300]
    found = {frozenset(labels) for labels in sets(never_together(few, CONDITION, size))}
    shown = sets(few)
    expected = {
        frozenset(part)
        for part in combinations(sorted(CONDITION.values), size)
        if not any(set(part) <= labels for labels in shown)
    }
    assert found == expected
    assert len(found) > 10


def test_labels_that_do_not_occur_at_all_are_in_no_combination() -> None:
    condition = MultiLabel("abc")
    assert never_together(condition.parse_all(["a", "b"]), condition, 2).tolist() == [[1, 1, 0]]


def test_all_combinations_shown_leave_nothing() -> None:
    condition = MultiLabel("abc")
    assert never_together(condition.parse_all(["a, b, c"]), condition, 2).shape == (0, 3)


def test_conditions_that_are_not_sets_have_no_free_combinations() -> None:
    with pytest.raises(InputError, match="expected sets of labels"):
        never_together(torch.zeros(1, 2, dtype=torch.int64), FACE, 2)
