from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from condgan.schedules import (
    SHAPES,
    Change,
    as_schedule,
    at,
    cosine,
    exponential,
    final,
    late,
    linear,
    trapezoid,
    triangle,
)

shapes = pytest.mark.parametrize("shape", SHAPES)
monotonic = st.sampled_from(sorted(SHAPES.keys() - {"trapezoid"}))  # which rises first
positive = st.floats(1e-6, 1e3)
progresses = st.floats(0, 1)


@given(monotonic, positive, positive)
def test_a_schedule_goes_from_start_to_end(shape: str, start: float, end: float) -> None:
    schedule = Change(shape, start, end)
    assert schedule(0) == pytest.approx(start)
    assert schedule(1) == pytest.approx(end)


@given(monotonic, positive, positive, progresses, progresses)
def test_a_schedule_is_monotonic(shape: str, start: float, end: float, a: float, b: float) -> None:
    schedule, early, late = Change(shape, start, end), min(a, b), max(a, b)
    rise = (schedule(late) - schedule(early)) * (1 if end >= start else -1)
    assert rise >= -1e-9 * max(start, end)


@shapes
def test_a_schedule_between_equal_ends_is_constant(shape: str) -> None:
    schedule = Change(shape, 0.3, 0.3)
    assert [schedule(t / 4) for t in range(5)] == pytest.approx([0.3] * 5)


def test_linear_has_a_constant_slope() -> None:
    assert [linear(1, 3)(t / 4) for t in range(5)] == pytest.approx([1, 1.5, 2, 2.5, 3])


def test_exponential_has_a_constant_factor() -> None:
    assert [exponential(1, 16)(t / 4) for t in range(5)] == pytest.approx([1, 2, 4, 8, 16])


def test_cosine_is_half_a_wave() -> None:
    schedule = cosine(2, 0)
    assert [schedule(t / 3) for t in range(4)] == pytest.approx([2, 1.5, 0.5, 0])
    assert schedule(0.5) == pytest.approx(1)
    assert 2 - schedule(0.01) < 0.001  # slow at first and at the end
    assert schedule(0.99) < 0.001


def test_a_schedule_cannot_be_changed() -> None:
    """Several optimizers and terms may share one."""
    schedule = linear(1, 0)
    with pytest.raises(FrozenInstanceError):
        schedule.end = 2  # type: ignore[misc]
    assert schedule(1) == 0


def test_at_evaluates_schedules_and_returns_numbers() -> None:
    assert at(0.5, 0.9) == 0.5
    assert at(linear(0, 10), 0.9) == pytest.approx(9)
    assert at(lambda progress: progress**2, 0.5) == 0.25


@given(st.sampled_from(sorted(SHAPES)), positive, positive)
def test_as_schedule_parses_what_str_formats(shape: str, start: float, end: float) -> None:
    schedule = Change(shape, float(f"{start:g}"), float(f"{end:g}"))
    assert as_schedule(str(schedule)) == schedule


def test_as_schedule_parses_numbers_in_any_notation() -> None:
    assert as_schedule("cosine:8e-4:0") == cosine(0.0008, 0)
    assert as_schedule("linear:1:2.5") == linear(1, 2.5)
    assert as_schedule("exponential:1e-2:1E-4") == exponential(0.01, 0.0001)


@pytest.mark.parametrize("value", [2, 0.5, "0.5", "2e-4", "fast", None, linear(1, 0)])
def test_other_values_are_returned_as_they_are(value: object) -> None:
    assert as_schedule(value) is value


@pytest.mark.parametrize(
    "text",
    [
        "cosine:1",
        "cosine:1:2:3",
        "cosine:a:b",
        "cosine::",
        "cos:1:0",
        ":1:0",
        "linear:-1:1",
        "linear:1:-1",
        "exponential:1:0",
        "exponential:0:1",
        "linear:nan:1",
        "linear:1:nan",
        "linear:1:inf",
    ],
)
def test_a_wrong_schedule_is_refused_with_the_form_expected(text: str) -> None:
    with pytest.raises(ValueError, match="expected SHAPE:START:END with a shape of linear, cosine, exponential"):
        as_schedule(text)


def test_late_is_constant_for_half_of_the_training_and_then_linear() -> None:
    assert [late(8, 2)(t) for t in (0, 0.25, 0.5, 0.75, 1)] == [8, 8, 8, 5, 2]


def test_final_is_constant_for_three_quarters_of_the_training_and_then_linear() -> None:
    assert [final(8, 2)(t) for t in (0, 0.5, 0.75, 0.875, 1)] == [8, 8, 8, 5, 2]


def test_trapezoid_rises_for_a_tenth_and_falls_for_a_quarter_of_the_training() -> None:
    assert [trapezoid(8, 2)(t) for t in (0, 0.05, 0.1, 0.75, 0.875, 1)] == [2, 5, 8, 8, 5, 2]
    assert as_schedule(str(trapezoid(8, 2))) == trapezoid(8, 2)


def test_triangle_rises_to_its_peak_and_falls_to_zero() -> None:
    schedule = triangle(2, warmup=0.2)
    assert [schedule(t) for t in (0, 0.1, 0.2, 0.6, 1)] == pytest.approx([0, 1, 2, 1, 0])
