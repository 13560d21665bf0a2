"""What finished runs have to say about a claim, and the verdict on it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from condgan.ablate.results import differences
from condgan.ablate.study import DONE, Study, Trial
from condgan.config import Config
from condgan.files import read_json, read_text
from condgan.log import read_lines
from condgan.metrics.estimate import Estimate, mean

REPRODUCED, NOT_REPRODUCED, NOT_COMPARABLE = "reproduced", "not reproduced", "not comparable"


class Verdict(NamedTuple):
    """One of the three words above, what was measured, and why."""

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
        """The runs of a cell, by seed."""
        return {seed: trial.folder for seed, trial in self._trials.get(cell, {}).items()}

    def configs(self, cell: str) -> dict[int, Config]:
        """run.json of the runs of a cell, by seed."""
        files = {seed: folder / "run.json" for seed, folder in self.folders(cell).items()}
        return {seed: Config.parse(read_text(file), str(file)) for seed, file in files.items()}

    def metrics(self, cell: str) -> dict[int, dict[str, Any]]:
        """metrics.json of the runs of a cell, by seed."""
        files = {seed: folder / "metrics.json" for seed, folder in self.folders(cell).items()}
        return {seed: read_json(file) for seed, file in files.items()}

    def scores(self, cell: str, metric: str, who: Sequence[str]) -> dict[int, tuple[float, float, float]]:
        """Value and bounds of a metric by seed, of the first of `who` that was drawn."""
        found = {}
        for seed, metrics in self.metrics(cell).items():
            drawn = [metrics["rows"][name][metric] for name in who if metric in metrics["rows"].get(name, {})]
            if drawn:
                found[seed] = tuple(drawn[0])
        return found

    def log(self, cell: str, file: str = "log.jsonl") -> dict[int, list[dict[str, Any]]]:
        """The lines of log.jsonl, or of scores.jsonl, of the runs of a cell, by seed."""
        return {seed: read_lines(folder / file) for seed, folder in self.folders(cell).items()}


Check = Callable[[Evidence], Verdict]

HERE = ("generator, test", "generator, held-out conditions")
NEW = ("generator, new_test",)
REALISM = ("generator, held-out conditions",)


def value(cell: str, *who: Sequence[str], metric: str = "condition_accuracy") -> Check:
    """A reported number beside ours; never comparable, as images, judge and budget are others."""

    def check(evidence: Evidence) -> Verdict:
        rows = [evidence.scores(cell, metric, names) for names in who]
        texts = [f"{mean([score[0] for score in row.values()]).value:.3f}" for row in rows if row]
        if not texts:
            return _nothing(cell)
        return Verdict(
            NOT_COMPARABLE, " / ".join(texts), "other images, another judge, another budget; see the orderings"
        )

    return check


def above(
    better: str, worse: str, metric: str = "condition_accuracy", who: Sequence[str] = HERE, sign: int = 1
) -> Check:
    """One cell scores above another: with several seeds their paired differences exclude 0, with one its interval.

    `sign` is -1 for a metric of which less is better.
    """

    def check(evidence: Evidence) -> Verdict:
        ours, theirs = (evidence.scores(cell, metric, who) for cell in (better, worse))
        gaps = differences({s: sign * v[0] for s, v in ours.items()}, {s: sign * v[0] for s, v in theirs.items()})
        if not gaps:
            return _nothing(f"{better} and {worse}")
        middle = [mean([score[0] for score in row.values()]).value for row in (ours, theirs)]
        measured = f"{middle[0]:.3f} against {middle[1]:.3f}, n = {len(gaps)}"
        if len(gaps) > 1:
            return _of_gap(mean(gaps), measured)
        (_, low, high), (_, their_low, their_high) = next(iter(ours.values())), next(iter(theirs.values()))
        least, most = sorted((sign * (low - their_high), sign * (high - their_low)))
        return _of_gap(Estimate(gaps[0], least, most), measured)

    return check


def _of_gap(gap: Estimate, measured: str) -> Verdict:
    if gap.low > 0:
        return Verdict(REPRODUCED, measured, "")
    order = "the order is the other way" if gap.value < 0 else "the same order"
    return Verdict(NOT_REPRODUCED, measured, order if gap.high < 0 else f"{order}, but within the interval")


def always(cell: str, what: str, holds: Callable[[Mapping[str, float]], bool], share: float = 0.95) -> Check:
    """Something holds in nearly all lines of the log."""

    def check(evidence: Evidence) -> Verdict:
        lines = [line for log in evidence.log(cell).values() for line in log]
        if not lines:
            return _nothing(cell)
        held = sum(holds(line) for line in lines) / len(lines)
        word = REPRODUCED if held >= share else NOT_REPRODUCED
        return Verdict(word, f"{what} in {held:.0%} of the log", "" if held >= share else f"expected {share:.0%}")

    return check


def grows(cell: str, metric: str = "condition_accuracy", share: float = 0.25) -> Check:
    """A curve of scores.jsonl is higher at the end than after a share of the training."""

    def check(evidence: Evidence) -> Verdict:
        gaps, ends = [], []
        for lines in evidence.log(cell, "scores.jsonl").values():
            early = next((line for line in lines if line["step"] >= share * lines[-1]["step"]), None)
            if early and early is not lines[-1]:
                gaps.append(lines[-1][metric] - early[metric])
                ends.append((early[metric], lines[-1][metric]))
        if not gaps:
            return _nothing(cell)
        start, end = (mean([pair[i] for pair in ends]).value for i in (0, 1))
        measured = f"{start:.3f} after {share:.0%} of the training, {end:.3f} at its end, n = {len(gaps)}"
        gap = mean(gaps)
        return _of_gap(gap if len(gaps) > 1 else Estimate(gap.value, gap.value - NOISE, gap.value + NOISE), measured)

    return check


NOISE = 0.05  # half the interval of the difference between two points of a curve of 200 draws


def _nothing(cells: str) -> Verdict:
    return Verdict(NOT_COMPARABLE, "", f"no finished run of {cells}")
