"""Checks of a claim against finished runs, each of which returns a verdict."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

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

ACCURACY_AND_KID = ("condition_accuracy", KID)
NOISE = 0.05  # half the 95 % interval of the difference between two scores of about 200 images


class Verdict(NamedTuple):
    """The outcome of a check: one of the three words above, what was measured, and the reason."""

    word: str
    measured: str
    why: str


@dataclass(frozen=True)
class Evidence:
    """The finished runs of several studies, by cell and seed."""

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
        return {seed: trial.folder for seed, trial in self._trials.get(cell, {}).items()}

    def configs(self, cell: str) -> dict[int, Config]:
        """run.json of the finished runs of a cell, by seed."""
        files = {seed: folder / "run.json" for seed, folder in self.folders(cell).items()}
        return {seed: Config.parse(read_text(file), str(file)) for seed, file in files.items()}

    def metrics(self, cell: str) -> dict[int, Scores]:
        """metrics.json of the finished runs of a cell, by seed. Raises InputError if one is broken."""
        return {seed: Scores.read(folder) for seed, folder in self.folders(cell).items()}

    def scores(self, cell: str, metric: str, rows: Sequence[str]) -> dict[int, Estimate]:
        """Value and bounds of a metric by seed, from the first of `rows` that has it."""
        found = {}
        for seed, metrics in self.metrics(cell).items():
            scores = [metrics.rows[row][metric] for row in rows if metric in metrics.rows.get(row, {})]
            if scores:
                found[seed] = scores[0]
        return found

    def log(self, cell: str, file: str = "log.jsonl") -> dict[int, list[dict[str, Any]]]:
        """The lines of log.jsonl or scores.jsonl of the finished runs of a cell, by seed."""
        return {seed: read_lines(folder / file) for seed, folder in self.folders(cell).items()}

    def missing(self, cell: str, what: str) -> Verdict:
        """The verdict for a cell without the data that a check needs; `what` says what its finished runs lack."""
        return Verdict(NOT_COMPARABLE, "", what if self.folders(cell) else f"no finished run of {cell}")


Check = Callable[[Evidence], Verdict]


def value(cell: str, *rows: Sequence[str], metric: str = "condition_accuracy") -> Check:
    """Shows our value beside the reported one. Never comparable, as data, judge and budget differ from the report."""

    def check(evidence: Evidence) -> Verdict:
        scores = [evidence.scores(cell, metric, names) for names in rows]
        texts = [f"{mean([score[0] for score in seeds.values()]).value:.3f}" for seeds in scores if seeds]
        if not texts:
            return evidence.missing(cell, f"no {metric} in metrics.json of {cell}")
        return Verdict(
            NOT_COMPARABLE, " / ".join(texts), "data, judge and budget differ from the report; see the orders"
        )

    return check


def beside(one: str, other: str, rows: Sequence[str] = TEST, metrics: Sequence[str] = ACCURACY_AND_KID) -> Check:
    """Shows the scores of two cells beside each other, for comparisons of which the report gives no result."""

    def check(evidence: Evidence) -> Verdict:
        texts = []
        for metric in metrics:
            both = [evidence.scores(cell, metric, HELD_OUT if metric == KID else rows) for cell in (one, other)]
            for cell, scores in zip((one, other), both, strict=True):
                if not scores:
                    return evidence.missing(cell, f"no {metric} in metrics.json of {cell}")
            means = [mean([score[0] for score in scores.values()]).value for scores in both]
            texts.append(f"{metric} {means[0]:.3f} against {means[1]:.3f}, n = {min(map(len, both))}")
        return Verdict(NOT_COMPARABLE, "; ".join(texts), "the report gives no result")

    return check


def above(
    better: str, worse: str, metric: str = "condition_accuracy", rows: Sequence[str] = TEST, sign: int = 1
) -> Check:
    """Checks that one cell scores above another, with 0 outside of the 95 % interval of the difference.

    The interval is that of differences paired by seed, or with one seed that of its scores. With `sign` -1 lower
    values of the metric are better.
    """

    def check(evidence: Evidence) -> Verdict:
        ours, theirs = (evidence.scores(cell, metric, rows) for cell in (better, worse))
        for cell, scores in {better: ours, worse: theirs}.items():
            if not scores:
                return evidence.missing(cell, f"no {metric} in metrics.json of {cell}")
        gaps = differences({s: sign * v[0] for s, v in ours.items()}, {s: sign * v[0] for s, v in theirs.items()})
        if not gaps:
            return Verdict(NOT_COMPARABLE, "", f"no seed with finished runs of both {better} and {worse}")
        means = [mean([score[0] for score in scores.values()]).value for scores in (ours, theirs)]
        measured = f"{means[0]:.3f} against {means[1]:.3f}, n = {len(gaps)}"
        if len(gaps) > 1:
            return of_gap(mean(gaps), measured)
        (_, low, high), (_, their_low, their_high) = next(iter(ours.values())), next(iter(theirs.values()))
        least, most = sorted((sign * (low - their_high), sign * (high - their_low)))
        return of_gap(Estimate(gaps[0], least, most), measured)

    return check


def of_gap(gap: Estimate, measured: str) -> Verdict:
    """The verdict of a difference that has to be positive, with its 95 % interval."""
    if gap.low > 0:
        return Verdict(REPRODUCED, measured, "")
    if not gap.value:
        return Verdict(NOT_REPRODUCED, measured, "no difference")
    order = "opposite order" if gap.value < 0 else "same order"
    return Verdict(NOT_REPRODUCED, measured, order if gap.high < 0 else f"{order}, but within the 95 % interval")
