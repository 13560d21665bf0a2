"""Ablations: a spec in YAML, a run for each cell and seed, a table of means and paired differences, and curves.

table.md        the tables, what failed, and the curves
curves.png      accuracy over training, or losses where no judge watched
ablation.json   the tables as data, for `condgan report`
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from math import nan
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from condgan import files
from condgan.ablate.spec import Spec, read
from condgan.ablate.study import DONE, Study, Trial, Turn
from condgan.ablate.table import Table, differ, tables
from condgan.config import Config
from condgan.data.dataset import load_json, read_text
from condgan.journal import read_lines
from condgan.plots import Line, plot, png, smoothed
from condgan.watch import ACCURACIES

MEANS = "Means over n seeds ± half of Student's 95 % interval (none at n = 1)."
DIFFERENCES = (
    "Differences are paired by seed; each cell is compared with the baseline, which differs from it at most in these "
    "settings:"
)


@dataclass(frozen=True)
class Outcome:
    """What a study found so far. `runs` are the folders of a cell that were begun, within the study's."""

    title: str
    facts: Mapping[str, str]
    note: str
    tables: list[Table]
    failures: Mapping[str, str]
    runs: Mapping[str, Sequence[str]]

    @property
    def markdown(self) -> str:
        """The page table.md."""
        facts = "\n".join(f"- {name}: {value}" for name, value in self.facts.items())
        failed = "\n".join(f"- {run}: {why}" for run, why in self.failures.items())
        parts = [f"# {self.title}", facts, self.note, *(table.markdown.rstrip() for table in self.tables)]
        parts += [f"## Not done\n\n{failed}"] if failed else []
        return "\n\n".join([*parts, "![curves of every cell](curves.png)"]) + "\n"


def conclude(study: Study) -> Outcome:
    """Tables and curves of what is done, written into the study's folder."""
    spec, folder = study.spec, study.folder
    done = [trial for trial in study.trials if trial.end == DONE]
    found: dict[str, dict[int, Any]] = {cell.name: {} for cell in spec.cells}
    for trial in done:
        file = trial.folder / "metrics.json"
        found[trial.cell.name][trial.seed] = load_json(read_text(file), str(file))["rows"]
    baselines = {cell.name: spec.compared_with(cell).name for cell in spec.cells}
    outcome = Outcome(
        title=spec.title,
        facts=_facts(spec, done),
        note=_note(spec, baselines),
        tables=tables(found, baselines),
        failures={trial.name: trial.end for trial in study.trials if trial.end != DONE},
        runs={cell.name: [t.name for t in study.trials if t.cell == cell and t.folder.exists()] for cell in spec.cells},
    )
    figure = curves({cell: [folder / name for name in names] for cell, names in outcome.runs.items()})
    files.write(folder / "curves.png", png(figure))
    files.write(folder / "ablation.json", json.dumps(asdict(outcome), indent=2) + "\n")
    files.write(folder / "table.md", outcome.markdown)
    return outcome


def _note(spec: Spec, baselines: Mapping[str, str]) -> str:
    if not differ(baselines):
        return MEANS
    fixed = spec.baseline or spec.cells[0].settings
    return f"{MEANS} {DIFFERENCES} {', '.join(f'{name} {value}' for name, value in fixed.items())}."


def _facts(spec: Spec, done: list[Trial]) -> dict[str, str]:
    budgets = [f"{spec.minutes:g} minutes"] if spec.minutes < float("inf") else []
    budgets += [f"{spec.kimg:g} kimg"] if spec.kimg else []
    facts = {
        "cells": f"{len(spec.cells)}, seeds {', '.join(map(str, spec.seeds))}",
        "budget of each run": " or ".join(budgets) or "all epochs of its recipe",
        "data": ", ".join(spec.data),
        "scored by": f"{spec.judge or 'the embedded judge'}, {spec.draws} draws of each condition",
    }
    configs = [Config.read(read_text(trial.folder / "run.json"), str(trial.folder / "run.json")) for trial in done]
    for name, values in {
        "commit": [config.versions.get("commit") or config.versions["condgan"] for config in configs],
        "precision": [config.precision for config in configs],
        "machine": [f"{config.machine['cores']} cores, {config.machine['platform']}" for config in configs],
    }.items():
        facts[name] = ", ".join(dict.fromkeys(values)) or "nothing is done yet"
    return facts


def curves(runs: Mapping[str, Sequence[Path]]) -> Figure:
    """Of each cell its runs in one colour: accuracies over training, or what the players pay where no judge watched."""
    scores = {cell: [read_lines(folder / "scores.jsonl") for folder in folders] for cell, folders in runs.items()}
    scored = {name for journals in scores.values() for lines in journals for line in lines for name in line}
    if found := [name for name in ACCURACIES if name in scored]:
        return plot({name: _lines(scores, partial(_score, name)) for name in found})
    logs = {cell: [read_lines(folder / "log.jsonl") for folder in folders] for cell, folders in runs.items()}
    return plot({f"what {player} pays": _lines(logs, partial(_paid, player)) for player in ("D", "G")})


def _score(name: str, line: Mapping[str, Any]) -> float:
    """Of a line of scores.jsonl; nan where it has no such score."""
    return float(line.get(name, nan))


def _paid(player: str, line: Mapping[str, Any]) -> float:
    """The sum of a player's terms; nan where one was not finite."""
    return sum(nan if loss is None else loss for name, loss in line.items() if name.startswith(f"{player}/"))


def _lines(
    journals: Mapping[str, Sequence[list[dict[str, Any]]]], value: Callable[[dict[str, Any]], float]
) -> list[Line]:
    lines = []
    for color, (cell, runs) in enumerate(journals.items()):
        for i, journal in enumerate(runs):
            y = smoothed([value(line) for line in journal], len(journal) // 25)
            lines.append(Line(cell if i == 0 else "", [line["kimg"] for line in journal], y, color))
    return lines


__all__ = ["Outcome", "Spec", "Study", "Turn", "conclude", "curves", "read"]
