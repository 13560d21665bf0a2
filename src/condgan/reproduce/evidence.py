"""Finished runs, and checks of claims about their scores."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple, NoReturn

from condgan.ablate.results import differences
from condgan.ablate.study import DONE, Study, Trial
from condgan.config import Config
from condgan.files import read_text
from condgan.log import read_lines
from condgan.metrics.estimate import Estimate, mean
from condgan.scores import KID, Scores

REPRODUCED, NOT_REPRODUCED, NOT_COMPARABLE = "reproduced", "not reproduced", "not comparable"

# Rows of metrics.json; of several, the first one that a run has is used.
TEST = ("generator, test", "generator, held-out conditions")
NEW_TEST = ("generator, new_test",)
HELD_OUT = ("generator, held-out conditions",)
CODES = ("generator, codes of the prior",)

ACCURACY = "condition_accuracy"
NOISE = 0.05  # half the 95 % interval of the difference between two scores of about 200 images


class Verdict(NamedTuple):
    """The outcome of a check: one of the three words above, what was measured, and the reason."""

    word: str
    measured: str
    why: str


class NotComparable(Exception):
    """Runs lack what a check needs, or are too short for it. `measured` is what can be said of them."""

    def __init__(self, measured: str, why: str):
        super().__init__(why)
        self.measured, self.why = measured, why


class Line(dict[str, Any]):
    """A line of a log. Raises NotComparable, naming the log, for a number that it does not have."""

    def __init__(self, line: Mapping[str, Any], log: str):
        super().__init__(line)
        self.log = log

    def __missing__(self, name: str) -> NoReturn:
        raise NotComparable("", f"no {name!r} in {self.log}")


@dataclass(frozen=True)
class Evidence:
    """The finished runs of several studies, by cell and seed. Raises NotComparable for a cell without any."""

    studies: Sequence[Study]

    @cached_property
    def _trials(self) -> Mapping[str, Mapping[int, Trial]]:
        found: dict[str, dict[int, Trial]] = {}
        for study in self.studies:
            for trial in study.trials:
                if trial.end == DONE:
                    found.setdefault(trial.cell.name, {})[trial.seed] = trial
        return found

    def folders(self, cell: str) -> dict[int, Path]:
        """Folders of the finished runs of a cell, by seed."""
        if cell not in self._trials:
            raise NotComparable("", f"no finished run of {cell}")
        return {seed: trial.folder for seed, trial in self._trials[cell].items()}

    def configs(self, cell: str) -> dict[int, Config]:
        """run.json of the finished runs of a cell, by seed."""
        files = {seed: folder / "run.json" for seed, folder in self.folders(cell).items()}
        return {seed: Config.parse(read_text(file), str(file)) for seed, file in files.items()}

    def metrics(self, cell: str) -> dict[int, Scores]:
        """metrics.json of the finished runs of a cell, by seed. Raises InputError if one is broken."""
        return {seed: Scores.read(folder) for seed, folder in self.folders(cell).items()}

    def scores(self, cell: str, metric: str, rows: Sequence[str]) -> dict[int, Estimate]:
        """Estimates of a metric by seed, from the first of `rows` that has it; NotComparable if no run has any."""
        found = {}
        for seed, metrics in self.metrics(cell).items():
            scores = [metrics.rows[row][metric] for row in rows if metric in metrics.rows.get(row, {})]
            if scores:
                found[seed] = scores[0]
        if not found:
            raise NotComparable("", f"no {metric} in metrics.json of {cell}")
        return found

    def log(self, cell: str, file: str = "log.jsonl") -> dict[int, list[Line]]:
        """The lines of log.jsonl or scores.jsonl of the finished runs of a cell, by seed."""
        logs = {seed: read_lines(folder / file) for seed, folder in self.folders(cell).items()}
        return {seed: [Line(line, f"{file} of {cell}") for line in lines] for seed, lines in logs.items()}


def value(evidence: Evidence, cell: str, *lists: Sequence[str]) -> Verdict:
    """Shows our accuracies beside the reported ones. Never comparable: data, judge and budget differ from the report.

    Lists of conditions without scores are left out.
    """
    texts, missing = list[str](), list[NotComparable]()
    for rows in lists:
        try:
            texts.append(f"{_mean(evidence.scores(cell, ACCURACY, rows)):.3f}")
        except NotComparable as error:
            missing.append(error)
    if not texts:
        raise missing[0]
    return Verdict(NOT_COMPARABLE, " / ".join(texts), "data, judge and budget differ from the report; see the orders")


def beside(
    evidence: Evidence, one: str, other: str, rows: Sequence[str] = TEST, metrics: Sequence[str] = (ACCURACY, KID)
) -> Verdict:
    """Shows the scores of two cells beside each other, for comparisons of which the report gives no result."""
    texts = []
    for metric in metrics:
        ours, theirs = (evidence.scores(cell, metric, HELD_OUT if metric == KID else rows) for cell in (one, other))
        number = min(len(ours), len(theirs))
        texts.append(f"{metric} {_mean(ours):.3f} against {_mean(theirs):.3f}, n = {number}")
    return Verdict(NOT_COMPARABLE, "; ".join(texts), "the report gives no result")


def above(
    evidence: Evidence, better: str, worse: str, metric: str = ACCURACY, rows: Sequence[str] = TEST, sign: int = 1
) -> Verdict:
    """Checks that one cell scores above another, with 0 outside of the 95 % interval of the difference.

    The interval is that of differences paired by seed, or with one seed that of its scores. With `sign` -1 lower
    values of the metric are better.
    """
    ours, theirs = (evidence.scores(cell, metric, rows) for cell in (better, worse))
    gaps = differences(*({seed: sign * s.value for seed, s in scores.items()} for scores in (ours, theirs)))
    if not gaps:
        raise NotComparable("", f"no seed with finished runs of both {better} and {worse}")
    measured = f"{_mean(ours):.3f} against {_mean(theirs):.3f}, n = {len(gaps)}"
    if len(gaps) > 1:
        return of_gap(mean(gaps), measured)
    (seed,) = ours.keys() & theirs.keys()
    mine, other = ours[seed], theirs[seed]
    least, most = sorted((sign * (mine.low - other.high), sign * (mine.high - other.low)))
    return of_gap(Estimate(gaps[0], least, most), measured)


def of_gap(gap: Estimate, measured: str) -> Verdict:
    """The verdict of a difference that has to be positive, with its 95 % interval."""
    if gap.low > 0:
        return Verdict(REPRODUCED, measured, "")
    if not gap.value:
        return Verdict(NOT_REPRODUCED, measured, "no difference")
    order = "opposite order" if gap.value < 0 else "same order"
    return Verdict(NOT_REPRODUCED, measured, order if gap.high < 0 else f"{order}, but within the 95 % interval")


def _mean(scores: Mapping[int, Estimate]) -> float:
    return fmean(score.value for score in scores.values())
