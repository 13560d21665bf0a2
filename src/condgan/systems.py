"""Comparisons of scored runs. Runs that differ only in their seed belong to one system."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import isfinite, isnan
from pathlib import Path

import torch
from torch import Tensor

from condgan.ablate.results import ResultTable
from condgan.config import Config
from condgan.errors import InputError
from condgan.files import read_text
from condgan.metrics import Comparison, Estimate, compare, rank_table
from condgan.scores import FILE, Scores

METRICS = {"exact_accuracy": 1, "condition_accuracy": 0}  # their places in `per_condition` of metrics.json
FACTS = ("data", "data_hash", "resolution", "condition", "precision", "kimg", "minutes", "reading")  # beside options
NAMED = ("data", "resolution", "precision", "kimg", "minutes")  # those that a name can show


@dataclass(frozen=True)
class ScoredRun:
    """A run with its configuration and its scores."""

    folder: Path
    config: Config
    scores: Scores

    @classmethod
    def read(cls, folder: Path) -> "ScoredRun":
        """Reads run.json and metrics.json of a run's folder. Raises InputError if a file is missing or broken."""
        described = folder / "run.json"
        if not described.is_file():
            raise InputError(f"{folder}: no run.json in it; expected the folder of a run")
        if not (folder / FILE).is_file():
            raise InputError(f"{folder}: not scored yet; run condgan evaluate {folder}")
        config = Config.parse(read_text(described), str(described))
        return cls(folder, config, Scores.read(folder))

    @property
    def system(self) -> str:
        """Everything that determines a training apart from its seed and its machine, as text."""
        config = self.config.to_json()
        return json.dumps([config["recipe"], config["options"], *(config[fact] for fact in FACTS)], sort_keys=True)


def comparisons(folders: Sequence[Path]) -> list[ResultTable]:
    """Ranks the systems of some runs, and compares each two: two tables for each list of conditions and accuracy.

    Raises InputError unless there are at least two systems, whose runs one judge scored on the same conditions, and for
    a training that is named twice.
    """
    runs = [ScoredRun.read(folder) for folder in folders]
    systems = _systems(runs)
    tables = []
    for name in _common_lists(runs):
        for metric, place in METRICS.items():
            conditions = _scored(runs, name, place)
            if len(conditions) < 2:
                continue
            scores = {system: _table(own, name, conditions, place) for system, own in systems.items()}
            title = f"{name}, {len(conditions)} conditions: {metric}"
            tables += [_ranks(title, scores), _differences(title, scores)]
    return tables


def _systems(runs: Sequence[ScoredRun]) -> dict[str, list[ScoredRun]]:
    groups: dict[str, list[ScoredRun]] = {}
    for run in runs:
        same = groups.setdefault(run.system, [])
        if twice := next((other for other in same if other.config.seed == run.config.seed), None):
            found = f"{twice.folder} and {run.folder}: the same options and seed {run.config.seed}"
            raise InputError(f"{found}; expected runs with different seeds, leave one out")
        same.append(run)
    if len(groups) < 2:
        found = f"found {len(runs)} runs that differ only in their seed"
        raise InputError(f"{found}; expected runs of at least two systems: other recipes, options, data or lengths")
    names = _names([own[0] for own in groups.values()])
    return dict(zip(names, groups.values(), strict=True))


def _names(runs: Sequence[ScoredRun]) -> list[str]:
    """Names each system by its recipe and what differs from other systems; by its first run where that is not shown."""
    names = []
    for run in runs:
        others = [other.config for other in runs]
        facts = {fact: {str(getattr(config, fact)) for config in others} for fact in NAMED}
        same = [config.options for config in others if config.recipe == run.config.recipe]
        differing = {o: v for o, v in run.config.options.items() if any(options.get(o) != v for options in same)}
        differing |= {fact: getattr(run.config, fact) for fact, values in facts.items() if len(values) > 1}
        names.append(" ".join([run.config.recipe, *(f"{name}={value}" for name, value in differing.items())]))
    if len(set(names)) == len(names):
        return names
    return [f"{name} ({run.folder})" for name, run in zip(names, runs, strict=True)]


