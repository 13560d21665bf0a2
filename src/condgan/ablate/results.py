"""Results of an ablation: means over seeds with intervals, and differences paired by seed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from condgan.errors import InputError
from condgan.metrics.estimate import Estimate, mean
from condgan.scores import GENERATOR, Row

Rows = Mapping[str, Row]  # in metrics.json, by images


@dataclass(frozen=True)
class ResultTable:
    """A table of texts with a title. Raises InputError for a row of another length than the columns."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]

    def __post_init__(self) -> None:
        for number, row in enumerate(self.rows, 1):
            if len(row) != len(self.columns):
                raise InputError(f"row {number}: found {len(row)} texts, expected {len(self.columns)} as in columns")

    @property
    def markdown(self) -> str:
        """The table as Markdown, under a heading."""
        lines = [self.columns, ["---"] * len(self.columns), *self.rows]
        return "\n".join([f"## {self.title}", "", *(f"| {' | '.join(line)} |" for line in lines)]) + "\n"


def tables(found: Mapping[str, Mapping[int, Rows]], baselines: Mapping[str, str]) -> list[ResultTable]:
    """Returns a table for each list of conditions, with a row for each cell.

    For each metric it has the mean over seeds and the difference from the baseline. `found` maps cell -> seed -> rows
    of metrics.json, `baselines` each cell to the one that it is compared with. Without comparisons, i.e. if every cell
    is its own baseline, there are no differences.
    """
    all_rows = [rows for seeds in found.values() for rows in seeds.values()]
    sources = dict.fromkeys(source for rows in all_rows for source in rows if source.startswith(GENERATOR))
    return [_table(source, found, baselines) for source in sources]


def differ(baselines: Mapping[str, str]) -> bool:
    """Returns whether any cell is compared with another one."""
    return any(cell != baseline for cell, baseline in baselines.items())


def _table(source: str, found: Mapping[str, Mapping[int, Rows]], baselines: Mapping[str, str]) -> ResultTable:
    scores = {cell: {s: rows[source] for s, rows in seeds.items() if source in rows} for cell, seeds in found.items()}
    metrics = list(dict.fromkeys(name for seeds in scores.values() for row in seeds.values() for name in row))
    lines = []
    for cell, seeds in scores.items():
        line = [cell, str(len(seeds))]
        for metric in metrics:
            mine, theirs = (_values(scores[name], metric) for name in (cell, baselines[cell]))
            line.append(text(list(mine.values())))
            if differ(baselines):
                line.append("" if cell == baselines[cell] else text(differences(mine, theirs), "+"))
        lines.append(line)
    headings = [[metric, "difference"] if differ(baselines) else [metric] for metric in metrics]
    columns = ["cell", "n", *chain.from_iterable(headings)]
    return ResultTable(source.removeprefix(GENERATOR), columns, lines)


def _values(seeds: Mapping[int, Row], metric: str) -> dict[int, float]:
    return {seed: row[metric].value for seed, row in seeds.items() if metric in row}


def differences(mine: Mapping[int, float], theirs: Mapping[int, float]) -> list[float]:
    """Returns mine minus theirs for each seed that both have."""
    return [value - theirs[seed] for seed, value in mine.items() if seed in theirs]


def text(values: Sequence[float], sign: str = "") -> str:
    """Formats a mean and half the width of its interval; only the mean of a single value, nothing for no values."""
    if not values:
        return ""
    estimate: Estimate = mean(values)
    return f"{estimate.value:{sign}.3f}" + (f" ± {estimate.high - estimate.value:.3f}" if len(values) > 1 else "")
