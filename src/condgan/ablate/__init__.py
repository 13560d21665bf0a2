"""Ablations: a YAML spec, a run for every cell and seed, tables of means and paired differences, and curves.

table.md        tables, failures and curves
curves.png      accuracy over training, or losses if no judge scored the runs
ablation.json   the same tables as data, for `condgan report`
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from condgan import files
from condgan.ablate.results import ResultTable, Rows, differ, tables
from condgan.ablate.spec import Spec, read
from condgan.ablate.study import DONE, Study, Trial, TrialEvent
from condgan.config import Config
from condgan.curves import compare
from condgan.files import read_text
from condgan.plots import png
from condgan.scores import Scores

MEANS = "Mean over n seeds ± half the width of Student's 95 % interval (no interval for n = 1)."
DIFFERENCES = (
    "Differences are paired by seed. Each cell is compared with the cell that has the same settings except for the "
    "baseline's:"
)


@dataclass(frozen=True)
class Outcome:
    """The results of a study so far.

    `facts` describe how the runs were made. `failures` holds for each run that is not done the reason. `runs` holds for
    each cell the folders of the runs that were started, relative to the folder of the study.
    """

    title: str
    facts: Mapping[str, str]
    note: str
    tables: list[ResultTable]
    failures: Mapping[str, str]
    runs: Mapping[str, Sequence[str]]

    @property
    def markdown(self) -> str:
        """The results as Markdown."""
        facts = "\n".join(f"- {name}: {value}" for name, value in self.facts.items())
        failed = "\n".join(f"- {run}: {why}" for run, why in self.failures.items())
        parts = [f"# {self.title}", facts, self.note, *(table.markdown.rstrip() for table in self.tables)]
        parts += [f"## Not done\n\n{failed}"] if failed else []
        return "\n\n".join([*parts, "![curves of every cell](curves.png)"]) + "\n"


def conclude(study: Study) -> Outcome:
    """Returns the results of the finished runs, and writes tables and curves into the study's folder."""
    spec, folder = study.spec, study.folder
    done = [trial for trial in study.trials if trial.end == DONE]
    found: dict[str, dict[int, Rows]] = {cell.name: {} for cell in spec.cells}
    for trial in done:
        found[trial.cell.name][trial.seed] = Scores.read(trial.folder).rows
    baselines = {cell.name: spec.compared_with(cell).name for cell in spec.cells}
    outcome = Outcome(
        title=spec.title,
        facts=_facts(spec, done),
        note=_note(spec, baselines),
        tables=tables(found, baselines),
        failures={trial.name: trial.end for trial in study.trials if trial.end != DONE},
        runs={cell.name: [t.name for t in study.trials if t.cell == cell and t.folder.exists()] for cell in spec.cells},
    )
    figure = compare({cell: [folder / name for name in names] for cell, names in outcome.runs.items()})
    files.write(folder / "curves.png", png(figure))
    files.write_json(folder / "ablation.json", asdict(outcome))
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
        "scored by": f"{spec.judge or 'the embedded judge'}, {spec.draws} images per condition",
    }
    configs = [Config.parse(read_text(trial.folder / "run.json"), str(trial.folder / "run.json")) for trial in done]
    for name, values in {
        "commit": [config.versions.get("commit") or config.versions["condgan"] for config in configs],
        "precision": [config.precision for config in configs],
        "machine": [config.machine_name for config in configs],
    }.items():
        facts[name] = ", ".join(dict.fromkeys(values)) or "no run is done yet"
    return facts


__all__ = ["Outcome", "Spec", "Study", "TrialEvent", "conclude", "read"]
