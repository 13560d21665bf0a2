import re
from pathlib import Path

import pytest

from condgan.metrics import CONDITION_METRICS, FEATURE_METRICS
from planted_faults import FAULTS, moved, scores, table

DOCUMENTED = Path(__file__).parents[2] / "docs" / "metrics.md"
OF_CONDITIONS = {*CONDITION_METRICS, "colour F1", "shape F1", "lowest F1 of an object"}

CAUGHT = {  # the metrics that name a fault
    "none": set(),
    "extra objects": {"exact_accuracy", "condition_precision", "condition_f1", "count_accuracy"},
    "swapped colours": {"exact_accuracy", "condition_f1", "binding_errors"},
    "one image of each condition": {"diversity", "recall", "coverage"},
    "training images": {"memorisation"},
    "blur": {"fid", "kid", "recall"},
    "ignored condition": {"condition_accuracy", "condition_f1", "colour F1", "shape F1"},
    "a dead class": {"lowest F1 of an object", "condition_recall", "count_accuracy"},
}
UNMOVED = {  # what a fault leaves alone, so that the metrics that moved tell which it is
    "none": OF_CONDITIONS | {*FEATURE_METRICS, "memorisation"},
    "extra objects": {"condition_recall", "binding_errors", "diversity"},
    "swapped colours": {"fid", "kid", "precision", "recall", "diversity", "colour F1", "shape F1"},
    "one image of each condition": OF_CONDITIONS | {"memorisation"},
    "training images": OF_CONDITIONS | {*FEATURE_METRICS},
    "blur": {"colour F1", "binding_errors", "memorisation"},
    "ignored condition": {"fid", "kid", "precision", "recall", "coverage", "memorisation"},
    "a dead class": {"condition_precision", "binding_errors", "precision", "diversity", "memorisation"},
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_moves_the_metrics_that_name_it_and_leaves_the_others(fault: str) -> None:
    found = {metric for metric in scores(fault) if moved(fault, metric)}
    assert CAUGHT[fault] <= found
    assert not found & UNMOVED[fault]


def test_every_metric_notices_a_fault() -> None:
    for metric in scores("none"):
        assert any(moved(fault, metric) for fault in FAULTS), metric


def test_every_fault_is_told_from_every_other_by_what_moves() -> None:
    patterns = [tuple(moved(fault, metric) for metric in scores(fault)) for fault in FAULTS]
    assert len(set(patterns)) == len(FAULTS)


def test_the_table_of_the_documentation_has_the_metrics_that_move() -> None:
    documented = DOCUMENTED.read_text()
    for line in table():
        pattern = re.sub(r"-?\d+\.\d\d", "NUMBER", line)
        lines = {re.sub(r"-?\d+\.\d\d", "NUMBER", row) for row in documented.splitlines()}
        assert pattern in lines, line