def _common_lists(runs: Sequence[ScoredRun]) -> list[str]:
    """Returns the lists of at least two conditions that all runs were scored on, by one judge."""
    first = runs[0]
    words = " ".join(str(run.folder) for run in runs)
    for run in runs[1:]:
        known = all((run.scores.judge_hash, first.scores.judge_hash))  # not in files of format 1
        if run.scores.judge != first.scores.judge or (known and run.scores.judge_hash != first.scores.judge_hash):
            found = f"{first.folder} and {run.folder} were scored by different judges"
            raise InputError(f"{found}; score all by one: condgan evaluate {words} --judge FILE")
    lists = [run.scores.per_condition for run in runs]
    common = [name for name, each in lists[0].items() if len(each) > 1 and all(_same(each, x.get(name)) for x in lists)]
    if not common:
        found = "; ".join(f"{run.folder}: {_brief(run.scores)}" for run in runs)
        advice = f"score all on the same: condgan evaluate {words} --conditions FILE"
        raise InputError(f"found no list of at least two conditions that all runs were scored on ({found}); {advice}")
    return common


def _same(conditions: Mapping[str, object], others: Mapping[str, object] | None) -> bool:
    return others is not None and conditions.keys() == others.keys()


def _brief(scores: Scores) -> str:
    return ", ".join(f"{name} with {len(each)}" for name, each in scores.per_condition.items()) or "none"


def _scored(runs: Sequence[ScoredRun], name: str, place: int) -> list[str]:
    """Returns the conditions of a list that all runs have a score of: the empty set has no condition accuracy."""
    each = [run.scores.per_condition[name] for run in runs]
    return [c for c in each[0] if all(isfinite(scores[c][place].value) for scores in each)]


def _table(runs: Sequence[ScoredRun], name: str, conditions: Sequence[str], place: int) -> Tensor:
    """Returns the scores of a system, (runs, conditions)."""
    each = [run.scores.per_condition[name] for run in runs]
    return torch.tensor([[scores[c][place].value for c in conditions] for scores in each], dtype=torch.float64)


def _ranks(title: str, scores: Mapping[str, Tensor]) -> ResultTable:
    rows = [
        [rank.system, str(len(scores[rank.system])), f"{rank.score:.3f}", _range(rank.best, rank.worst)]
        for rank in rank_table(scores)
    ]
    return ResultTable(title, ["system", "runs", "score", "rank"], rows)


def _differences(title: str, scores: Mapping[str, Tensor]) -> ResultTable:
    pairs, rows = list(combinations(scores, 2)), []
    for mine, theirs in pairs:
        found = compare(scores[mine], scores[theirs], len(pairs))
        over_conditions, over_runs, over_both = (_interval(estimate) for estimate in found)
        value = f"{found.over_conditions.value:+.3f}"
        rows.append([f"{mine} - {theirs}", value, over_conditions, over_runs, over_both, _conclusion(found)])
    at_once = f", 95 % intervals for all {len(pairs)} at once" if len(pairs) > 1 else ", 95 % intervals"
    columns = ["systems", "difference", "other conditions", "other runs", "both", "conclusion"]
    return ResultTable(f"{title}, differences{at_once}", columns, rows)


def _conclusion(found: Comparison) -> str:
    words = "within noise" if found.within_noise else "higher" if found.over_conditions.value > 0 else "lower"
    return words + (", noise of runs unknown" if isnan(found.over_both.low) else "")


def _interval(estimate: Estimate) -> str:
    return "unknown" if isnan(estimate.low) else f"[{estimate.low:.3f}, {estimate.high:.3f}]"


def _range(best: int, worst: int) -> str:
    return str(best) if best == worst else f"{best} to {worst}"
