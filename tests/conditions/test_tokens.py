import torch
from hypothesis import given

from condgan.conditions import Condition, MultiLabel
from known_conditions import DIGIT, FACE, FRUIT, Case, batches, conditions, each, multi_labels


@given(batches())
def test_tokens_sum_to_the_vector(case: Case) -> None:
    condition, c = case
    vector = condition.encode(c)
    tokens, mask = condition.tokens(vector)
    assert tokens.shape == (*mask.shape, condition.dim)
    assert mask.dtype == torch.bool
    assert torch.equal(tokens.sum(1), vector)


@given(batches())
def test_tokens_of_a_scaled_vector_sum_to_it(case: Case) -> None:
    """As between two conditions, where a vector is no longer one-hot."""
    condition, c = case
    vector = 0.25 * condition.encode(c) + 0.75 * condition.encode(c.flip(0))
    torch.testing.assert_close(condition.tokens(vector)[0].sum(1), vector)


@given(batches())
def test_padding_is_zero_and_every_other_token_has_one_entry(case: Case) -> None:
    condition, c = case
    tokens, mask = condition.tokens(condition.encode(c))
    assert not tokens[~mask].any()
    assert ((tokens != 0).sum(2) <= 1).all()


@given(batches(multi_labels))
def test_each_label_has_one_token_and_the_largest_set_has_no_padding(case: Case) -> None:
    labels, c = case
    tokens, mask = labels.tokens(labels.encode(c))
    assert torch.equal(mask.sum(1), c.sum(1))
    assert tokens.shape[1] == max(1, int(c.sum(1).max()))
    assert torch.equal((tokens == 1).sum(2), mask.long())


@given(batches())
def test_kinds_of_fixed_length_have_a_token_for_each_part_and_no_padding(case: Case) -> None:
    condition, c = case
    tokens, mask = condition.tokens(condition.encode(c))
    if not isinstance(condition, MultiLabel):
        assert tokens.shape[1] == len(condition.sizes)
        assert mask.all()


@given(batches())
def test_tokens_of_a_condition_do_not_depend_on_the_batch(case: Case) -> None:
    condition, c = case
    vector = condition.encode(c)
    tokens, mask = condition.tokens(vector)
    for row in range(len(c)):
        alone, alone_mask = condition.tokens(vector[row : row + 1])
        assert torch.equal(alone[alone_mask], tokens[row][mask[row]])


@given(conditions)
def test_an_empty_batch_has_no_tokens(condition: Condition) -> None:
    tokens, mask = condition.tokens(torch.zeros(0, condition.dim))
    assert tokens.shape == (*mask.shape, condition.dim)
    assert len(tokens) == 0


@each
def test_tokens_keep_the_gradient_of_the_vector(condition: Condition) -> None:
    c = condition.each_value()
    vector = condition.encode(c).requires_grad_()
    weight = torch.arange(1.0, condition.dim + 1)
    (condition.tokens(vector)[0] * weight).sum().backward()
    assert vector.grad is not None
    present = vector.detach() != 0
    assert torch.equal(vector.grad[present], weight.expand_as(vector)[present])


def test_the_empty_set_has_padding_only() -> None:
    tokens, mask = MultiLabel(FRUIT).tokens(torch.zeros(2, 4))
    assert tokens.shape == (2, 1, 4)
    assert not tokens.any()
    assert not mask.any()


def test_labels_become_one_hot_tokens_in_the_order_of_the_vocabulary() -> None:
    tokens, mask = MultiLabel("abc").tokens(torch.tensor([[1.0, 0, 1], [0, 1, 0]]))
    assert tokens.tolist() == [[[1, 0, 0], [0, 0, 1]], [[0, 1, 0], [0, 0, 0]]]
    assert mask.tolist() == [[True, True], [True, False]]


def test_each_attribute_and_each_code_is_one_token() -> None:
    tokens, _ = FACE.tokens(FACE.encode(torch.tensor([[1, 2]])))
    assert tokens.tolist() == [[[0, 1, 0, 0, 0], [0, 0, 0, 0, 1]]]
    tokens, mask = DIGIT.tokens(DIGIT.encode(torch.tensor([[3.0, 1.0, 0.0, -0.5]])))
    assert mask.all()  # a code of value 0 is no padding
    assert tokens.shape == (1, 4, 15)
    assert tokens[0].nonzero().tolist() == [[0, 3], [1, 11], [3, 14]]
    assert tokens[0, 3, 14] == -0.5
