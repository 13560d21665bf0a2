import pytest

from condgan.ablate.results import ResultTable, Rows, differences, tables, text
from condgan.metrics import Estimate

T4 = 12.706  # Student's 97.5 % point with one degree of freedom


def rows(accuracy: float, kid: float = 0.1) -> Rows:
    """The rows of a metrics.json."""
    return {
        "real images": {"accuracy": Estimate(1, 1, 1)},
        "generator, held-out": {"accuracy": Estimate(accuracy, 0, 1), "kid": Estimate(kid, 0, 1)},
        "generator, test": {"accuracy": Estimate(accuracy / 2, 0, 1)},
        "untrained, test": {"accuracy": Estimate(0, 0, 0)},
    }


def test_means_are_shown_with_half_the_width_of_their_interval() -> None:
    # standard deviation of 0.4 and 0.6 is 0.1 * sqrt(2), over sqrt(2) is 0.1
    assert text([0.4, 0.6]) == f"0.500 ± {0.1 * T4:.3f}"
    assert text([0.4]) == "0.400"
    assert text([]) == ""
    assert text([0.25], "+") == "+0.250"


def test_differences_are_paired_by_seed() -> None:
    assert differences({0: 0.5, 1: 0.7, 2: 0.9}, {1: 0.4, 0: 0.3}) == pytest.approx([0.2, 0.3])


def test_variation_shared_by_all_cells_does_not_widen_the_interval_of_a_difference() -> None:
    """Seeds differ a lot, but cells differ by the same amount in every seed, so a paired interval has no width."""
    found = {"a": {0: rows(0.2), 1: rows(0.8)}, "b": {0: rows(0.3), 1: rows(0.9)}}
    held_out = tables(found, {"a": "a", "b": "a"})[0]
    assert held_out.columns == ["cell", "n", "accuracy", "difference", "kid", "difference"]
    assert held_out.rows == [
        ["a", "2", f"0.500 ± {0.3 * T4:.3f}", "", "0.100 ± 0.000", ""],
        ["b", "2", f"0.600 ± {0.3 * T4:.3f}", "+0.100 ± 0.000", "0.100 ± 0.000", "+0.000 ± 0.000"],
    ]


def test_each_list_of_conditions_has_a_table_and_real_images_have_none() -> None:
    found = tables({"a": {0: rows(0.4)}}, {"a": "a"})
    assert [table.title for table in found] == ["held-out", "test"]
    assert found[1].rows == [["a", "1", "0.200"]]


def test_a_single_cell_has_no_differences() -> None:
    assert tables({"a": {0: rows(0.4)}}, {"a": "a"})[0].columns == ["cell", "n", "accuracy", "kid"]


def test_a_cell_without_results_has_an_empty_row() -> None:
    found = {"a": {}, "b": {0: rows(0.4)}}
    assert tables(found, {"a": "a", "b": "a"})[1].rows == [["a", "0", "", ""], ["b", "1", "0.200", ""]]
    assert tables({"a": {}}, {"a": "a"}) == []


def test_differences_use_only_common_seeds() -> None:
    found = {"a": {0: rows(0.4), 1: rows(0.4)}, "b": {1: rows(0.6), 2: rows(0.7)}}
    assert tables(found, {"a": "a", "b": "a"})[1].rows[1][2:] == [f"0.325 ± {0.025 * T4:.3f}", "+0.100"]


def test_tables_are_formatted_as_markdown() -> None:
    assert ResultTable("all", ["a", "b"], [["1", "2"]]).markdown == "## all\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n"
