"""Curves over training, from the logs of runs."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from math import nan
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from condgan.callbacks import ACCURACIES
from condgan.log import read_lines
from condgan.plots import Line, plot, smoothed
from condgan.scores import KID

Lines = Sequence[Mapping[str, Any]]  # lines of a log
NOT_CURVES = {"step", "kimg", "seconds", "images_per_second", "phase"}
ADVERSARIAL = {"D/real": "D on real", "D/fake": "D on fake", "G/fake": "G"}  # of games that have all three
ADVERSARIAL_TITLE = "Adversarial losses"
TITLES = {"D": "D loss by term", "G": "G loss by term"}
PROBABILITIES = "D(x) and D(G(z))"
ACCURACY_OF_D = "Accuracy of D's auxiliary head"
ACCURACY = "Accuracy over training"


def run_curves(log: Lines, scores: Lines) -> dict[str, list[Line]]:
    """Returns the curves of a run by title: losses, D(x) and D(G(z)), D's accuracies, accuracy and KID at saves.

    The adversarial losses of D and G are also together in one plot, as reports show them.
    """
    names = [name for name in dict.fromkeys(name for line in log for name in line) if name not in NOT_CURVES]
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(_title(name), []).append(name)
    panels = {
        title: _of_names(log, {name: name.partition("/")[2] or name for name in g}) for title, g in groups.items()
    }
    if ADVERSARIAL.keys() <= set(names):
        panels[ADVERSARIAL_TITLE] = _of_names(log, ADVERSARIAL)
    scored = {name for line in scores for name in line}
    if accuracies := [name for name in ACCURACIES if name in scored]:
        panels[ACCURACY] = [_curve(scores, name, i) for i, name in enumerate(accuracies)]
    if KID in scored:
        panels[f"{KID} over training"] = [_curve(scores, KID)]
    return panels


def window(log: Lines) -> int:
    """Returns the number of log lines over which losses are smoothed."""
    return max(1, len(log) // 25)


def compare(runs: Mapping[str, Sequence[Path]]) -> Figure:
    """Plots runs, one colour for each cell of a study: scores at saves, or total losses if there are no scores."""
    scores = {cell: [read_lines(folder / "scores.jsonl") for folder in folders] for cell, folders in runs.items()}
    scored = {name for logs in scores.values() for lines in logs for line in lines for name in line}
    if found := [name for name in (*ACCURACIES, KID) if name in scored]:
        return plot({name: _of_cells(scores, partial(_score, name)) for name in found})
    logs = {cell: [read_lines(folder / "log.jsonl") for folder in folders] for cell, folders in runs.items()}
    return plot({f"{network} loss": _of_cells(logs, partial(_total, network)) for network in TITLES})


def _score(name: str, line: Mapping[str, Any]) -> float:
    """A score in a line of scores.jsonl; nan if it is missing or was not finite."""
    return nan if line.get(name) is None else float(line[name])


def _total(network: str, line: Mapping[str, Any]) -> float:
    """The sum of a network's losses in a line of the log; nan if one was not finite."""
    return sum(nan if loss is None else loss for name, loss in line.items() if name.startswith(f"{network}/"))


def _title(name: str) -> str:
    if name.startswith("accuracy"):
        return ACCURACY_OF_D
    return TITLES.get(name.partition("/")[0], PROBABILITIES)


def _of_names(log: Lines, labels: Mapping[str, str]) -> list[Line]:
    lines, x = [], [line["kimg"] for line in log]
    for color, (name, label) in enumerate(labels.items()):
        y = [nan if line.get(name) is None else line[name] for line in log]
        lines += [Line("", x, y, color, pale=True)] if window(log) > 1 else []
        lines.append(Line(label, x, smoothed(y, window(log)), color))
    return lines


def _curve(scores: Lines, name: str, color: int = 0) -> Line:
    x, y = [line["kimg"] for line in scores], [_score(name, line) for line in scores]
    return Line(name.replace("_", " "), x, y, color)


def _of_cells(logs: Mapping[str, Sequence[Lines]], value: Callable[[Mapping[str, Any]], float]) -> list[Line]:
    lines = []
    for color, (cell, runs) in enumerate(logs.items()):
        for i, log in enumerate(runs):
            y = smoothed([value(line) for line in log], len(log) // 25)
            lines.append(Line(cell if i == 0 else "", [line["kimg"] for line in log], y, color))
    return lines
