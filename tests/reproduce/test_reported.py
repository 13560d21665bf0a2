"""Intervals of the accuracies that the reports print."""

import re
from pathlib import Path

import pytest

from condgan.reproduce import REPORTS
from condgan.reproduce.reported import NEW_TEST_OBJECTS, NOT_APART, TEST_OBJECTS, interval, order

PAGE = Path(__file__).parents[2] / "docs" / "reports.md"


@pytest.mark.parametrize(("hits", "num"), [(44, 72), (50, 72), (53, 72), (66, 84), (70, 84)])
def test_an_interval_is_wilsons_for_so_many_objects(hits: int, num: int) -> None:
    """Its bounds are the shares p of which the observed one is 1.96 standard errors of p away."""
    found = interval(hits / num, num)
    for bound in (found.low, found.high):
        assert abs(found.value - bound) / (bound * (1 - bound) / num) ** 0.5 == pytest.approx(1.96, abs=1e-3)


def test_three_objects_do_not_tell_two_accuracies_apart() -> None:
    assert NOT_APART in order(53 / 72, 50 / 72)
    assert NOT_APART not in order(46 / 72, 27 / 72)


def test_all_reports_but_004_tell_apart_what_they_compare() -> None:
    claims = [(number, claim) for number, report in REPORTS.items() for claim in report.claims]
    found = [(number, claim.says) for number, claim in claims if NOT_APART in claim.reported]
    assert found == [("004", "SAGAN has higher accuracy than DCGAN")]


def test_numbers_of_objects_are_those_of_the_lists() -> None:
    """Six conditions of one object, twelve of two and fourteen of three; twelve of two and twenty of three."""
    assert (TEST_OBJECTS, NEW_TEST_OBJECTS) == (6 + 2 * 12 + 3 * 14, 2 * 12 + 3 * 20)


def test_the_page_about_the_reports_has_these_intervals_and_counts_its_items() -> None:
    text = PAGE.read_text()
    of = re.findall(r"\| (\d+) of (\d+) \| (.*?) \|", text)
    assert len(of) == 8
    for hits, num, printed in of:
        assert printed == str(interval(int(hits) / int(num), int(num)))
    assert f"| {interval(0.8431)} |" in text
    full, partly = (len(re.findall(rf"\| {word}[:\s]", text)) for word in ("full", "partly"))
    assert text.rstrip().endswith(f"{full + partly} items: {full} full, {partly} partly.")
