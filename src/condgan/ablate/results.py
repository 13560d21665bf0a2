"""What an ablation found: means over seeds with intervals, and differences paired by seed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from condgan.metrics.estimate import Estimate, mean

Rows = Mapping[str, Mapping[str, Sequence[float]]]  # of metrics.json: who drew what -> metric -> value, low, high
DRAWN = "generator, "


@dataclass(frozen=True)
class ResultTable:
    """A title, and texts in columns."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]

    @property
    def markdown(self) -> str:
        """As Markdown, its title as a heading."""
        lines = [self.columns, ["---"] * len(self.columns), *self.rows]
        return "\n".join([f"## {self.title}", "", *(f"| {' | '.join(line)} |" for line in lines)]) + "\n"


def tables(found: Mapping[str, Mapping[int, Rows]], baselines: Mapping[str, str]) -> list[ResultTable]:
    """One for each list of conditions: a line for each cell, and for each metric its mean and its difference.

    From cell -> seed -> rows, and from cell -> the cell that it is compared with; no differences if each is its own.
    """
    every = [rows for seeds in found.values() for rows in seeds.values()]
    lists = dict.fromkeys(who for rows in every for who in rows if who.startswith(DRAWN))
    return [_table(who, found, baselines) for who in lists]


def differ(baselines: Mapping[str, str]) -> bool:
    """Whether any cell is compared with another."""
    return any(cell != baseline for cell, baseline in baselines.items())


def _table(who: str, found: Mapping[str, Mapping[int, Rows]], baselines: Mapping[str, str]) -> ResultTable:
    scores = {cell: {s: rows[who] for s, rows in seeds.items() if who in rows} for cell, seeds in found.items()}
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
    headings = [[metric, "against baseline"] if differ(baselines) else [metric] for metric in metrics]
    columns = ["cell", "n", *chain.from_iterable(headings)]
    return ResultTable(who.removeprefix(DRAWN), columns, lines)


def _values(seeds: Mapping[int, Mapping[str, Sequence[float]]], metric: str) -> dict[int, float]:
    return {seed: row[metric][0] for seed, row in seeds.items() if metric in row}


def differences(mine: Mapping[int, float], theirs: Mapping[int, float]) -> list[float]:
    """Mine less theirs, for each seed that both have."""
    return [value - theirs[seed] for seed, value in mine.items() if seed in theirs]


def text(values: Sequence[float], sign: str = "") -> str:
    """The mean, and half the width of its interval if there are several values; nothing if there is none."""
    if not values:
        return ""
    estimate: Estimate = mean(values)
    return f"{estimate.value:{sign}.3f}" + (f" ± {estimate.high - estimate.value:.3f}" if len(values) > 1 else "")
