"""Tables of scores on a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.table import Table

from condgan.cli.console import console

if TYPE_CHECKING:
    from condgan.metrics import Estimate
    from condgan.scores import Scores

    Rows = Mapping[tuple[str, ...], Mapping[str, Estimate]]  # of a table, by the texts of its first columns

METRICS_SIDE_BY_SIDE = 3  # columns of estimates that fit on a screen


def print_scores(scores: Scores) -> None:
    """Prints the tables and sentences of an evaluation."""
    rows: Rows = {(source,): row for source, row in scores.rows.items()}
    print_rows(["images"], rows, scores.setting)
    console.print(scores.judges)
    for name, counts in scores.occurrences.items():
        total = counts["seen"] + counts["unseen"]
        console.print(f"{name}: {counts['seen']} of {total} conditions occur in training")
    if scores.composition:
        rows = {(name,): row for name, row in scores.composition.items()}
        print_rows(["conditions"], rows, "conditions that occur in training, and others")
    for name, objects in scores.per_object.items():
        by_value = Table("value", "accuracy", title=f"{name}: accuracy by value")
        for label, estimate in sorted(objects.items(), key=lambda item: item[1].value):
            by_value.add_row(label, str(estimate))
        console.print(by_value)
    for code, meaning in scores.meaning.items():
        console.print(f"{code}: matched to {meaning}")
    for code, effects in scores.code_effects.items():
        values = ", ".join(f"{kind} {estimate}" for kind, estimate in effects.items())
        console.print(f"{code}: correlation with {values}")


def print_rows(names: Sequence[str], rows: Rows, title: str) -> None:
    """Prints a table of estimates, a few metrics at a time so that each fits on a line."""
    metrics = list(dict.fromkeys(metric for row in rows.values() for metric in row))
    for start in range(0, len(metrics), METRICS_SIDE_BY_SIDE):
        some = metrics[start : start + METRICS_SIDE_BY_SIDE]
        table = Table(*names, *some, title=title)
        for row_names, row in rows.items():
            if any(metric in row for metric in some):
                table.add_row(*row_names, *(str(row[metric]) if metric in row else "" for metric in some))
        console.print(table)
